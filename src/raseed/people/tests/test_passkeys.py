"""A passkey signs in its owner at this site, verified, once a challenge; nothing else does, and a session alone adds none."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, connections
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from raseed.kernel.clock import SYSTEM_CLOCK, ManualClock
from raseed.kernel.errors import RaseedError
from raseed.kernel.ids import new_id
from raseed.kernel.text import UnacceptableText
from raseed.people.api import (
    Author,
    Customer,
    NotPermitted,
    Passkey,
    PasskeyCopied,
    PasskeyRefused,
    PasskeyTaken,
    ProofNeeded,
    TooManyPasskeys,
    UnknownPasskey,
    customer,
    passkey_proof_options,
    passkey_registration_options,
    passkey_sign_in,
    passkey_sign_in_options,
    passkeys,
    prove_by_code,
    prove_by_passkey,
    register_passkey,
    rename_passkey,
    request_proof_code,
    revoke_passkey,
    sign_ins,
)
from raseed.people.forgetting import forget_expired
from raseed.people.keys.passkeys import PASSKEYS_MAX
from raseed.people.keys.webauthn import checked_assertion, checked_registration, credential_id_in, origin_allowed
from raseed.people.models import ChallengeRow, PasskeyRow, ProofRow
from raseed.people.sign_in.codes import PER_ADDRESS_REQUESTS
from raseed.people.sign_in.proofs import give_proof
from raseed.platform.api import SameIdOtherContent, TooManyRequests, audit_trail

from .authenticator import BACKED_UP, ELIGIBLE, PRESENT, VERIFIED, Authenticator, b64, unb64
from .office import an_author
from .world import MONA, a_customer, an_institution, latest_code, mona_of_nile


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(SYSTEM_CLOCK.now())


@pytest.fixture
def build() -> Callable[[], Customer]:
    return mona_of_nile


@pytest.fixture
def mona(built: Customer) -> Customer:
    return built


@pytest.fixture
def phone() -> Authenticator:
    return Authenticator()


def a_proof(of: Customer) -> str:
    return give_proof(of.id, "code", SYSTEM_CLOCK.now()).token


def registered(of: Customer, phone: Authenticator, **more: Any) -> Passkey:
    proof = a_proof(of)
    options = passkey_registration_options(of.id, proof=proof)
    said: dict[str, Any] = {"id": new_id(), "name": "My phone", "proof": proof, "response": phone.create(options)}
    return register_passkey(of.id, **{**said, **more})


def test_a_passkey_is_registered_after_a_code_and_signs_in_without_typing_anything(
    mona: Customer, phone: Authenticator
) -> None:
    request_proof_code(mona.id)
    proof = prove_by_code(mona.id, code=latest_code()).token
    options = json.loads(json.dumps(passkey_registration_options(mona.id, proof=proof)))
    passkey = register_passkey(mona.id, id=new_id(), response=phone.create(options), name="My phone", proof=proof)
    assert passkeys(mona.id) == [passkey]
    assert (passkey.name, passkey.transports, passkey.backed_up) == ("My phone", ("hybrid", "internal"), False)
    signed_in = passkey_sign_in(
        json.loads(json.dumps(phone.get(passkey_sign_in_options()))),
        client_address="41.36.7.9",
        device="Firefox, Android",
    )
    assert signed_in.customer == mona
    (kept,) = sign_ins(mona.id)
    assert (kept.how, kept.network, kept.device) == ("passkey", "41.36.0.0/16", "Firefox, Android")
    assert passkeys(mona.id)[0].last_used_at is not None


def test_the_options_ask_for_a_discoverable_credential_and_a_verified_person(
    mona: Customer, phone: Authenticator
) -> None:
    passkey = registered(mona, phone)
    options = passkey_registration_options(mona.id, proof=a_proof(mona))
    assert options["authenticatorSelection"] == {
        "residentKey": "required", "requireResidentKey": True, "userVerification": "required"
    }  # fmt: skip
    assert (options["attestation"], options["rp"]["id"]) == ("none", "localhost")
    assert unb64(options["user"]["id"]) == mona.id.bytes
    assert MONA[1:] not in json.dumps(options)
    assert [one["id"] for one in options["excludeCredentials"]] == [b64(phone.credentials[0].id)]
    asked = passkey_sign_in_options()
    assert (asked["userVerification"], asked["rpId"], asked["allowCredentials"]) == ("required", "localhost", [])
    assert passkey.customer_id == mona.id


def test_nothing_is_registered_without_a_fresh_proof(mona: Customer, phone: Authenticator, clock: ManualClock) -> None:
    huda = a_customer(an_institution("delta").id, phone="+201001234568")
    for proof in ("", "made-up", a_proof(huda), "x" * 10_000):
        with pytest.raises(ProofNeeded):
            passkey_registration_options(mona.id, proof=proof)
    old = a_proof(mona)
    clock.advance(timedelta(minutes=5, seconds=1))
    with pytest.raises(ProofNeeded):
        passkey_registration_options(mona.id, proof=old, clock=clock)
    good = a_proof(mona)
    response = phone.create(passkey_registration_options(mona.id, proof=good))
    with pytest.raises(ProofNeeded):
        register_passkey(mona.id, id=new_id(), response=response, name="x", proof=a_proof(huda))
    assert PasskeyRow.objects.count() == 0


def test_a_proof_registers_one_passkey(mona: Customer, phone: Authenticator) -> None:
    proof = a_proof(mona)
    first, second = (phone.create(passkey_registration_options(mona.id, proof=proof)) for _ in range(2))
    register_passkey(mona.id, id=new_id(), response=first, name="one", proof=proof)
    with pytest.raises(ProofNeeded):
        register_passkey(mona.id, id=new_id(), response=second, name="two", proof=proof)
    assert ProofRow.objects.count() == 0


def test_a_passkey_is_as_good_a_proof_as_a_code(mona: Customer, phone: Authenticator) -> None:
    registered(mona, phone)
    proof = prove_by_passkey(mona.id, response=phone.get(passkey_proof_options(mona.id)))
    assert proof.how == "passkey"
    registered(mona, Authenticator(), proof=proof.token)
    assert len(passkeys(mona.id)) == 2


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"origin": "https://evil.example"}, "another origin"),
        ({"origin": "https://localhost.evil.example"}, "an origin that begins like ours"),
        ({"origin": "https://sub.localhost"}, "a page of a sub-domain"),
        ({"origin": "ftp://localhost"}, "no page"),
        ({"origin": ""}, "none"),
        ({"rp_id": "evil.example"}, "made for another site"),
        ({"flags": PRESENT}, "the person was not verified"),
        ({"flags": VERIFIED}, "nobody was there"),
        ({"flags": PRESENT | VERIFIED | BACKED_UP}, "backed up but can't be"),
        ({"cross_origin": True}, "in a frame of another site"),
    ],
)
def test_what_another_site_or_an_unverified_person_makes_is_refused(
    mona: Customer, change: dict[str, Any], why: str
) -> None:
    good, bad = Authenticator(), Authenticator(**change)
    with pytest.raises(PasskeyRefused):
        registered(mona, bad)
    registered(mona, good)
    for name, value in change.items():
        setattr(good, name, value)
    with pytest.raises(PasskeyRefused):
        passkey_sign_in(good.get(passkey_sign_in_options()))
    assert (len(passkeys(mona.id)), sign_ins(mona.id)) == (1, [])


def test_an_algorithm_that_was_not_offered_is_refused(mona: Customer) -> None:
    with pytest.raises(PasskeyRefused):
        registered(mona, Authenticator(alg=-65535))
    with pytest.raises(PasskeyRefused):
        registered(mona, Authenticator(alg=-35))


def test_a_challenge_is_answered_once(mona: Customer, phone: Authenticator) -> None:
    registered(mona, phone)
    answer = phone.get(passkey_sign_in_options())
    passkey_sign_in(answer)
    with pytest.raises(PasskeyRefused):
        passkey_sign_in(answer)
    assert len(sign_ins(mona.id)) == 1
    assert ChallengeRow.objects.count() == 0


def test_a_failed_answer_uses_its_challenge_up(mona: Customer, phone: Authenticator) -> None:
    registered(mona, phone)
    options = passkey_sign_in_options()
    with pytest.raises(PasskeyRefused):
        passkey_sign_in(phone.get(options, signature=b64(b"\x30\x06\x02\x01\x01\x02\x01\x01")))
    with pytest.raises(PasskeyRefused):
        passkey_sign_in(phone.get(options))


def test_of_many_answers_to_one_challenge_at_the_same_instant_one_signs_in(
    mona: Customer, phone: Authenticator
) -> None:
    registered(mona, phone)
    answer = phone.get(passkey_sign_in_options())

    def sign_in(_: int) -> str:
        try:
            passkey_sign_in(answer)
        except RaseedError as error:
            return error.code
        finally:
            connections.close_all()
        return "signed in"

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(sign_in, range(6))) == ["passkey_refused"] * 5 + ["signed in"]


def test_a_challenge_is_too_old_after_five_minutes(mona: Customer, phone: Authenticator, clock: ManualClock) -> None:
    registered(mona, phone)
    options = passkey_sign_in_options(clock=clock)
    clock.advance(timedelta(minutes=5, seconds=1))
    with pytest.raises(PasskeyRefused):
        passkey_sign_in(phone.get(options), clock=clock)


def test_a_challenge_is_for_one_purpose_and_one_person(mona: Customer, phone: Authenticator) -> None:
    huda = a_customer(an_institution("delta").id, phone="+201001234568")
    registered(mona, phone)
    hudas = Authenticator()
    registered(huda, hudas)
    with pytest.raises(PasskeyRefused):
        passkey_sign_in(phone.get(passkey_proof_options(mona.id)))
    with pytest.raises(PasskeyRefused):
        prove_by_passkey(mona.id, response=phone.get(passkey_sign_in_options()))
    with pytest.raises(PasskeyRefused):
        prove_by_passkey(huda.id, response=phone.get(passkey_proof_options(mona.id)))
    with pytest.raises(PasskeyRefused):
        registered(mona, Authenticator(), response=Authenticator().create(
            passkey_registration_options(huda.id, proof=a_proof(huda))))  # fmt: skip
    own = {**passkey_proof_options(mona.id), "allowCredentials": []}
    with pytest.raises(PasskeyRefused):
        prove_by_passkey(mona.id, response=hudas.get(own))


def test_a_challenge_of_ones_own_making_is_none(mona: Customer, phone: Authenticator) -> None:
    registered(mona, phone)
    with pytest.raises(PasskeyRefused):
        passkey_sign_in(phone.get({**passkey_sign_in_options(), "challenge": b64(bytes(32))}))


def test_a_passkey_says_whose_it_is_and_is_believed_only_if_it_is_theirs(mona: Customer, phone: Authenticator) -> None:
    huda = a_customer(an_institution("delta").id, phone="+201001234568")
    registered(mona, phone)
    with pytest.raises(PasskeyRefused):
        passkey_sign_in(phone.get(passkey_sign_in_options(), userHandle=b64(huda.id.bytes)))
    with pytest.raises(PasskeyRefused):
        passkey_sign_in(phone.get(passkey_sign_in_options(), userHandle=None))
    assert (
        prove_by_passkey(mona.id, response=phone.get(passkey_proof_options(mona.id), userHandle=None)).how == "passkey"
    )


def test_one_passkey_does_not_answer_in_the_name_of_another(mona: Customer, phone: Authenticator) -> None:
    huda = a_customer(an_institution("delta").id, phone="+201001234568")
    hudas = Authenticator()
    registered(mona, phone)
    registered(huda, hudas)
    answer = hudas.get(passkey_sign_in_options(), userHandle=b64(mona.id.bytes))
    answer["id"] = answer["rawId"] = b64(phone.credentials[0].id)
    with pytest.raises(PasskeyRefused):
        passkey_sign_in(answer)


def test_an_unknown_passkey_is_refused(mona: Customer, phone: Authenticator) -> None:
    phone.create({"rp": {"id": "localhost"}, "user": {"id": b64(mona.id.bytes)}, "challenge": b64(bytes(32))})
    with pytest.raises(PasskeyRefused):
        passkey_sign_in(phone.get(passkey_sign_in_options()))


def test_a_copied_passkey_is_noticed_by_its_counter_and_removed(mona: Customer, phone: Authenticator) -> None:
    passkey = registered(mona, phone)
    copy = deepcopy_of(phone)
    passkey_sign_in(phone.get(passkey_sign_in_options()))
    passkey_sign_in(phone.get(passkey_sign_in_options()))
    with pytest.raises(PasskeyCopied):
        passkey_sign_in(copy.get(passkey_sign_in_options()))
    assert passkeys(mona.id) == []
    with pytest.raises(PasskeyRefused):
        passkey_sign_in(phone.get(passkey_sign_in_options()))
    noticed = audit_trail(f"customer:{mona.id}")[0]
    assert (noticed.action, noticed.actor) == ("people.passkey_copied", "system")
    assert noticed.after is not None
    assert noticed.after["passkey"] == str(passkey.id)


def deepcopy_of(phone: Authenticator) -> Authenticator:
    """Return a copy that signs with the same keys and counts on its own."""
    kept = [one.key for one in phone.credentials]
    for one in phone.credentials:
        one.key = None  # type: ignore[assignment]
    copy = deepcopy(phone)
    for mine, copied, key in zip(phone.credentials, copy.credentials, kept, strict=True):
        mine.key = copied.key = key
    return copy


def test_an_authenticator_without_a_counter_signs_in_again_and_again(mona: Customer) -> None:
    phone = Authenticator(step=0, flags=PRESENT | VERIFIED | ELIGIBLE)
    registered(mona, phone)
    for _ in range(3):
        passkey_sign_in(phone.get(passkey_sign_in_options()))


def test_whether_a_passkey_is_backed_up_is_kept_and_whether_it_can_be_does_not_change(mona: Customer) -> None:
    phone = Authenticator(flags=PRESENT | VERIFIED | ELIGIBLE)
    assert not registered(mona, phone).backed_up
    phone.flags |= BACKED_UP
    passkey_sign_in(phone.get(passkey_sign_in_options()))
    assert passkeys(mona.id)[0].backed_up
    phone.flags = PRESENT | VERIFIED
    with pytest.raises(PasskeyRefused):
        passkey_sign_in(phone.get(passkey_sign_in_options()))


def test_a_passkey_is_registered_once(mona: Customer, phone: Authenticator) -> None:
    huda = a_customer(an_institution("delta").id, phone="+201001234568")
    passkey = registered(mona, phone)
    thief = Authenticator()
    options = passkey_registration_options(huda.id, proof=(proof := a_proof(huda)))
    answer = thief.create(options)
    row = PasskeyRow.objects.get()
    stolen = answer["response"]["attestationObject"]
    thiefs = unb64(stolen).replace(thief.credentials[0].id, bytes(row.credential_id))
    answer["response"]["attestationObject"] = b64(thiefs)
    answer["id"] = answer["rawId"] = b64(bytes(row.credential_id))
    with pytest.raises(PasskeyTaken):
        register_passkey(huda.id, id=new_id(), response=answer, name="x", proof=proof)
    with pytest.raises(SameIdOtherContent):
        registered(mona, Authenticator(), id=passkey.id)


def test_no_more_than_so_many(mona: Customer) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO people_passkey (id, credential_id, customer_id, name, public_key, aaguid, sign_count,
                   backup_eligible, backed_up, transports, registered_at, revoked_by)
               SELECT gen_random_uuid(), sha256(n::text::bytea), %s, 'x', '', gen_random_uuid(), 0, false, false, '{}', now(), ''
               FROM generate_series(1, %s) AS n""",
            [mona.id, PASSKEYS_MAX],
        )
    with pytest.raises(TooManyPasskeys):
        passkey_registration_options(mona.id, proof=a_proof(mona))


def test_a_passkey_is_renamed_and_removed_by_its_owner_alone(mona: Customer, phone: Authenticator) -> None:
    nile = an_institution("delta").id
    huda = a_customer(nile, phone="+201001234568")
    passkey = registered(mona, phone)
    assert rename_passkey(mona.id, passkey.id, name="هاتفي").name == "هاتفي"
    with pytest.raises(UnacceptableText):
        rename_passkey(mona.id, passkey.id, name="a\u202eb")
    with pytest.raises(UnknownPasskey):
        rename_passkey(huda.id, passkey.id, name="mine")
    with pytest.raises(UnknownPasskey):
        revoke_passkey(huda.id, passkey.id, by=Author(f"customer:{huda.id}"))
    with pytest.raises(NotPermitted):
        revoke_passkey(mona.id, passkey.id, by=an_author(nile, "people.customers.edit"))
    revoke_passkey(mona.id, passkey.id, by=Author(f"customer:{mona.id}"))
    assert passkeys(mona.id) == []
    with pytest.raises(PasskeyRefused):
        passkey_sign_in(phone.get(passkey_sign_in_options()))
    with pytest.raises(UnknownPasskey):
        revoke_passkey(mona.id, passkey.id, by=Author(f"customer:{mona.id}"))
    with pytest.raises(UnknownPasskey):
        passkey_proof_options(mona.id)


def test_the_database_lets_a_counter_only_grow_and_keeps_what_was_removed(mona: Customer, phone: Authenticator) -> None:
    registered(mona, phone)
    passkey_sign_in(phone.get(passkey_sign_in_options()))
    for statement, words in (
        ("UPDATE people_passkey SET sign_count = 0", "never goes back"),
        ("UPDATE people_passkey SET public_key = ''", "may be changed"),
        ("UPDATE people_passkey SET customer_id = gen_random_uuid()", "may be changed"),
        ("DELETE FROM people_passkey", "stays"),
        ("TRUNCATE people_passkey", "stays|permission|denied"),
    ):
        with pytest.raises(DatabaseError, match=words), connection.cursor() as cursor:
            cursor.execute(statement)


def test_asking_is_limited_by_address(mona: Customer) -> None:
    for _ in range(PER_ADDRESS_REQUESTS.count):
        passkey_sign_in_options(client_address="192.0.2.1")
    with pytest.raises(TooManyRequests):
        passkey_sign_in_options(client_address="192.0.2.1")
    passkey_sign_in_options(client_address="192.0.2.2")


def test_what_is_over_is_forgotten(mona: Customer) -> None:
    past = ManualClock(SYSTEM_CLOCK.now() - timedelta(hours=1))
    passkey_sign_in_options(clock=past)
    give_proof(mona.id, "code", past.now())
    passkey_sign_in_options()
    a_proof(mona)
    forget_expired(0)
    assert (ChallengeRow.objects.count(), ProofRow.objects.count()) == (1, 1)


@pytest.mark.parametrize(
    ("domain", "origins", "origin", "allowed"),
    [
        ("localhost", (), "http://localhost:8000", True),
        ("localhost", (), "https://localhost", True),
        ("pay.example", (), "https://pay.example", True),
        ("pay.example", (), "https://pay.example:8443", True),
        ("pay.example", (), "http://pay.example", False),
        ("pay.example", (), "https://evil.pay.example", False),
        ("pay.example", (), "https://pay.example.evil", False),
        ("pay.example", (), "https://user@pay.example", True),
        ("pay.example", ("https://app.pay.example",), "https://app.pay.example", True),
        ("pay.example", ("https://app.pay.example",), "https://pay.example", False),
        ("pay.example", (), "https://[", False),
    ],
)
def test_only_our_own_pages_use_passkeys(domain: str, origins: tuple[str, ...], origin: str, *, allowed: bool) -> None:
    with override_settings(PASSKEY_DOMAIN=domain, PASSKEY_ORIGINS=origins):
        try:
            assert origin_allowed(origin) is allowed
        except ValueError:
            assert not allowed


NONSENSE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.binary(max_size=60).map(b64),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)
PLACES = st.sampled_from(["id", "rawId", "type", "response", "clientDataJSON", "attestationObject", "authenticatorData",
                          "signature", "userHandle", "transports", "clientExtensionResults"])  # fmt: skip


@given(st.booleans(), st.lists(st.tuples(PLACES, NONSENSE), min_size=1, max_size=3))
def test_a_bent_answer_is_one_refusal(registering: int, bends: list[tuple[str, Any]]) -> None:
    phone = Authenticator()
    options = {"rp": {"id": "localhost"}, "user": {"id": b64(bytes(16))}, "challenge": b64(bytes(32)), "rpId": "localhost",
               "allowCredentials": []}  # fmt: skip
    answer = phone.create(options)
    if not registering:
        answer = phone.get(options)
    for place, nonsense in bends:
        inside = answer["response"] if isinstance(answer.get("response"), dict) else answer
        (inside if place in inside else answer)[place] = nonsense
    with contextlib.suppress(PasskeyRefused):  # any other error fails the test
        credential_id_in(answer)
        if registering:
            checked_registration(answer, bytes(32))
        else:
            checked_assertion(answer, bytes(32), b"\xa1\x01", user_id=bytes(16), discovered=True)


@given(st.binary(max_size=300))
def test_any_bytes_for_an_attestation_are_refused(nonsense: bytes) -> None:
    phone = Authenticator()
    answer = phone.create({"rp": {"id": "localhost"}, "user": {"id": b64(bytes(16))}, "challenge": b64(bytes(32))})
    answer["response"]["attestationObject"] = b64(nonsense)
    with pytest.raises(PasskeyRefused):
        checked_registration(answer, bytes(32))


def test_an_answer_has_a_length(mona: Customer, phone: Authenticator) -> None:
    answer = phone.create(passkey_registration_options(mona.id, proof=a_proof(mona)))
    answer["more"] = "x" * 70_000
    with pytest.raises(PasskeyRefused):
        register_passkey(mona.id, id=new_id(), response=answer, name="x", proof=a_proof(mona))
    assert customer(mona.id) == mona
