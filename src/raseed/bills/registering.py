"""The verbs of staff on billers: register, describe their fields, give them keys and pictures, suspend and resume."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction

from raseed.banking import api as banking
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.money import Money, currency
from raseed.kernel.text import clean_text
from raseed.people import api as people
from raseed.platform import api as platform

from . import events
from .adapters import signing
from .adapters.transport import target_of
from .domain import AdapterKind, Biller, BillerModel, BillerState, Category
from .errors import BillerDiffers, BillerUnknown, InvalidBiller, InvalidPublicKey
from .fields import LANGUAGES, Field, checked_fields
from .logos import safe_logo
from .models import BillerKeyRow, BillerRow, LogoRow
from .permissions import EDIT_BILLERS, SUSPEND_BILLERS
from .queries import biller, billers
from .rows import field_kept

ADDRESS_LENGTH_MAX: Final = 500
KEY_BYTES: Final = 32
_CODE: Final = re.compile(r"[a-z][a-z0-9-]{1,39}\Z")
_KEY_ID: Final = re.compile(r"[A-Za-z0-9_.:-]{1,60}\Z")
_COLLECTION_NAMES: Final = {"ar": "حساب تحصيل", "he": "חשבון גבייה", "en": "Collection account"}


@dataclass(frozen=True, slots=True)
class NewBiller:
    """A biller to be registered: as ``Biller``, without what registering finds out.

    ``public_keys`` are the biller's, by id: base64 of 32 bytes (Ed25519).
    """

    id: UUID
    institution_id: UUID
    customer_id: UUID
    code: str
    category: Category
    names: Mapping[str, str]
    model: BillerModel
    adapter: AdapterKind
    fields: Sequence[Field]
    address: str = ""
    currency_code: str | None = None
    least: Money | None = None
    most: Money | None = None
    public_keys: Mapping[str, str] = attribute(default_factory=dict)


def register_biller(new: NewBiller, *, by: people.Author, reason: str, clock: Clock = SYSTEM_CLOCK) -> Biller:
    """Register a biller and open its collection account. The same id with the same content: the first answer.

    Raises:
        NotPermitted: ``by`` lacks ``bills.billers.edit``. UnacceptableText: no reason, or a name.
        InvalidBiller, InvalidFields, InvalidPublicKey: what does not hold together.
        BillerDiffers: the id or the code is another's.
        banking's InstitutionNotSetUp, people's UnknownCustomer.
    """
    people.require(by, EDIT_BILLERS, new.institution_id)
    said = people.clean_reason(reason)
    row = _row(new, clock)
    keys = {_checked_key_id(key_id): checked_public_key(text) for key_id, text in new.public_keys.items()}
    there = BillerRow.objects.filter(id=new.id).first()
    if there is not None:
        return _same(there, row)
    try:
        with transaction.atomic():
            account = _collection_account(new, clock)
            row.collection_account_id, row.currency = account.id, account.currency.code
            row.account_number = account.alias(banking.AliasKind.NUMBER) or ""
            row.save(force_insert=True)
            for key_id, raw in keys.items():
                BillerKeyRow.objects.create(biller=row, key_id=key_id, public_key=raw, valid_from=clock.now())
            _record(row, "bills.biller_registered", by, said, clock, after=_facts(row, keys))
            platform.emit(
                events.BILLER_REGISTERED, {"biller_id": str(row.id)}, institution_id=row.institution_id, clock=clock
            )
    except IntegrityError as error:
        there = BillerRow.objects.filter(id=new.id).first()
        if there is not None:
            return _same(there, row)
        raise BillerDiffers(field="code") from error
    return biller(new.id)


def set_biller_fields(
    biller_id: UUID, fields: Sequence[Field], *, by: people.Author, reason: str, clock: Clock = SYSTEM_CLOCK
) -> Biller:
    """Describe anew what a biller asks its customers to type. Bills keep the references that they have.

    Raises:
        NotPermitted, UnacceptableText, BillerUnknown, InvalidFields.
    """
    said, described = _permitted(biller_id, EDIT_BILLERS, by, reason), checked_fields(fields)
    with transaction.atomic():
        row = _locked(biller_id)
        before = [kept["code"] for kept in row.fields]
        row.fields = [field_kept(each) for each in described]
        row.save(update_fields=["fields"])
        after = [each.code for each in described]
        _record(row, "bills.biller_fields_set", by, said, clock, before={"fields": before}, after={"fields": after})
    return biller(biller_id)


def set_biller_address(
    biller_id: UUID, address: str, *, by: people.Author, reason: str, clock: Clock = SYSTEM_CLOCK
) -> Biller:
    """Say anew where a biller's HTTP adapter is.

    Raises:
        NotPermitted, UnacceptableText, BillerUnknown; InvalidBiller: no address, or a biller of files.
    """
    said = _permitted(biller_id, EDIT_BILLERS, by, reason)
    with transaction.atomic():
        row = _locked(biller_id)
        if row.adapter != AdapterKind.HTTP.value:
            raise InvalidBiller(field="address")
        before, row.address = row.address, _checked_address(AdapterKind.HTTP, address)
        row.save(update_fields=["address"])
        _record(row, "bills.biller_moved", by, said, clock, before={"address": before}, after={"address": row.address})
    return biller(biller_id)


def suspend_biller(biller_id: UUID, *, by: people.Author, reason: str, clock: Clock = SYSTEM_CLOCK) -> Biller:
    """Take no more payments to a biller; those that are under way end. Again changes nothing.

    Raises:
        NotPermitted: ``by`` lacks ``bills.billers.suspend``. UnacceptableText, BillerUnknown.
    """
    return _turn(biller_id, BillerState.SUSPENDED, events.BILLER_SUSPENDED, by, reason, clock)


def resume_biller(biller_id: UUID, *, by: people.Author, reason: str, clock: Clock = SYSTEM_CLOCK) -> Biller:
    """Take payments to a biller again. Again changes nothing.

    Raises:
        As ``suspend_biller``.
    """
    return _turn(biller_id, BillerState.ACTIVE, events.BILLER_RESUMED, by, reason, clock)


def add_biller_key(
    biller_id: UUID, key_id: str, public_key: str, *, by: people.Author, reason: str, clock: Clock = SYSTEM_CLOCK
) -> None:
    """Let a biller sign with another key from now on, beside those that it has.

    Raises:
        NotPermitted, UnacceptableText, BillerUnknown; InvalidPublicKey: no key, or an id that was used.
    """
    said = _permitted(biller_id, EDIT_BILLERS, by, reason)
    raw = checked_public_key(public_key)
    with transaction.atomic():
        row = _locked(biller_id)
        if row.keys.filter(key_id=_checked_key_id(key_id)).exists():
            raise InvalidPublicKey(field="key_id")
        BillerKeyRow.objects.create(biller=row, key_id=key_id, public_key=raw, valid_from=clock.now())
        _record(row, "bills.biller_key_added", by, said, clock, after={"key_id": key_id})


def end_biller_key(
    biller_id: UUID, key_id: str, *, by: people.Author, reason: str, clock: Clock = SYSTEM_CLOCK
) -> None:
    """Believe nothing more that is signed with a biller's key. Again changes nothing.

    Raises:
        NotPermitted, UnacceptableText, BillerUnknown; InvalidPublicKey: it has no such key.
    """
    said = _permitted(biller_id, EDIT_BILLERS, by, reason)
    with transaction.atomic():
        row = _locked(biller_id)
        key = row.keys.filter(key_id=key_id).first()
        if key is None:
            raise InvalidPublicKey(field="key_id")
        if key.valid_until is None:
            key.valid_until = max(clock.now(), key.valid_from)
            key.save(update_fields=["valid_until"])
            _record(row, "bills.biller_key_ended", by, said, clock, before={"key_id": key_id})


def renew_our_key(biller_id: UUID, *, by: people.Author, reason: str, clock: Clock = SYSTEM_CLOCK) -> Biller:
    """Sign what a biller is asked with a fresh key from now on; the biller learns its public half beforehand.

    Raises:
        NotPermitted, UnacceptableText, BillerUnknown.
    """
    said = _permitted(biller_id, EDIT_BILLERS, by, reason)
    with transaction.atomic():
        row = _locked(biller_id)
        row.generation += 1
        row.save(update_fields=["generation"])
        _record(row, "bills.our_key_renewed", by, said, clock, after={"generation": row.generation})
    return biller(biller_id)


def our_public_key(biller_id: UUID, *, ahead: int = 0) -> tuple[str, str]:
    """Return id and text (base64) of the key that we sign with for a biller; ``ahead`` 1: of the next one."""
    found = biller(biller_id)
    generation = found.generation + ahead
    return signing.our_key_id(found.code, generation), signing.our_public_key_text(biller_id, generation)


def set_logo(biller_id: UUID, data: bytes, *, by: people.Author, reason: str, clock: Clock = SYSTEM_CLOCK) -> Biller:
    """Give a biller a picture, made safe.

    Raises:
        NotPermitted, UnacceptableText, BillerUnknown, InvalidLogo.
    """
    said, picture = _permitted(biller_id, EDIT_BILLERS, by, reason), safe_logo(data)
    with transaction.atomic():
        row = _locked(biller_id)
        LogoRow.objects.update_or_create(
            biller=row, defaults={"kind": picture.kind, "data": picture.data, "digest": picture.digest}
        )
        _record(row, "bills.biller_logo_set", by, said, clock, after={"digest": picture.digest})
    return biller(biller_id)


def checked_public_key(text: str) -> bytes:
    """Return a public key's 32 bytes from its base64.

    Raises:
        InvalidPublicKey: it is none.
    """
    try:
        raw = base64.b64decode(text, validate=True)
        signing.public_key(raw)
    except (ValueError, binascii.Error):
        raise InvalidPublicKey(field="public_key") from None
    return raw


def _checked_key_id(key_id: str) -> str:
    if not _KEY_ID.match(key_id):
        raise InvalidPublicKey(field="key_id")
    return key_id


def _row(new: NewBiller, clock: Clock) -> BillerRow:
    if not _CODE.match(new.code):
        raise InvalidBiller(field="code")
    if "en" not in new.names or not set(new.names) <= set(LANGUAGES):
        raise InvalidBiller(field="names")
    if new.model is BillerModel.VALIDATE and new.adapter is AdapterKind.FILE:
        raise InvalidBiller(field="model")
    money = currency(new.currency_code or people.institution(new.institution_id).currency_code)
    bounds = [bound for bound in (new.least, new.most) if bound is not None]
    if any(bound.currency != money or bound.amount_minor <= 0 for bound in bounds) or bounds != sorted(
        bounds, key=lambda bound: bound.amount_minor
    ):
        raise InvalidBiller(field="least")
    return BillerRow(
        id=new.id,
        institution_id=new.institution_id,
        customer_id=new.customer_id,
        collection_account_id=_account_id(new.id),
        code=new.code,
        category=new.category.value,
        names={language: clean_text(name, field="names") for language, name in new.names.items()},
        model=new.model.value,
        adapter=new.adapter.value,
        address=_checked_address(new.adapter, new.address),
        currency=money.code,
        state=BillerState.ACTIVE.value,
        fields=[field_kept(each) for each in checked_fields(new.fields)],
        least_minor=None if new.least is None else new.least.amount_minor,
        most_minor=None if new.most is None else new.most.amount_minor,
        generation=1,
        registered_at=clock.now(),
    )


def _checked_address(adapter: AdapterKind, address: str) -> str:
    if adapter is AdapterKind.FILE:
        if address:
            raise InvalidBiller(field="address")
        return ""
    try:
        target_of(address)
    except ValueError:
        raise InvalidBiller(field="address") from None
    if len(address) > ADDRESS_LENGTH_MAX:
        raise InvalidBiller(field="address")
    return address


def _collection_account(new: NewBiller, clock: Clock) -> banking.BankAccount:
    offered = banking.offer_product(
        institution_id=new.institution_id,
        kind=banking.ProductKind.COLLECTION,
        names=_COLLECTION_NAMES,
        currency_code=new.currency_code,
        clock=clock,
    )
    return banking.open_account(
        id=_account_id(new.id),
        product_id=offered.id,
        owner_id=new.customer_id,
        by=people.SYSTEM,
        reason="a biller was registered",
        clock=clock,
    )


def _account_id(biller_id: UUID) -> UUID:
    """Return the id of a biller's collection account: made from the biller's, so that a repeat makes the same."""
    return UUID(bytes=hashlib.sha256(b"raseed collection account\x00" + biller_id.bytes).digest()[:16])


def _same(there: BillerRow, wanted: BillerRow) -> Biller:
    """Return the biller that is there, if it was registered with what is wanted now (later changes aside)."""
    fixed = ("institution_id", "customer_id", "code", "currency", "model", "adapter")
    if any(getattr(there, name) != getattr(wanted, name) for name in fixed):
        raise BillerDiffers(field="id")
    return biller(there.id)


def _permitted(biller_id: UUID, permission: str, by: people.Author, reason: str) -> str:
    people.require(by, permission, biller(biller_id).institution_id)
    return people.clean_reason(reason)


def _locked(biller_id: UUID) -> BillerRow:
    row = BillerRow.objects.select_for_update().filter(id=biller_id).first()
    if row is None:
        raise BillerUnknown(field="biller_id")
    return row


def _turn(biller_id: UUID, state: BillerState, event: str, by: people.Author, reason: str, clock: Clock) -> Biller:
    said = _permitted(biller_id, SUSPEND_BILLERS, by, reason)
    with transaction.atomic():
        row = _locked(biller_id)
        before = row.state
        if before != state.value:
            row.state = state.value
            row.save(update_fields=["state"])
            _record(row, event, by, said, clock, before={"state": before}, after={"state": row.state})
            platform.emit(event, {"biller_id": str(row.id)}, institution_id=row.institution_id, clock=clock)
    return billers([biller_id])[biller_id]


def _facts(row: BillerRow, keys: Mapping[str, bytes]) -> platform.AuditFacts:
    return {
        "code": row.code,
        "category": row.category,
        "model": row.model,
        "adapter": row.adapter,
        "address": row.address,
        "account": str(row.collection_account_id),
        "fields": [kept["code"] for kept in row.fields],
        "keys": sorted(keys),
    }


def _record(
    row: BillerRow,
    action: str,
    by: people.Author,
    reason: str,
    clock: Clock,
    *,
    before: platform.AuditFacts | None = None,
    after: platform.AuditFacts | None = None,
) -> None:
    platform.record(
        actor=by.actor,
        action=action,
        subject=f"biller:{row.id}",
        before=before,
        after=after,
        reason=reason,
        institution_id=row.institution_id,
        clock=clock,
    )
