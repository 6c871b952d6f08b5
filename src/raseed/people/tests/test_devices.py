"""What a person's device signed is known by its key; nobody else's key, and no removed one, speaks for them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.db import DatabaseError, connection, connections
from hypothesis import given
from hypothesis import strategies as st

from raseed.kernel.clock import SYSTEM_CLOCK, ManualClock
from raseed.kernel.errors import RaseedError
from raseed.kernel.ids import new_id
from raseed.kernel.text import UnacceptableText
from raseed.people.api import (
    Author,
    Customer,
    DeviceKey,
    DeviceKeyTaken,
    DeviceSignatureRefused,
    InvalidDeviceKey,
    NotPermitted,
    ProofNeeded,
    TooManyDeviceKeys,
    UnknownDeviceKey,
    device_keys,
    enrol_device_key,
    enrolment_message,
    rename_device_key,
    revoke_device_key,
    verify_device_signature,
)
from raseed.people.keys.devices import DEVICE_KEYS_MAX, _signed
from raseed.people.sign_in.proofs import give_proof
from raseed.platform.api import SameIdOtherContent, audit_trail

from .office import an_author
from .world import a_customer, an_institution, mona_of_nile

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class Device:
    """A browser's WebCrypto: a P-256 key, and signatures as r and s, 32 bytes each."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())

    @property
    def spki(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, message: bytes) -> bytes:
        r, s = decode_dss_signature(self.key.sign(message, ec.ECDSA(SHA256())))
        return r.to_bytes(32) + s.to_bytes(32)


@pytest.fixture
def build() -> Callable[[], Customer]:
    return mona_of_nile


@pytest.fixture
def mona(built: Customer) -> Customer:
    return built


def a_proof(of: Customer) -> str:
    return give_proof(of.id, "code", SYSTEM_CLOCK.now()).token


def enrolled(of: Customer, device: Device, **more: Any) -> DeviceKey:
    key_id: UUID = more.pop("id", None) or new_id()
    proof = more.pop("proof", None) or a_proof(of)
    said = {"name": "My phone", "public_key": device.spki, "signature": device.sign(enrolment_message(key_id, proof))}
    return enrol_device_key(of.id, id=key_id, proof=proof, **{**said, **more})


def test_an_enrolled_device_signs_for_its_owner(mona: Customer) -> None:
    device = Device()
    key = enrolled(mona, device)
    assert (key.customer_id, key.proven_by, key.public_key) == (mona.id, "code", device.spki)
    assert device_keys(mona.id) == [key]
    for message in (b"", b"send 5.00", bytes(range(256)) * 100):
        assert verify_device_signature(key.id, message=message, signature=device.sign(message)).customer_id == mona.id


def test_a_signature_over_other_bytes_or_by_another_key_is_refused(mona: Customer) -> None:
    device, other = Device(), Device()
    key = enrolled(mona, device)
    good = device.sign(b"send 5.00")
    for message, signature in (
        (b"send 50.00", good), (b"send 5.00", other.sign(b"send 5.00")), (b"send 5.00", good[:-1]), (b"send 5.00", good + b"\0"),
        (b"send 5.00", b""), (b"send 5.00", bytes(64)), (b"send 5.00", b"\xff" * 64), (b"send 5.00", good[32:] + good[:32]),
        (b"send 5.00", P256_ORDER.to_bytes(32) + good[32:]),
        (b"send 5.00", device.key.sign(b"send 5.00", ec.ECDSA(SHA256()))),
    ):  # fmt: skip
        with pytest.raises(DeviceSignatureRefused):
            verify_device_signature(key.id, message=message, signature=signature)
    with pytest.raises(DeviceSignatureRefused):
        verify_device_signature(new_id(), message=b"send 5.00", signature=good)


@given(st.binary(max_size=80), st.binary(max_size=66))
def test_no_made_up_signature_is_a_devices(message: bytes, signature: bytes) -> None:
    assert not _signed(KEY, message, signature)


KEY = ec.generate_private_key(ec.SECP256R1()).public_key()


def spki_of(key: Any) -> bytes:
    return bytes(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


UNFIT: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "nonsense": lambda: b"nonsense",
    "P-384": lambda: spki_of(ec.generate_private_key(ec.SECP384R1()).public_key()),
    "secp256k1": lambda: spki_of(ec.generate_private_key(ec.SECP256K1()).public_key()),
    "Ed25519": lambda: spki_of(ed25519.Ed25519PrivateKey.generate().public_key()),
    "RSA": lambda: spki_of(rsa.generate_private_key(65537, 2048).public_key()),
    "cut": lambda: Device().spki[:-1],
    "longer": lambda: Device().spki + b"\0",
    "endless": lambda: b"\x30" * 10_000,
    "no point of the curve": lambda: Device().spki[:-64] + bytes(64),
}


@pytest.mark.parametrize("kind", UNFIT)
def test_only_a_p256_key_is_enrolled(mona: Customer, kind: str) -> None:
    with pytest.raises(InvalidDeviceKey):
        enrolled(mona, Device(), public_key=UNFIT[kind]())
    assert device_keys(mona.id) == []


def test_a_key_is_enrolled_by_itself_and_with_a_fresh_proof_alone(mona: Customer) -> None:
    device, huda = Device(), a_customer(an_institution("delta").id, phone="+201001234568")
    with pytest.raises(InvalidDeviceKey):
        enrolled(mona, device, signature=Device().sign(b"x"))
    key_id, proof = new_id(), a_proof(mona)
    with pytest.raises(InvalidDeviceKey):
        enrolled(mona, device, id=key_id, proof=proof, signature=device.sign(enrolment_message(new_id(), proof)))
    with pytest.raises(ProofNeeded):
        enrolled(mona, device, proof=a_proof(huda))
    enrolled(mona, device, id=key_id, proof=proof)
    with pytest.raises(ProofNeeded):
        enrolled(mona, Device(), proof=proof)
    with pytest.raises(UnacceptableText):
        enrolled(mona, Device(), name="a\u200bb")


def test_the_same_enrolment_again_is_the_same_and_a_key_is_one_persons_for_ever(mona: Customer) -> None:
    device, huda = Device(), a_customer(an_institution("delta").id, phone="+201001234568")
    key = enrolled(mona, device)
    assert enrolled(mona, device, id=key.id, proof="used up") == key
    with pytest.raises(SameIdOtherContent):
        enrolled(mona, Device(), id=key.id)
    with pytest.raises(DeviceKeyTaken):
        enrolled(huda, device)
    revoke_device_key(mona.id, key.id, by=Author(f"customer:{mona.id}"))
    with pytest.raises(DeviceKeyTaken):
        enrolled(mona, device)


def test_of_two_who_enrol_one_key_at_the_same_instant_one_does(mona: Customer) -> None:
    device, huda = Device(), a_customer(an_institution("delta").id, phone="+201001234568")

    def enrol(one: Customer) -> str:
        try:
            enrolled(one, device)
        except RaseedError as error:
            return error.code
        finally:
            connections.close_all()
        return "enrolled"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(enrol, (mona, huda))) == ["device_key_taken", "enrolled"]


def test_a_removed_device_signs_no_more(mona: Customer) -> None:
    nile, device = an_institution("delta").id, Device()
    key = enrolled(mona, device)
    for stranger in (Author(f"customer:{new_id()}"), an_author(nile, "people.customers.edit")):
        with pytest.raises(NotPermitted):
            revoke_device_key(mona.id, key.id, by=stranger)
    assert rename_device_key(mona.id, key.id, name="هاتف").name == "هاتف"
    revoke_device_key(mona.id, key.id, by=Author(f"customer:{mona.id}"))
    assert device_keys(mona.id) == []
    with pytest.raises(DeviceSignatureRefused):
        verify_device_signature(key.id, message=b"x", signature=device.sign(b"x"))
    with pytest.raises(UnknownDeviceKey):
        rename_device_key(mona.id, key.id, name="again")
    assert [one.action for one in audit_trail(f"customer:{mona.id}")][:2] == [
        "people.device_key_revoked",
        "people.device_key_enrolled",
    ]


def test_the_last_use_is_kept_coarsely(mona: Customer) -> None:
    device, clock = Device(), ManualClock(SYSTEM_CLOCK.now())
    key = enrolled(mona, device)
    first = clock.now()
    for wait, seen in ((0, first), (4, first), (2, first + timedelta(minutes=6))):
        clock.advance(timedelta(minutes=wait))
        verify_device_signature(key.id, message=b"x", signature=device.sign(b"x"), clock=clock)
        assert device_keys(mona.id)[0].last_used_at == seen


def test_no_more_than_so_many_devices(mona: Customer) -> None:
    for _ in range(DEVICE_KEYS_MAX):
        enrolled(mona, Device())
    with pytest.raises(TooManyDeviceKeys):
        enrolled(mona, Device())


@pytest.mark.parametrize(
    "statement",
    ["UPDATE people_device_key SET public_key = 'x'", "UPDATE people_device_key SET customer_id = gen_random_uuid()",
     "DELETE FROM people_device_key", "UPDATE people_device_key SET revoked_at = now()"],
)  # fmt: skip
def test_the_database_keeps_a_key_as_it_was_enrolled(mona: Customer, statement: str) -> None:
    enrolled(mona, Device())
    with pytest.raises(DatabaseError), connection.cursor() as cursor:
        cursor.execute(statement)
