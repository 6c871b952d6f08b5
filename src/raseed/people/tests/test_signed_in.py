"""A customer sees when and coarsely from where they signed in, ends every session at once, and proves anew who they are."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from raseed.kernel.clock import SYSTEM_CLOCK, ManualClock
from raseed.kernel.ids import new_id
from raseed.people.api import (
    SYSTEM,
    Author,
    CodeExpired,
    Customer,
    Institution,
    MixedScripts,
    NotPermitted,
    ProofNeeded,
    StrangeCharacter,
    TooManyTries,
    UnknownCustomer,
    WrongCode,
    customer,
    prove_by_code,
    rename_customer,
    request_code,
    request_proof_code,
    sign_in_by_code,
    sign_ins,
    sign_out_everywhere,
)
from raseed.people.forgetting import forget_expired
from raseed.people.models import SignedInRow
from raseed.people.sign_in.proofs import check_proof, use_proof
from raseed.people.sign_in.signed_in import KEPT
from raseed.platform.api import audit_trail
from raseed.platform.models import AuditRow

from .office import an_author
from .world import MONA, a_customer, latest_code


@pytest.fixture
def nile(built: Institution) -> UUID:
    return built.id


@pytest.fixture
def mona(nile: UUID) -> Customer:
    return a_customer(nile)


def signed_in(**more: Any) -> Any:
    request_code(phone=MONA)
    return sign_in_by_code(phone=MONA, code=latest_code(), **more)


@pytest.mark.parametrize(
    ("address", "network"),
    [("41.36.7.9", "41.36.0.0/16"), ("::ffff:41.36.7.9", "41.36.0.0/16"), ("2001:db8:1:2::3", "2001:db8::/32"), ("nonsense", ""),
     (None, ""), ("", "")],
)  # fmt: skip
def test_where_from_is_kept_coarsely(mona: Customer, address: str | None, network: str) -> None:
    signed_in(client_address=address, device="Firefox, Android")
    (kept,) = sign_ins(mona.id)
    assert (kept.how, kept.network, kept.device) == ("code", network, "Firefox, Android")


def test_what_a_page_says_of_the_device_hides_nothing(mona: Customer) -> None:
    for device, kept in (("Fire\u202efox", ""), ("x" * 200, "x" * 60), ("  a  b ", "a b")):
        signed_in(device=device)
        assert sign_ins(mona.id)[0].device == kept


def test_sign_ins_are_listed_newest_first_and_forgotten_after_a_year(mona: Customer) -> None:
    now = SYSTEM_CLOCK.now()
    for days in (500, 2, 1):
        clock = ManualClock(now - timedelta(days=days))
        request_code(phone=MONA, clock=clock)
        sign_in_by_code(phone=MONA, code=latest_code(), clock=clock)
    assert [one.at for one in sign_ins(mona.id)] == [now - timedelta(days=days) for days in (1, 2, 500)]
    assert len(sign_ins(mona.id, limit=1)) == 1
    forget_expired(0)
    assert SignedInRow.objects.count() == 2
    assert all(one.at > now - KEPT for one in sign_ins(mona.id))
    assert sign_ins(new_id()) == []


def test_signing_out_everywhere_begins_a_new_epoch_and_ends_proofs(nile: UUID, mona: Customer) -> None:
    inside = signed_in()
    assert (inside.customer.session_epoch, customer(mona.id).session_epoch) == (0, 0)
    assert sign_out_everywhere(mona.id, by=Author(f"customer:{mona.id}")) == 1
    assert customer(mona.id).session_epoch == 1
    with pytest.raises(ProofNeeded):
        check_proof(mona.id, inside.proof.token, SYSTEM_CLOCK.now())
    assert signed_in().customer.session_epoch == 1
    clerk = an_author(nile, "people.customers.edit")
    assert sign_out_everywhere(mona.id, by=clerk, reason="phone stolen") == 2
    told = audit_trail(f"customer:{mona.id}")[0]
    assert (told.action, told.actor, told.reason) == ("people.sessions_ended", clerk.actor, "phone stolen")
    for by in (Author(f"customer:{new_id()}"), an_author(nile, "people.customers.view")):
        with pytest.raises(NotPermitted):
            sign_out_everywhere(mona.id, by=by)
    with pytest.raises(UnknownCustomer):
        sign_out_everywhere(new_id(), by=SYSTEM)


def test_a_code_proves_who_one_is_once_and_for_minutes(mona: Customer) -> None:
    clock = ManualClock(SYSTEM_CLOCK.now())
    request_proof_code(mona.id, clock=clock)
    with pytest.raises(WrongCode):
        prove_by_code(mona.id, code=f"{(int(latest_code()) + 1) % 10**6:06}", clock=clock)
    proof = prove_by_code(mona.id, code=latest_code(), clock=clock)
    assert (proof.how, check_proof(mona.id, proof.token, clock.now())) == ("code", "code")
    with pytest.raises(CodeExpired):
        prove_by_code(mona.id, code=latest_code(), clock=clock)
    assert use_proof(mona.id, proof.token, clock.now()) == "code"
    with pytest.raises(ProofNeeded):
        use_proof(mona.id, proof.token, clock.now())
    assert sign_ins(mona.id) == []


def test_wrong_codes_for_a_proof_lock_the_number_like_any(mona: Customer) -> None:
    request_proof_code(mona.id)
    wrong = f"{(int(latest_code()) + 1) % 10**6:06}"
    for _ in range(4):
        with pytest.raises(WrongCode):
            prove_by_code(mona.id, code=wrong)
    with pytest.raises(TooManyTries):
        prove_by_code(mona.id, code=wrong)
    with pytest.raises(TooManyTries):
        request_code(phone=MONA)


def test_staff_rename_a_customer_and_the_trail_says_in_which_languages(nile: UUID, mona: Customer) -> None:
    clerk = an_author(nile, "people.customers.edit")
    renamed = rename_customer(
        mona.id, names={"ar": "ليلى حسن", "he": "לילה חסן"}, by=clerk, reason="as on her identity card"
    )
    assert renamed == customer(mona.id)
    assert dict(renamed.names) == {"ar": "ليلى حسن", "he": "לילה חסן"}
    told = audit_trail(f"customer:{mona.id}")[0]
    assert (told.action, told.actor, told.reason, told.institution_id) == (
        "people.customer_renamed", clerk.actor, "as on her identity card", nile
    )  # fmt: skip
    assert told.before == {"languages": ["ar", "en"]}
    assert told.after == {"languages": ["ar", "he"], "changed": ["ar", "en", "he"]}
    assert not [name for name in ("ليلى", "منى", "Mona", "לילה") if name in str(list(AuditRow.objects.values()))]
    count = AuditRow.objects.count()
    rename_customer(mona.id, names=renamed.names, by=clerk, reason="once more")
    assert AuditRow.objects.count() == count


def test_a_name_that_deceives_is_refused_and_the_old_one_stays(nile: UUID, mona: Customer) -> None:
    clerk = an_author(nile, "people.customers.edit")
    for names, refusal in (({"en": "Mоna"}, StrangeCharacter), ({"ar": "منىa"}, MixedScripts)):
        with pytest.raises(refusal) as refused:
            rename_customer(mona.id, names=names, by=clerk, reason="as on the card")
        assert refused.value.field == f"names.{next(iter(names))}"
    for by in (
        an_author(nile, "people.customers.view"),
        an_author(new_id(), "people.customers.edit"),
        Author(f"customer:{mona.id}"),
    ):
        with pytest.raises(NotPermitted):
            rename_customer(mona.id, names={"ar": "ليلى"}, by=by, reason="as on the card")
    with pytest.raises(UnknownCustomer):
        rename_customer(new_id(), names={"ar": "ليلى"}, by=SYSTEM, reason="as on the card")
    assert customer(mona.id) == mona
