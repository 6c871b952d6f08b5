"""Signing in with a one-time code: who asks learns nothing about whose number it is.

Whether a phone number is known or not, a request writes the same rows, does the same work and gets the same answer;
only the message itself is written and, for a stranger, taken back before the commit. The code's plain text goes to
``channels`` and nowhere else (decision 26).
"""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext, override

from raseed.channels.api import ONE_TIME_CODE, send_text
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.ids import new_id
from raseed.kernel.text import ascii_digits
from raseed.platform.api import keyed_hash
from raseed.platform.jobs import app

from ..domain import Customer, InvalidPhone, UnknownCustomer, network_of, normal_phone
from ..models import SignInRow
from ..queries import customer, customer_by_phone
from .codes import (
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
from .proofs import CODE, Proof, give_proof
from .signed_in import SignedIn, keep_sign_in
from .tries import PEPPER, close, closed, count_one, forgive, gate

FORGET_AFTER: Final = timedelta(days=2)
FORGET_ROWS_MAX: Final = 100_000
_NO_REGION: Final = "ZZ"

# Rows that someone holds are left for the next time: a sweep that waited could deadlock with a request.
_FORGET_RATES: Final = """
DELETE FROM people_rate WHERE bucket IN (
    SELECT bucket FROM people_rate WHERE ends_at < %(before)s LIMIT %(rows_max)s FOR UPDATE SKIP LOCKED)
"""
_FORGET_SIGN_INS: Final = """
DELETE FROM people_sign_in WHERE phone_key IN (
    SELECT phone_key FROM people_sign_in WHERE changed_at < %(before)s LIMIT %(rows_max)s FOR UPDATE SKIP LOCKED)
"""


@transaction.atomic(durable=True)
def request_code(*, phone: str, client_address: str | None = None, clock: Clock = SYSTEM_CLOCK) -> None:
    """Send a new code to ``phone`` (E.164) if it is a customer's; an earlier code is void from now on.

    Call it outside any transaction. ``client_address`` is the IP address that asked, for a limit per address.

    Raises:
        InvalidPhone: not an E.164 number.
        TooManyRequests: asked too often for this number or from this address.
        TooManyTries: the number is locked after too many wrong codes.
    """
    number, now = _e164(phone), clock.now()
    if client_address is not None:
        count_one(PER_ADDRESS_REQUESTS, "request-address", network_of(client_address), now)
    count_one(PER_PHONE_SHORT, "request-phone-short", number, now)
    count_one(PER_PHONE_DAY, "request-phone-day", number, now)
    row = _gate(number, now)
    if minutes := closed(row, now):
        raise TooManyTries(minutes=minutes)
    code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"
    row.code_hash = _code_hash(number, code)
    row.expires_at, row.tries_left, row.changed_at = now + CODE_LIFE, TRIES_MAX, now
    row.save()
    _send(number, code, row.expires_at, clock)


def _send(number: str, code: str, expires_at: datetime, clock: Clock) -> None:
    """Send the code to a customer; for a stranger do the same work and take it back."""
    try:
        language, known = customer_by_phone(number).language, True
    except UnknownCustomer:
        language, known = "ar", False
    with override(language):
        text = gettext("Your Raseed code is %(code)s. Give it to nobody, not even to us.") % {"code": code}
    with transaction.atomic():
        send_text(
            to_phone=number, text=text, purpose=ONE_TIME_CODE, message_id=new_id(), expires_at=expires_at, clock=clock
        )
        if not known:
            transaction.set_rollback(True)


def confirm_code(*, phone: str, code: str, client_address: str | None = None, clock: Clock = SYSTEM_CLOCK) -> Customer:
    """Sign in by a code, and return the customer alone.

    Raises:
        As ``sign_in_by_code``.
    """
    return sign_in_by_code(phone=phone, code=code, client_address=client_address, clock=clock).customer


def sign_in_by_code(
    *, phone: str, code: str, client_address: str | None = None, device: str = "", clock: Clock = SYSTEM_CLOCK
) -> SignedIn:
    """Sign in the customer who was sent ``code``; it works once. Call it outside any transaction.

    ``device`` is what the page says of the device (``Firefox, Android``), for the customer's list of sign-ins.

    Raises:
        InvalidPhone: not an E.164 number.
        WrongCode: another code is waiting; the try is counted.
        CodeExpired: no code is waiting.
        TooManyTries: the tries are used up, now or before; the number is locked for a while.
        TooManyRequests: too many tries from this address.
    """
    number, now = _e164(phone), clock.now()
    plain = ascii_digits("".join(code.split()))
    with transaction.atomic(durable=True):
        if client_address is not None:
            count_one(PER_ADDRESS_TRIES, "try-address", network_of(client_address), now)
        outcome = _try_code(number, plain, now)
        if isinstance(outcome, Customer):
            return keep_sign_in(outcome, CODE, client_address=client_address, device=device, now=now)
    raise outcome


def request_proof_code(customer_id: UUID, *, client_address: str | None = None, clock: Clock = SYSTEM_CLOCK) -> None:
    """Send a signed-in customer a code to prove anew that it is them. Call it outside any transaction.

    Raises:
        UnknownCustomer: there is none. TooManyRequests, TooManyTries: as for signing in, and counted together with it.
    """
    request_code(phone=customer(customer_id).phone, client_address=client_address, clock=clock)


def prove_by_code(
    customer_id: UUID, *, code: str, client_address: str | None = None, clock: Clock = SYSTEM_CLOCK
) -> Proof:
    """Return a fresh proof of a signed-in customer who was sent ``code``. Call it outside any transaction.

    Raises:
        UnknownCustomer: there is none. WrongCode, CodeExpired, TooManyTries, TooManyRequests: as for signing in.
    """
    number, now = customer(customer_id).phone, clock.now()
    plain = ascii_digits("".join(code.split()))
    with transaction.atomic(durable=True):
        if client_address is not None:
            count_one(PER_ADDRESS_TRIES, "try-address", network_of(client_address), now)
        outcome = _try_code(number, plain, now)
        if isinstance(outcome, Customer):
            return give_proof(customer_id, CODE, now)
    raise outcome


def _try_code(number: str, code: str, now: datetime) -> Customer | WrongCode | CodeExpired | TooManyTries:
    """Compare, count and, if right, use up the code: all under the lock of the number's row. The caller commits."""
    row = _gate(number, now)
    if minutes := closed(row, now):
        return TooManyTries(minutes=minutes)
    if row.code_hash is None or row.expires_at is None or now >= row.expires_at:
        return CodeExpired(field="code")
    if hmac.compare_digest(bytes(row.code_hash), _code_hash(number, code)):
        forgive(row)
        try:
            return customer_by_phone(number)
        except UnknownCustomer:
            return CodeExpired(field="code")
    row.tries_left -= 1
    if row.tries_left > 0:
        row.save()
        return WrongCode(field="code", tries_left=row.tries_left)
    return TooManyTries(minutes=close(row, now))


def _gate(number: str, now: datetime) -> SignInRow:
    return gate(keyed_hash(PEPPER, "phone", number), now)


def _code_hash(number: str, code: str) -> bytes:
    return keyed_hash(PEPPER, "code", number, code)


def _e164(phone: str) -> str:
    if not phone.startswith("+"):
        raise InvalidPhone(field="phone")
    return normal_phone(phone, _NO_REGION)


@app.periodic(cron="17 * * * *")
@app.task(name="people.forget_sign_ins", queue="upkeep", queueing_lock="people.forget_sign_ins")
def forget_sign_ins(timestamp: int) -> None:
    """Delete counters and sign-in rows that limit nobody any more."""
    del timestamp
    now = SYSTEM_CLOCK.now()
    with connection.cursor() as cursor:
        for statement, before in ((_FORGET_RATES, now), (_FORGET_SIGN_INS, now - FORGET_AFTER)):
            cursor.execute(statement, {"before": before, "rows_max": FORGET_ROWS_MAX})
