"""Bills on a card: what is owed now, what being late adds, who said so and when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from raseed.bills import api as bills
from raseed.care import api as care

from .test_balances import card, recheck

if TYPE_CHECKING:
    from raseed.bills.tests.late import Late


@pytest.fixture
def late(database: object) -> Iterator[Late]:
    from django.test import override_settings  # noqa: PLC0415  (Django is set up by then)

    from raseed.bills.tests.late import late as late_biller  # noqa: PLC0415
    from raseed.bills.tests.street import build_street  # noqa: PLC0415

    del database
    with override_settings(BILLER_NETWORKS="127.0.0.0/8,::1/128"):
        street = build_street()
        yield late_biller(street)
        street.server.stop()


def test_a_late_bill_says_its_penalty_and_who_said_so_when(late: Late) -> None:
    from raseed.bills.tests.late import A_DAY  # noqa: PLC0415

    late.rule(A_DAY)
    bill = late.owe(10_000, days_late=10)
    (fact,) = card(late.street.town, late.mona, "bills", reply_language="en").facts
    assert fact.key == f"bill:{bill.id}"
    assert fact.words == (
        "The files, bill B-1: EGP\u00a0110.00, was due 19 February 2026, days late: 10; late penalty EGP\u00a010.00"
    )
    assert fact.source == "The files, through us"
    assert fact.as_of == bill.seen_at
    assert fact.reply.startswith("Your bill B-1 of The files: EGP\u00a0110.00 is to be paid, was due")
    recheck(late.street.town, late.mona, fact)
    late.street.town.clock.advance(timedelta(days=1))
    with pytest.raises(care.FactChanged):  # a day later it costs more
        recheck(late.street.town, late.mona, fact)


def test_a_bill_that_was_paid_meanwhile_stops_the_reply_and_says_paid(late: Late) -> None:
    bill = late.owe(10_000, days_late=-3)
    town = late.street.town
    (fact,) = card(town, late.mona, "bills", reply_language="en").facts
    assert "due 4 March 2026" in fact.reply
    assert fact.look == ""
    late.pay(late.order(bill))
    with pytest.raises(care.FactChanged) as refused:
        recheck(town, late.mona, fact)
    (changed,) = refused.value.changed
    assert changed.now is not None
    assert "a payment of EGP\u00a0100.00 is under way" in changed.now.words
    assert card(town, late.mona, "holds").facts


def test_a_disputed_bill_is_told_as_disputed(late: Late) -> None:
    bill = late.owe()
    bills.dispute(bill_id=bill.id, customer_id=late.mona.id, reason="paid in cash", clock=late.street.town.clock)
    (fact,) = card(late.street.town, late.mona, "bills", reply_language="en").facts
    assert fact.words == "The files, bill B-1: disputed since 14:00, not decided yet"
    assert "paid in cash" not in fact.words + fact.reply
    recheck(late.street.town, late.mona, fact)
