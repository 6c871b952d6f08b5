"""The last payments of a customer with their stories in words, and what happens next to those that have not ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.utils.translation import gettext

from raseed.banking import api as banking
from raseed.kernel.errors import RaseedError, mark
from raseed.payments import api as payments
from raseed.payments.api import Awaited, Payment, PaymentState
from raseed.platform import api as platform

from ..domain import Asked, Card, Fact, TimedWords, digest_of, fact
from ..voice import Voice

CODE: Final = "payments"
SHOWN_MAX: Final = 6
SOON: Final = timedelta(minutes=1)
"""What is due within it is told as “in a moment”: its minute would be over before it is read."""

_S: Final = PaymentState
STEP_WORDS: Final = {
    _S.ACCEPTED: mark("accepted"),
    _S.HELD: mark("money held"),
    _S.SENT: mark("sent to %(other)s"),
    _S.UNKNOWN: mark("no answer yet"),
    _S.REFERRED: mark("still no answer; a person is finding out"),
    _S.SETTLED: mark("arrived"),
    _S.RETURNED: mark("not taken, the money was given back"),
    _S.REFUSED: mark("refused, nothing has left the account"),
}
BECAUSE: Final = mark("%(what)s (%(why)s)")
AT: Final = mark("%(what)s %(when)s")
AGAIN: Final = mark("will be asked again %(when)s")
AGAIN_SOON: Final = mark("is being asked again in a moment")
TRY: Final = mark("will be sent %(when)s")
TRY_SOON: Final = mark("is being sent in a moment")
GIVEN_BACK: Final = mark("given back by itself %(when)s if it can't be sent")
TO_A_PERSON: Final = mark("goes to a person %(when)s if nobody has answered")
OUT: Final = mark("%(amount)s to %(other)s: %(state)s")
IN: Final = mark("%(amount)s from %(other)s: %(state)s")
REPLY_OUT: Final = mark("Your payment of %(amount)s to %(other)s (reference %(reference)s): %(story)s.")
REPLY_IN: Final = mark("The payment of %(amount)s from %(other)s (reference %(reference)s): %(story)s.")
BETWEEN: Final = mark("; ")
LOOKS: Final = {_S.SETTLED: "good", _S.REFUSED: "bad", _S.RETURNED: "bad", _S.REFERRED: "warn", _S.UNKNOWN: "warn"}


@dataclass(frozen=True, slots=True)
class Told:
    """A payment with what its story needs: the other side in each language, and what comes next."""

    payment: Payment
    outgoing: bool
    other: Callable[[Voice], str]
    awaited: Awaited | None
    now: datetime

    @property
    def next(self) -> datetime | None:
        """When it is taken up next, if it is."""
        return self.awaited.due_at if self.awaited else None

    def is_soon(self) -> bool:
        """Whether that is too near to tell its minute."""
        return self.next is not None and self.next - self.now < SOON


def card(asked: Asked) -> Card:
    """Return the last payments that left or reached the customer's accounts here."""
    found, more = _found(asked)
    return Card(CODE, "", tuple(_fact(asked, each) for each in told(asked, found)), more=more)


def told(asked: Asked, found: list[Payment]) -> list[Told]:
    """Return payments with what their stories need, looked up for all at once."""
    mine = {each.id for each in banking.accounts_of(asked.customer_id)}
    languages = {asked.voice.language, asked.to_customer.language}
    names: dict[str, Mapping[UUID, str]] = {
        language: payments.counterparties(found, customer_id=asked.customer_id, language=language)
        for language in languages
    }
    open_ids = [each.id for each in found if each.is_open]
    awaited = payments.awaited(open_ids, by=asked.by) if open_ids else {}

    def named(payment: Payment) -> Callable[[Voice], str]:
        return lambda voice: voice.apart(names[voice.language].get(payment.id, "") or "–")

    return [Told(each, each.from_account_id in mine, named(each), awaited.get(each.id), asked.now) for each in found]


def _found(asked: Asked) -> tuple[list[Payment], bool]:
    """Return the payments that the card shows, or those that are looked at again; none of another institution."""
    ids = asked.ids("payment")
    if ids is None:
        page = payments.payments_about(by=asked.by, customer_id=asked.customer_id, limit=2 * SHOWN_MAX)
        here = _here(asked, list(page.payments))
        return here[:SHOWN_MAX], page.next is not None or len(here) > SHOWN_MAX
    return _here(asked, list(payments.payments_by_id(ids).values())), False


def _here(asked: Asked, found: list[Payment]) -> list[Payment]:
    mine = {each.id for each in banking.accounts_of(asked.customer_id) if each.institution_id == asked.institution_id}
    return [
        each
        for each in found
        if each.from_account_id in mine or (each.to_account_id in mine and each.state is _S.SETTLED)
    ]


def story(one: Told, voice: Voice) -> list[TimedWords]:
    """Return the steps of a payment in short words, and what comes next; what a later step says anyway is left out."""
    steps = [
        step
        for step, following in zip(one.payment.timeline, [*one.payment.timeline[1:], None], strict=True)
        if following is None or step.state not in (_S.ACCEPTED, _S.HELD)
    ]
    said = [TimedWords(_step_words(one, step, voice), step.at) for step in steps]
    return said + _ahead(one, voice)


def _step_words(one: Told, step: payments.Step, voice: Voice) -> str:
    what = gettext(STEP_WORDS[step.state]) % {"other": one.other(voice)}
    reason = step.reason if step.state in (_S.REFUSED, _S.RETURNED) else None
    if reason is None or type(reason) is RaseedError:
        return what
    why = platform.translate_error(reason, voice.language, digits=voice.digits).message.rstrip(".")
    return gettext(BECAUSE) % {"what": what, "why": why}


def _ahead(one: Told, voice: Voice) -> list[TimedWords]:
    awaited, due = one.awaited, one.next
    if awaited is None:
        return []
    held = one.payment.state is _S.HELD
    ahead = []
    if due is not None and one.is_soon():
        ahead.append(TimedWords(gettext(TRY_SOON if held else AGAIN_SOON), ahead=True))
    elif due is not None:
        ahead.append(TimedWords(gettext(TRY if held else AGAIN) % {"when": voice.when(due)}, ahead=True))
    end, words = (awaited.given_back_at, GIVEN_BACK) if held else (awaited.referred_at, TO_A_PERSON)
    if end is not None:
        ahead.append(TimedWords(gettext(words) % {"when": voice.when(end)}, ahead=True))
    return ahead


def story_text(one: Told, voice: Voice) -> str:
    """Return the story in one line: ``sent to the biller 14:03; no answer yet 14:03; will be asked again 14:09``."""
    said = [
        each.words if each.at is None else gettext(AT) % {"what": each.words, "when": voice.when(each.at)}
        for each in story(one, voice)
    ]
    return gettext(BETWEEN).join(said)


def stands(one: Told, *, soon: bool) -> tuple[object, ...]:
    """Return what a story says, as values: the state, since when, and the minute of what comes next."""
    payment, awaited = one.payment, one.awaited
    minute = None if one.next is None else "soon" if soon else one.next.replace(second=0, microsecond=0)
    ends = None if awaited is None else awaited.given_back_at if payment.state is _S.HELD else awaited.referred_at
    return (payment.state.value, len(payment.timeline), minute, ends and ends.replace(second=0, microsecond=0))


def _fact(asked: Asked, one: Told) -> Fact:
    payment = one.payment
    soon = one.is_soon()

    def places(voice: Voice) -> dict[str, str]:
        return {
            "amount": voice.money(payment.amount),
            "other": one.other(voice),
            "state": gettext(payments.STATE_WORDS[payment.state]),
            "reference": voice.text(payment.reference),
            "story": story_text(one, voice),
        }

    source = mark("Payments; times asked: %(times)s") if one.awaited and one.awaited.attempts > 1 else mark("Payments")
    times = one.awaited.attempts if one.awaited else 0
    return fact(
        asked,
        provider=CODE,
        key=f"payment:{payment.id}",
        stands=stands(one, soon=soon),
        words=lambda voice: gettext(OUT if one.outgoing else IN) % places(voice),
        value=lambda voice: voice.money(payment.amount),
        source=lambda voice: gettext(source) % {"times": voice.number(times)},
        as_of=asked.now,
        link=f"payment:{payment.id}",
        reply=lambda voice: gettext(REPLY_OUT if one.outgoing else REPLY_IN) % places(voice),
        steps=tuple(asked.voice.saying_all(lambda voice: story(one, voice))),
        look=LOOKS.get(payment.state, ""),
        also=frozenset({digest_of(*stands(one, soon=False))} if soon else ()),
    )
