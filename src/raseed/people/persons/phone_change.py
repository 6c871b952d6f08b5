"""A customer changes their phone number themself: a code to the old number and a code to the new one.

Whoever has only the session, or only one of the phones, gets nowhere. Whether the new number is another customer's is not
told before its code has come back right. The old number is told afterwards; sessions, fresh proofs and device keys end.
Who has lost the old phone goes to the staff (``phone_proposal``).
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext, override

from raseed.channels.api import ONE_TIME_CODE, send_text
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import InputError, RaseedError, mark
from raseed.kernel.ids import new_id
from raseed.kernel.text import ascii_digits
from raseed.platform.api import SameIdOtherContent, emit, keyed_hash, record

from .. import events
from ..domain import Customer, PhoneTaken, network_of, normal_phone
from ..keys.devices import revoke_all_device_keys
from ..models import CustomerRow, IdentityRow, PhoneChangeRow, SignInRow
from ..queries import PHONE, customer
from ..search.index import index_person, merge_soon
from ..sign_in.codes import (
    CODE_DIGITS,
    CODE_LIFE,
    PER_ADDRESS_REQUESTS,
    PER_ADDRESS_TRIES,
    PER_PHONE_DAY,
    PER_PHONE_SHORT,
    TRIES_MAX,
    CodeExpired,
    TooManyTries,
    WrongCode,
)
from ..sign_in.signed_in import end_sessions
from ..sign_in.tries import PEPPER, close, closed, count_one, forgive, gate

KEPT: Final = timedelta(days=2)
PHONE_CHANGED: Final = "phone_changed"
"""The purpose of the text that tells the old number."""
CODE_LENGTH_MAX: Final = 20
_NO_REGION: Final = "ZZ"
_TICK: Final = timedelta(microseconds=1)


class SamePhone(InputError):
    """The new number is the one there is already."""

    code = "same_phone"
    sentence = mark("This is already your phone number.")
    hint = mark("Enter the new number.")


@dataclass(frozen=True, slots=True)
class PhoneChange:
    """A change on its way: both codes have been sent and are good until ``expires_at``."""

    id: UUID
    customer_id: UUID
    new_phone: str
    expires_at: datetime


@transaction.atomic(durable=True)
def request_phone_change(
    customer_id: UUID,
    *,
    id: UUID,  # noqa: A002  the client's id, called so in every verb
    new_phone: str,
    region: str = _NO_REGION,
    client_address: str | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> PhoneChange:
    """Send a code to the customer's number and one to ``new_phone``; a change asked for before is void.

    Call it outside any transaction. ``region`` says whose national numbers are meant; without it, E.164 only. The same
    id again sends nothing.

    Raises:
        InvalidPhone, UnknownCustomer: what they say. SamePhone: they have this number already.
        TooManyRequests: too often, for either number or from this address. TooManyTries: after too many wrong codes.
        SameIdOtherContent: the id came before with another number.
    """
    known, now = customer(customer_id), clock.now()
    number = normal_phone(new_phone, region)
    if number == known.phone:
        raise SamePhone(field="new_phone")
    repeat = PhoneChangeRow.objects.filter(id=id).first()
    if repeat is not None:
        if (repeat.customer_id, repeat.new_phone) != (customer_id, number):
            raise SameIdOtherContent(field="id")
        return _read(repeat)
    if client_address is not None:
        count_one(PER_ADDRESS_REQUESTS, "request-address", network_of(client_address), now)
    for phone in sorted((known.phone, number)):
        count_one(PER_PHONE_SHORT, "request-phone-short", phone, now)
        count_one(PER_PHONE_DAY, "request-phone-day", phone, now)
    if minutes := closed(_gate(customer_id, now), now):
        raise TooManyTries(minutes=minutes)
    identity = _locked_identity(customer_id)
    PhoneChangeRow.objects.filter(customer_id=customer_id, state="open").update(
        state="replaced", ended_at=now, old_code_hash=None, new_code_hash=None
    )
    codes = [f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}" for _ in range(2)]
    row = PhoneChangeRow.objects.create(
        id=id,
        customer_id=customer_id,
        identity=identity,
        new_phone=number,
        asked_at=now,
        expires_at=now + CODE_LIFE,
        old_code_hash=_hash(id, "old", codes[0]),
        new_code_hash=_hash(id, "new", codes[1]),
        tries_left=TRIES_MAX,
    )
    with override(known.language):
        old_text = gettext(
            "Code %(code)s: somebody signed in as you wants to change your phone number. If it is not you, give it to nobody."
        )
        new_text = gettext("Code %(code)s makes this your new phone number at Raseed. Give it to nobody.")
    for phone, text, code in ((known.phone, old_text, codes[0]), (number, new_text, codes[1])):
        send_text(
            to_phone=phone,
            text=text % {"code": code},
            purpose=ONE_TIME_CODE,
            message_id=new_id(),
            expires_at=row.expires_at,
            clock=clock,
        )
    return _read(row)


def confirm_phone_change(
    customer_id: UUID,
    change_id: UUID,
    *,
    old_code: str,
    new_code: str,
    client_address: str | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> Customer:
    """Make the new number the customer's, if both codes are right. Call it outside any transaction.

    Every session ends; whoever calls begins a new one with the returned customer's epoch.

    Raises:
        WrongCode: ``field`` says which; the try is counted. CodeExpired: nothing waits.
        TooManyTries: the tries are used up, for a while longer each time. TooManyRequests: too many tries from this address.
        PhoneTaken: the number is another customer's; the change is over.
    """
    now = clock.now()
    with transaction.atomic(durable=True):
        if client_address is not None:
            count_one(PER_ADDRESS_TRIES, "try-address", network_of(client_address), now)
        refusal = _try_codes(customer_id, change_id, _plain(old_code), _plain(new_code), clock)
    if refusal is not None:
        raise refusal
    return customer(customer_id)


def _try_codes(customer_id: UUID, change_id: UUID, old_code: str, new_code: str, clock: Clock) -> RaseedError | None:
    """Compare, count, and if both are right make the change; the caller commits, whatever is refused."""
    now = clock.now()
    door = _gate(customer_id, now)
    if minutes := closed(door, now):
        return TooManyTries(minutes=minutes)
    identity = _locked_identity(customer_id)
    row = PhoneChangeRow.objects.select_for_update().filter(id=change_id, customer_id=customer_id, state="open").first()
    if row is None or now >= row.expires_at or row.identity_id != identity.id:
        return CodeExpired(field="old_code")
    wrong = [
        field
        for field, kept, code in (
            ("old_code", row.old_code_hash, _hash(row.id, "old", old_code)),
            ("new_code", row.new_code_hash, _hash(row.id, "new", new_code)),
        )
        if kept is None or not hmac.compare_digest(bytes(kept), code)
    ]
    if wrong:
        row.tries_left -= 1
        if row.tries_left > 0:
            row.save(update_fields=["tries_left"])
            return WrongCode(field=wrong[0], tries_left=row.tries_left)
        _over(row, "refused", now)
        return TooManyTries(minutes=close(door, now))
    try:
        move_number(customer_id, row.new_phone, clock=clock)
    except PhoneTaken as taken:
        _over(row, "refused", now)
        return taken
    forgive(door)
    _over(row, "done", now)
    record(
        actor=f"customer:{customer_id}",
        action="people.phone_changed",
        subject=f"customer:{customer_id}",
        before={"identity": str(identity.id)},
        after={"identity": str(_locked_identity(customer_id).id)},
        clock=clock,
    )
    return None


def move_number(customer_id: UUID, number: str, *, clock: Clock) -> None:
    """Make ``number`` (E.164) the customer's from now on, in the caller's transaction; the old one is told.

    Raises:
        PhoneTaken: it is another customer's; nothing was changed.
    """
    now, old = clock.now(), _locked_identity(customer_id)
    try:
        with transaction.atomic():
            old.until = max(now, old.since + _TICK)
            old.save(update_fields=["until"])
            IdentityRow.objects.create(channel=PHONE, value=number, customer_id=customer_id, since=old.until)
    except IntegrityError:
        raise PhoneTaken(field="phone") from None
    end_sessions(customer_id)
    revoke_all_device_keys(customer_id, actor="system", now=now)
    merge_soon()
    index_person(customer_id)
    with override(customer(customer_id).language):
        text = gettext(
            "Your account at Raseed has a new phone number; this one no longer signs in. Not you? Call us now."
        )
    send_text(to_phone=old.value, text=text, purpose=PHONE_CHANGED, message_id=new_id(), clock=clock)
    emit(events.PHONE_CHANGED, {"customer_id": str(customer_id)}, clock=clock)


def _locked_identity(customer_id: UUID) -> IdentityRow:
    """Return the present number's row, with the customer locked, so that one change is made at a time."""
    CustomerRow.objects.select_for_update(no_key=True).get(id=customer_id)
    return IdentityRow.objects.select_for_update().get(customer_id=customer_id, channel=PHONE, scope="", until=None)


def _gate(customer_id: UUID, now: datetime) -> SignInRow:
    return gate(keyed_hash(PEPPER, "phone-change-gate", str(customer_id)), now)


def _over(row: PhoneChangeRow, state: str, now: datetime) -> None:
    row.state, row.ended_at, row.old_code_hash, row.new_code_hash = state, now, None, None
    row.save(update_fields=["state", "ended_at", "old_code_hash", "new_code_hash", "tries_left"])


def _hash(change_id: UUID, side: str, code: str) -> bytes:
    return keyed_hash(PEPPER, "phone-change", str(change_id), side, code)


def _plain(code: str) -> str:
    return ascii_digits("".join(code[:CODE_LENGTH_MAX].split()))


def _read(row: PhoneChangeRow) -> PhoneChange:
    return PhoneChange(row.id, row.customer_id, row.new_phone, row.expires_at)
