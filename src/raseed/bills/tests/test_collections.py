"""What a biller sees of what it collected: newest first, found by whatever is known of it, and nobody else's."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import date, timedelta
from typing import TYPE_CHECKING

import psycopg
import pytest
from django.core.exceptions import EmptyResultSet
from django.db.models.expressions import RawSQL

from raseed.bills import api as bills
from raseed.bills.api import CollectionSearch
from raseed.bills.errors import BillOrderUnknown
from raseed.bills.models import BillOrderRow, BillRow
from raseed.payments import api as payments
from raseed.payments.routes import outside_route
from raseed.platform.api import InvalidCursor

from .counter import clerk, give, money, paid
from .street import Street

if TYPE_CHECKING:
    from raseed_testing import Database


@pytest.fixture
def paced(street: Street, monkeypatch: pytest.MonkeyPatch) -> Street:
    """The street, where payments end when its own clock says so."""
    monkeypatch.setattr(outside_route("bill"), "_clock", street.town.clock)
    return street


def ids(biller: bills.Biller, **wanted: object) -> list[object]:
    page = bills.collections(biller.id, search=CollectionSearch(**wanted))  # type: ignore[arg-type]
    return [each.id for each in page.collections]


def test_collections_are_newest_first_page_by_page_and_the_billers_own(street: Street) -> None:
    nur, gas = street.biller(), street.biller("gas")
    mona, account = street.person()
    orders = [paid(street, nur, mona, account, number=f"1234567{n}") for n in range(5)]
    theirs = paid(street, gas, mona, account)
    newest_first = [each.id for each in reversed(orders)]
    assert ids(nur) == newest_first
    assert ids(gas) == [theirs.id]
    seen: list[object] = []
    before = None
    while True:
        page = bills.collections(nur.id, before=before, limit=2)
        seen += [each.id for each in page.collections]
        before = page.next
        if before is None:
            break
    assert seen == newest_first
    with pytest.raises(InvalidCursor):
        bills.collections(nur.id, before="rubbish")
    marker = bills.collections(nur.id, limit=2).next
    with pytest.raises(InvalidCursor):
        bills.collections(gas.id, before=marker)
    assert bills.collection(nur.id, orders[0].id).reference == "12345670"
    with pytest.raises(BillOrderUnknown):
        bills.collection(gas.id, orders[0].id)


def test_a_payment_is_found_by_all_that_people_know_of_it(paced: Street) -> None:
    nur = paced.biller()
    mona, account = paced.person()
    first = paid(paced, nur, mona, account, number="12345671")
    paced.town.clock.advance(timedelta(days=2))
    second = paid(paced, nur, mona, account, number="12345672")
    told = bills.collection(nur.id, second.id)
    number = next(iter(told.bills.values())).number
    for text in (
        "12345672", "١٢٣٤٥٦٧٢", "1234-5672", number, told.biller_reference, str(second.id), payments.reference_of(second.id),
        payments.reference_of(second.id).lower(),
    ):  # fmt: skip
        assert ids(nur, text=text) == [second.id], text
    day = bills.today_of(nur.id, paced.town.clock.now())
    assert ids(nur, since=day) == [second.id]
    assert ids(nur, until=day - timedelta(days=1)) == [first.id]
    assert set(ids(nur, since=day - timedelta(days=5), until=day)) == {first.id, second.id}
    assert ids(nur, until=date.max) == [second.id, first.id]
    assert second.id in ids(nur, amount=second.amount)
    assert ids(nur, amount=money(1)) == ids(nur, text="nobody") == ids(nur, text="1234567") == []
    assert ids(nur, text="12345671", since=day) == []


def test_what_is_told_of_a_payer_is_what_the_payment_tells_the_biller(street: Street) -> None:
    nur = street.biller()
    mona, account = street.person()
    order = paid(street, nur, mona, account)
    told = str(bills.collection(nur.id, order.id))
    assert mona.phone not in told
    assert str(mona.id) not in told
    assert str(account.id) not in told
    assert mona.names["en"] not in told
    assert "12345678" in told


def test_a_days_sum_counts_what_was_paid_and_what_went_back(paced: Street) -> None:
    nur = paced.biller()
    mona, account = paced.person()
    orders = [paid(paced, nur, mona, account, number=f"1234567{n}") for n in range(3)]
    give(paced, orders[0], 120, clerk(paced, nur))
    day = bills.today_of(nur.id, paced.town.clock.now())
    found = bills.day_sum(nur.id, day)
    assert (found.count, found.refunds, found.refunded) == (3, 1, money(120))
    assert found.amount.amount_minor == sum(each.amount.amount_minor for each in orders)
    assert bills.day_sum(nur.id, day - timedelta(days=1)).count == 0
    told = bills.collection(nur.id, orders[0].id)
    assert (told.refunded, told.refundable) == (money(120), orders[0].amount - money(120))


def test_bills_are_counted_and_listed_by_what_becomes_of_them(street: Street) -> None:
    nur = street.biller()
    mona, _ = street.person()
    found = [*street.fetch(nur, mona), *street.fetch(nur, mona, "10000002")]
    today = date(2026, 3, 1)
    rows = BillRow.objects.filter(biller_id=nur.id).order_by("id")
    rows.filter(id=found[0].id).update(due_on=today - timedelta(days=3))
    rows.filter(id=found[-1].id).update(state="disputed")
    counts = bills.bill_counts(nur.id, today=today)
    assert (counts.open, counts.disputed) == (len(found) - 1, 1)
    overdue = bills.bills_waiting(nur.id, overdue_on=today).bills
    assert (counts.overdue, len(overdue)) == (len(overdue), len(overdue))
    assert found[0].id in {each.id for each in overdue}
    assert [each.id for each in bills.bills_waiting(nur.id, disputed=True).bills] == [found[-1].id]
    rows.exclude(state="disputed").filter(id=found[1].id).update(due_on=None)
    seen: list[object] = []
    after = None
    while True:
        page = bills.bills_waiting(nur.id, after=after, limit=1)
        seen += [each.id for each in page.bills]
        after = page.next
        if after is None:
            break
    assert len(seen) == len(set(seen)) == len(found) - 1
    assert seen[-1] == found[1].id, "without a day comes last"


def test_the_billers_signed_yes_is_kept_and_shown(street: Street) -> None:
    nur = street.biller()
    mona, account = street.person()
    order = paid(street, nur, mona, account)
    kept = bills.signed_yes(nur.id, order.id)
    assert kept is not None
    assert kept.key_id == "nur-1"
    assert kept.at is not None
    assert json.loads(kept.kept["body"])
    assert {"base", "signature"} <= set(kept.kept)
    with pytest.raises(BillOrderUnknown):
        bills.signed_yes(street.biller("gas").id, order.id)


_MANY = 60_000


def many_orders(database: Database, of: bills.Biller, like: bills.BillOrder) -> None:
    """Let a biller have collected a great deal, as the owner of the tables can."""
    with psycopg.connect(database.owner_dsn, autocommit=True) as raw, raw.cursor() as cursor:
        cursor.execute("ALTER TABLE bills_order DISABLE TRIGGER USER")
        cursor.execute(
            """INSERT INTO bills_order (id, biller_id, customer_id, "values", reference, amount_minor, state, made_at, ended_at,
                biller_reference)
            SELECT gen_random_uuid(), %(biller)s, %(customer)s, '{}', (10000000 + n %% 9000)::text, 1000 + n %% 5000, 'paid',
                now() - n * interval '1 minute', now() - n * interval '1 minute', 'R-' || n
            FROM generate_series(1, %(many)s) AS n""",
            {"biller": of.id, "customer": like.customer_id, "many": _MANY},
        )
        cursor.execute("ALTER TABLE bills_order ENABLE TRIGGER USER")
        cursor.execute("ANALYZE bills_order")


def test_a_large_billers_lists_are_read_by_their_indexes(street: Street, database: Database) -> None:
    nur, gas = street.biller(), street.biller("gas")
    mona, account = street.person()
    order = paid(street, nur, mona, account)
    many_orders(database, nur, order)
    many_orders(database, gas, order)
    wanted = {
        "bills_order_collected": CollectionSearch(),
        "bills_order_collected_reference": CollectionSearch(text="10000077"),
        "bills_order_collected_theirs": CollectionSearch(text="R-77"),
        "bills_order_collected_amount": CollectionSearch(amount=money(1_234)),
    }
    for index, search in wanted.items():
        assert index in " ".join(plans(nur, search)), index
    assert "bills_order_collected_short" in ending_plan(nur)
    for search in wanted.values():
        for plan in plans(nur, search):
            assert "Seq Scan on bills_order" not in plan, plan


def ending_plan(of: bills.Biller) -> str:
    """Return how the database finds a payment by the ten characters that people quote."""
    short = RawSQL("right(bills_order.id::text, 10)", ())
    rows = BillOrderRow.objects.filter(biller_id=of.id, state="paid").annotate(short=short).filter(short="0123456789")
    return rows.values_list("id", flat=True)[:100].explain()


def plans(of: bills.Biller, search: CollectionSearch) -> list[str]:
    """Return how the database reads each way of what is looked for."""
    from raseed.bills.collections.reading import _branches, _paid  # noqa: PLC0415  (the statements themselves)

    found = []
    for rows in _branches(_paid(of, search), of, search.text):
        with suppress(EmptyResultSet):  # what a text can't mean has no plan
            found.append(rows.order_by("-ended_at", "-id")[:51].explain())
    assert BillOrderRow.objects.count() > _MANY
    return found
