"""Building the cards of a customer, and looking again at the facts of a reply.

Each provider runs in a savepoint of its own and has so many milliseconds a statement, so that a source that is broken or slow
costs its own card and no other, and not the transaction of the reply either.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final
from uuid import UUID

import structlog
from django.db import connection, transaction
from django.utils.translation import gettext, override

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.people import api as people
from raseed.people.api import Author
from raseed.platform import api as platform

from .domain import FACTS_MAX, INSERTED_MAX, Asked, Card, CardState, Changed, Fact, InsertedFact, Source
from .errors import FactChanged, FactNotChecked, FactNotYours
from .registry import source as source_of
from .registry import sources
from .voice import Voice

STATEMENT_MS_MAX: Final = 2_000
"""How long one statement of a provider may take before its card says that it is unavailable."""
_log = structlog.get_logger("raseed.care")


def cards(
    customer_id: UUID,
    institution_id: UUID,
    *,
    by: Author,
    language: str,
    reply_language: str | None = None,
    digits: platform.Digits | None = None,
    only: Iterable[str] | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> list[Card]:
    """Return what is known of a customer now, of each source that the asker may see.

    Args:
        customer_id: about whom.
        institution_id: where; facts of other institutions are not told.
        by: who asks.
        language: of who looks.
        reply_language: of the customer; by default, that of the customer's record.
        digits: of who looks; by default, those of their language.
        only: the codes of the sources that are wanted, all by default.
        clock: tells the time.

    Raises:
        UnknownCustomer: there is none.
    """
    wanted = None if only is None else frozenset(only)
    asked = _asked(customer_id, institution_id, by, language, reply_language, digits, clock)
    with _bounded():
        return [
            _card(each, asked)
            for each in sources()
            if by.may(each.permission, institution_id) and (wanted is None or each.code in wanted)
        ]


def recheck(
    facts: Sequence[InsertedFact],
    *,
    by: Author,
    customer_id: UUID,
    institution_id: UUID,
    language: str,
    reply_language: str | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> None:
    """Look again at the facts of a reply, in the transaction that sends it.

    Raises:
        FactChanged: one is no longer so; it says which, what it was and what it is.
        FactNotChecked: a source does not answer. FactNotYours: a fact that the author may not see, or too many.
    """
    if not facts:
        return
    if len(facts) > INSERTED_MAX:
        raise FactNotYours(field="facts")
    asked = _asked(customer_id, institution_id, by, language, reply_language, None, clock)
    by_source: dict[str, list[InsertedFact]] = defaultdict(list)
    for each in facts:
        by_source[each.ref.provider].append(each)
    changed: list[Changed] = []
    with _bounded():
        for code, theirs in sorted(by_source.items()):
            its = source_of(code)
            if its is None or not by.may(its.permission, institution_id):
                raise FactNotYours(field="facts")
            card = _card(its, asked.again(frozenset(each.ref.key for each in theirs)))
            if card.state is not CardState.OK:
                raise FactNotChecked(field="facts", was=theirs[0].shown)
            now = {each.key: each for each in card.facts}
            changed += _changed(theirs, now)
    if changed:
        raise FactChanged(tuple(changed))


def _changed(facts: Sequence[InsertedFact], now: dict[str, Fact]) -> Iterator[Changed]:
    for each in facts:
        found = now.get(each.ref.key)
        if found is None or not found.still_says(each.ref.digest):
            yield Changed(each.ref, each.shown, found)


def _asked(
    customer_id: UUID,
    institution_id: UUID,
    by: Author,
    language: str,
    reply_language: str | None,
    digits: platform.Digits | None,
    clock: Clock,
) -> Asked:
    customer, house, now = people.customer(customer_id), people.institution(institution_id), clock.now()
    theirs = reply_language or customer.language
    return Asked(
        customer_id=customer_id,
        institution_id=institution_id,
        by=by,
        clock=clock,
        voice=Voice(language, house.zone, house.country, now, digits),
        to_customer=Voice(theirs, house.zone, house.country, now, customer.digits),
    )


def _card(source: Source, asked: Asked) -> Card:
    """Ask one source; whatever goes wrong with it is its own affair, and is said."""
    with override(asked.language):
        title = gettext(source.title)
        try:
            with transaction.atomic():
                found = source.provider(asked)
        except Exception:  # noqa: BLE001  (whatever a source does, the other cards stand)
            _log.exception("facts_unavailable", source=source.code)
            return Card(source.code, title, state=CardState.UNAVAILABLE)
    most = FACTS_MAX if asked.keys is None else len(found.facts)
    return Card(source.code, title, found.facts[:most], found.state, found.more or len(found.facts) > most)


@contextmanager
def _bounded() -> Iterator[None]:
    """Run within a transaction whose statements have a bound, and give the caller's back afterwards."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('statement_timeout'), set_config('statement_timeout', %s, true)",
                           [str(STATEMENT_MS_MAX)])  # fmt: skip
            row = cursor.fetchone()
        try:
            yield
        finally:
            if connection.is_usable() and not connection.needs_rollback:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT set_config('statement_timeout', %s, true)", [row[0] if row else "0"])
