"""A biller's file against our payments and the ledger: every difference has a name, an age and somebody; nothing else has."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date, timedelta
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from raseed.banking import api as banking
from raseed.bills import api as bills
from raseed.bills.api import BreakKind
from raseed.bills.intake.errors import BillsFileCut, BillsFileHead, BillsFileRefused, BillsFileRow
from raseed.bills.reconciliation.models import BreakRow, ReconciliationRow
from raseed.bills.route import Bills
from raseed.kernel.errors import InputError, RaseedError
from raseed.kernel.ids import new_id
from raseed.kernel.money import Money
from raseed.kernel.text import UnacceptableText, arabic_digits
from raseed.ledger import api as ledger
from raseed.payments import api as payments
from raseed.payments.api import No, PaymentState, Yes
from raseed.payments.outside.ending import end_payments
from raseed.people import api as people

from .settling import DAY, Told, direct, found, kinds, next_day, order, pay, received, reconcile, take, told
from .street import EGP, Street

NEXT = DAY + timedelta(days=1)


def day_of(street: Street, minors: tuple[int, ...] = (1_000, 2_550, 400)) -> tuple[bills.Biller, list[bills.BillOrder]]:
    """Let a day with payments pass."""
    of = direct(street)
    _, account = street.person()
    orders = pay(street, of, account, minors)
    next_day(street)
    return of, orders


def test_a_file_that_agrees_leaves_nothing(street: Street) -> None:
    of, orders = day_of(street)
    done = reconcile(street, of, told(orders))
    assert (done.lines, done.matched, done.found, done.explained) == (3, 3, 0, 0)
    assert done.total == Money(3_950, EGP)
    assert found(street) == []
    assert reconcile(street, of, told(orders)) == done
    assert ReconciliationRow.objects.count() == 1


@pytest.mark.parametrize(
    "way", ["utf-8", "bom", "windows-1256", "newlines", "semicolons", "tabs", "arabic-digits", "order"]
)
def test_a_file_is_read_right_in_all_its_forms(street: Street, way: str) -> None:
    of, orders = day_of(street)
    lines = [Told(each.payment, f"م-{number}", each.minor) for number, each in enumerate(told(orders))]
    text = received(of, lines)
    head, names, *rows = text.split("\r\n")
    content = {
        "utf-8": text.encode(),
        "bom": text.encode("utf-8-sig"),
        "windows-1256": text.encode("cp1256"),
        "newlines": text.replace("\r\n", "\n").encode(),
        "semicolons": text.replace(",", ";").encode(),
        "tabs": text.replace(",", "\t").encode(),
        "arabic-digits": text.replace("10.00", arabic_digits("10.00").replace(".", "٫")).encode(),
        "order": "\r\n".join(
            [
                head,
                ",".join(reversed(names.split(","))),
                *(row if row.startswith("end") else ",".join(reversed(row.split(","))) for row in rows),
            ]
        ).encode(),
    }[way]
    done = take(street, of, content)
    assert (done.matched, done.found) == (3, 0)


WRONG: dict[str, tuple[Callable[[str], str], type[RaseedError]]] = {
    "cut in a line": (lambda text: text[:-60], BillsFileRefused),
    "cut after a line": (lambda text: text[: text.rindex("end")], BillsFileCut),
    "a line missing": (lambda text: "\r\n".join(text.split("\r\n")[:3] + text.split("\r\n")[4:]), BillsFileCut),
    "another sum": (lambda text: text.replace("39.50", "39.51"), BillsFileCut),
    "more after the end": (lambda text: text + text.split("\r\n")[2], BillsFileRefused),
    "another biller": (lambda text: text.replace(",town,", ",nur,"), BillsFileHead),
    "another currency": (lambda text: text.replace("EGP", "OMR"), BillsFileHead),
    "other minor units said": (lambda text: text.replace("EGP,2", "EGP,3"), BillsFileHead),
    "no day": (lambda text: text.replace(",2026-03-01\r\n", ",2026-02-30\r\n"), BillsFileHead),
    "no columns": (lambda text: text.replace("biller_reference", "reference"), BillsFileHead),
    "amount in minor units": (lambda text: text.replace(",10.00,", ",1000,"), BillsFileRow),
    "one decimal": (lambda text: text.replace(",10.00,", ",10.0,"), BillsFileRow),
    "three decimals": (lambda text: text.replace(",10.00,", ",10.000,"), BillsFileRow),
    "nothing": (lambda text: text.replace(",10.00,", ",0.00,"), BillsFileRow),
    "negative": (lambda text: text.replace(",10.00,", ",-10.00,"), BillsFileRow),
    "no amount": (lambda text: text.replace(",10.00,", ",,"), BillsFileRow),
    "no such day": (lambda text: text.replace("2026-03-01T12", "2026-03-32T12", 1), BillsFileRow),
    "no zone": (lambda text: text.replace("+02:00", "", 1), BillsFileRow),
    "hidden text": (lambda text: text.replace("town-", "town\x07-", 1), BillsFileRow),
    "a quote that does not end": (lambda text: text.replace("town-", '"town-', 1), BillsFileRefused),
    "too many cells": (lambda text: text.replace(",10.00,", ",10.00,1,"), BillsFileRefused),
    "not an id": (lambda text: text.replace("\r\n0", "\r\nX", 1), BillsFileRow),
    "empty": (lambda text: text[:0], BillsFileHead),
    "rubbish": (lambda text: "\x00\x01" * len(text), BillsFileHead),
    "nul": (lambda text: text.replace("town-", "\x00", 1), BillsFileRefused),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_file_that_is_not_right_is_refused_whole_with_the_line(street: Street, name: str) -> None:
    of, orders = day_of(street)
    text = received(of, told(orders))
    spoil, error = WRONG[name]
    with pytest.raises(error) as refused:
        take(street, of, spoil(text).encode())
    assert "line" in refused.value.params
    assert (ReconciliationRow.objects.count(), BreakRow.objects.count()) == (0, 0)
    assert take(street, of, text.encode()).matched == 3


def test_the_line_and_the_column_are_those_that_are_wrong(street: Street) -> None:
    of, orders = day_of(street)
    text = received(of, told(orders))
    with pytest.raises(BillsFileRow) as refused:
        take(street, of, text.replace(",25.50,", ",25.5,").encode())
    assert refused.value.params == {"line": 4, "column": "amount"}
    with pytest.raises(BillsFileRow) as refused:
        take(street, of, text.replace(str(orders[2].id), "7").encode())
    assert refused.value.params == {"line": 5, "column": "payment"}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200), st.integers(0, 700))
def test_whatever_comes_is_read_right_or_refused(street: Street, rubbish: bytes, place: int) -> None:
    of = next(iter(bills.billers_of(street.town.bank, by=people.SYSTEM)), None) or direct(street)
    if street.town.clock.now().date() == DAY:
        next_day(street)
    lines = [Told(new_id(), f"r-{number}", 100) for number in range(3)]
    whole = received(of, lines).encode()
    content = whole[:place] + rubbish + whole[place:]
    try:
        done = take(street, of, content)
    except RaseedError as refusal:
        assert isinstance(refusal, BillsFileRefused | bills.DayNotOver | bills.SettlementUnknown)  # noqa: PT017
        return
    assert (done.lines, done.total.amount_minor) == (3, 300)


def test_a_payment_that_they_name_by_their_own_reference_is_found(street: Street) -> None:
    of, orders = day_of(street)
    lines = [Told("", each.biller_reference, each.amount.amount_minor) for each in orders]
    assert reconcile(street, of, lines).matched == 3
    assert found(street) == []


def test_an_empty_file_says_that_they_have_nothing(street: Street) -> None:
    of, _ = day_of(street)
    assert reconcile(street, of, []).found == 3
    assert kinds(street) == ["missing_there"] * 3


# Every kind of difference, planted in a day of several billers.


class Day:
    """A day at three billers, into which differences are planted; ``expected`` says which."""

    def __init__(self, street: Street) -> None:
        self.street = street
        street.route = Bills(street.town.clock)
        self.town, self.nur, self.calm = direct(street, "town"), direct(street, "nur"), direct(street, "calm")
        _, self.account = street.person(money=5_000_000)
        self.files: dict[UUID, list[Told]] = {each.id: [] for each in (self.town, self.nur, self.calm)}
        self.expected: list[tuple[str, str]] = []

    def plain(self, of: bills.Biller, minors: list[int]) -> list[Told]:
        lines = told(pay(self.street, of, self.account, minors))
        self.files[of.id] += lines
        return lines

    def expect(self, kind: BreakKind, subject: object) -> None:
        self.expected.append((kind.value, str(subject)))

    def plant_in_files(self) -> None:
        lines = self.plain(self.town, [1_100, 1_200, 1_300, 1_400, 1_500])
        missing, dearer, twice, _, _ = lines
        file = self.files[self.town.id]
        file.remove(missing)
        self.expect(BreakKind.MISSING_THERE, missing.payment)
        file[file.index(dearer)] = Told(dearer.payment, dearer.reference, dearer.minor + 1)
        self.expect(BreakKind.AMOUNT_DIFFERS, dearer.payment)
        file.append(twice)
        self.expect(BreakKind.TWICE_THERE, twice.payment)
        stranger = Told(new_id(), "town-STRANGE", 900)
        file.append(stranger)
        self.expect(BreakKind.UNKNOWN_HERE, stranger.payment)

    def plant_other_bill(self) -> None:
        of = self.street.biller("hay", adapter=bills.AdapterKind.FILE)
        row = "T-1,12345678,2026-02-01,,,125.50,,exact,"
        head = "raseed-bills,1,hay,EGP,2\nnumber,account,issued_on,due_on,period,amount,minimum,part_payments,customer_name\n"
        content = f"{head}{row}\nend,1,125.50\n".encode()
        bills.take_in_bills(of.id, io.BytesIO(content), by=people.SYSTEM, reason="bills", clock=self.street.town.clock)
        payer = people.customer(self.account.owner_id)
        (bill,) = self.street.fetch(of, payer)
        made = self.street.order(of, payer, bill)
        bills.pay(order_id=made.id, customer_id=payer.id, from_account_id=self.account.id, clock=self.street.town.clock)
        self.street.town.clock.advance(timedelta(seconds=1))
        payments.carry_due(clock=self.street.town.clock)
        self.files[of.id] = [Told(made.id, "hay-1", 12_550, bills="T-2")]
        self.expect(BreakKind.OTHER_BILL, made.id)
        self.hay = of

    def plant_in_states(self) -> None:
        """One that they have taken while we do not know, one that we have given back."""
        under_way = self._held(self.nur)
        self.files[self.nur.id].append(Told(under_way.id, "nur-UNKNOWN", under_way.amount.amount_minor))
        self.expect(BreakKind.UNDER_WAY_HERE, under_way.id)
        given_back = self._held(self.nur)
        payment = payments.payment(given_back.id, given_back.customer_id)
        with transaction.atomic():
            end_payments([(payment, No("refused_by_biller", {"reason": "x"}))], clock=self.street.town.clock)
        self.files[self.nur.id].append(Told(given_back.id, "nur-BACK", given_back.amount.amount_minor))
        self.expect(BreakKind.RETURNED_HERE, given_back.id)
        self.under_way = under_way

    def _held(self, of: bills.Biller) -> bills.BillOrder:
        made = order(self.street, of, self.account, 777)
        bills.pay(
            order_id=made.id,
            customer_id=made.customer_id,
            from_account_id=self.account.id,
            clock=self.street.town.clock,
        )
        return made

    def plant_in_books(self) -> None:
        """A payment that the ledger lacks, postings without one, money straight in, and money that just left."""
        lost = order(self.street, self.nur, self.account, 888)
        self.street.reserve(lost, self.account)
        with transaction.atomic():
            self.street.route.settle([(self.street.payment(lost, self.account), Yes("nur-LOST"))])
        self.files[self.nur.id].append(Told(lost.id, "nur-LOST", 888))
        self.expect(BreakKind.PAYMENT_WITHOUT_LEDGER, lost.id)
        self.expect(BreakKind.OTHER_DAY, lost.id)
        stray = self._posted(self.account.id, self.nur.collection_account_id, 666)
        self.expect(BreakKind.LEDGER_WITHOUT_PAYMENT, stray)
        left = self._posted(self.nur.collection_account_id, self.account.id, 5)
        self.expect(BreakKind.UNEXPLAINED_DEBIT, left)
        straight = payments.send(
            id=new_id(), actor_customer_id=self.account.owner_id, from_account_id=self.account.id,
            to=banking.Alias(banking.AliasKind.NUMBER, self.nur.account_number), amount=Money(555, EGP), note="",
            clock=self.street.town.clock,
        )  # fmt: skip
        assert straight.state is PaymentState.SETTLED, straight.refusal
        self.expect(BreakKind.DIRECT_TRANSFER, straight.id)
        odd = order(self.street, self.nur, self.account, 444)
        self.street.reserve(odd, self.account)
        self._posted(self.account.id, self.nur.collection_account_id, 443, cause=odd.id)
        with transaction.atomic():
            self.street.route.settle([(self.street.payment(odd, self.account), Yes("nur-ODD"))])
        self.files[self.nur.id].append(Told(odd.id, "nur-ODD", 443))
        self.expect(BreakKind.LEDGER_AMOUNT, odd.id)

    def _posted(self, debit: UUID, credit: UUID, minor: int, cause: UUID | None = None) -> UUID:
        id_ = new_id()
        done = ledger.create_transfers([
            ledger.NewTransfer(
                id=id_, debit_account_id=debit, credit_account_id=credit, amount=minor, ledger=self.account.ledger,
                code=100, user_data=cause, booked_on=DAY,
            )
        ])  # fmt: skip
        assert done == [ledger.CreateTransferResult.OK]
        return id_

    def plant_tomorrow(self) -> None:
        """A payment of the next day that they have on this one."""
        self.early = pay(self.street, self.town, self.account, [3_333])[0]
        self.files[self.town.id] += told([self.early])
        self.expect(BreakKind.OTHER_DAY, self.early.id)


def test_every_planted_break_is_found_and_nothing_else(street: Street, capsys: pytest.CaptureFixture[str]) -> None:
    day = Day(street)
    day.plain(day.calm, [100 * number for number in range(1, 8)])
    day.plain(day.nur, [2_100, 2_200])
    day.plant_in_files()
    day.plant_other_bill()
    day.plant_in_books()
    next_day(street)
    day.plant_tomorrow()
    day.plant_in_states()
    done = {of.code: reconcile(street, of, day.files[of.id]) for of in (day.town, day.nur, day.calm, day.hay)}
    told_of = sorted((kind, subject) for kind, _, subject in found(street))
    assert told_of == sorted(day.expected)
    assert {kind for kind, _ in told_of} == {kind.value for kind in BreakKind}
    assert (done["calm"].matched, done["calm"].found) == (7, 0)
    print(table(street, done))  # to be read with -s
    assert len(capsys.readouterr().out.splitlines()) > len(BreakKind)


def table(street: Street, done: dict[str, bills.Reconciliation]) -> str:
    """Return what was found, as a table to be read."""
    names = {one.id: one.code for one in bills.billers_of(street.town.bank, by=people.SYSTEM)}
    rows = ["", "| biller | lines | agree |", "|---|---|---|"]
    rows += [f"| {code} | {each.lines} | {each.matched} |" for code, each in sorted(done.items())]
    rows += ["", "| break | biller | ours | theirs | age in days |", "|---|---|---|---|---|"]
    page = bills.breaks(street.town.bank, by=people.SYSTEM, clock=street.town.clock)
    today = street.town.clock.now().date()
    for each in sorted(page.breaks, key=lambda each: list(BreakKind).index(each.kind)):
        ours, theirs = (money.decimal_text() if money else "–" for money in (each.ours, each.theirs))
        words = bills.BREAK_WORDS[each.kind]
        rows.append(f"| {words} | {names[each.biller_id]} | {ours} | {theirs} | {each.age_days(today)} |")
    return "\n".join(rows)


# What explains a break closes it; what tells it again opens it.


def test_a_later_file_of_the_same_day_closes_what_it_explains_and_reopens_what_it_tells_again(street: Street) -> None:
    of, orders = day_of(street)
    lines = told(orders)
    reconcile(street, of, lines[1:])
    (row,) = BreakRow.objects.all()
    again = reconcile(street, of, lines)
    assert (again.found, again.explained, found(street)) == (0, 1, [])
    steps = bills.break_history(row.id, by=people.SYSTEM)
    assert [each.state.value for each in steps] == ["open", "closed"]
    assert steps[-1].outcome is bills.Outcome.NO_LONGER_TOLD
    assert steps[-1].reconciliation_id == again.id
    reconcile(street, of, [*lines[1:], Told(new_id(), "x", 5)])
    assert kinds(street) == ["missing_there", "unknown_here"]
    assert [each.state.value for each in bills.break_history(row.id, by=people.SYSTEM)] == ["open", "closed", "open"]


def test_what_they_tell_a_day_late_is_explained_by_that_day_s_file(street: Street) -> None:
    of, orders = day_of(street)
    _, account = street.person()
    tomorrows = pay(street, of, account, [60])
    reconcile(street, of, told(orders[1:]))
    assert kinds(street) == ["missing_there"]
    next_day(street)
    done = reconcile(street, of, told([*tomorrows, orders[0]]), NEXT)
    assert (done.found, done.explained) == (0, 1)
    assert found(street) == []
    (row,) = BreakRow.objects.all()
    assert bills.break_history(row.id, by=people.SYSTEM)[-1].outcome is bills.Outcome.TOLD_ON_OTHER_DAY
    reconcile(street, of, [*told(orders[1:]), Told(new_id(), "x", 5)])  # the first day again, mended elsewhere
    assert kinds(street) == ["unknown_here"]


def test_what_they_tell_a_day_early_is_explained_when_that_day_comes(street: Street) -> None:
    of, orders = day_of(street)
    _, account = street.person()
    early, plain = pay(street, of, account, [60, 70])
    reconcile(street, of, told([*orders, early]))
    assert [(kind, subject) for kind, _, subject in found(street)] == [("other_day", str(early.id))]
    next_day(street)
    assert reconcile(street, of, told([plain]), NEXT).explained == 1
    assert found(street) == []


def test_what_was_under_way_closes_itself_when_it_has_ended(street: Street) -> None:
    of = direct(street)
    _, account = street.person()
    street.town.until(DAY, hour=21)
    street.town.clock.advance(timedelta(minutes=59))  # a minute to midnight in Cairo
    taken, given_back = (order(street, of, account, minor) for minor in (100, 200))
    for each in (taken, given_back):
        bills.pay(order_id=each.id, customer_id=account.owner_id, from_account_id=account.id, clock=street.town.clock)
    street.town.clock.advance(timedelta(minutes=2))
    reconcile(street, of, told([taken, given_back]))
    assert kinds(street) == ["under_way_here", "under_way_here"]
    with transaction.atomic():
        back = payments.payment(given_back.id, given_back.customer_id)
        end_payments([(back, No("refused_by_biller", {"reason": "x"}))], clock=street.town.clock)
    payments.carry_due(clock=street.town.clock)
    street.town.until(DAY + timedelta(days=2))
    bills.close_days(clock=street.town.clock)
    assert [(kind, day) for kind, day, _ in found(street)] == [("returned_here", DAY)]


def test_a_file_of_which_nothing_fits_is_not_this_day_s(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    from raseed.bills.reconciliation import reconciling  # noqa: PLC0415

    of, _ = day_of(street)
    monkeypatch.setattr(reconciling, "BREAKS_MAX", 5)
    with pytest.raises(bills.TooManyBreaks):
        reconcile(street, of, [Told(new_id(), f"r{number}", 5) for number in range(6)])
    assert BreakRow.objects.count() == 0
    with pytest.raises(bills.DayNotOver):
        reconcile(street, of, [], date(2026, 3, 2))


# Breaks are somebody's work.


def test_a_break_is_aged_assigned_resolved_with_a_reason_and_comes_back(street: Street) -> None:
    of, orders = day_of(street)
    reconcile(street, of, told(orders[1:]))
    worker = street.town.staff("bills.reconciliation.work")
    (one,) = bills.breaks(street.town.bank, by=worker, clock=street.town.clock).breaks
    assert one.age_days(street.town.clock.now().date()) == 1
    old = bills.BreakFilter(days_min=2)
    assert bills.breaks(street.town.bank, by=worker, wanted=old, clock=street.town.clock).breaks == ()
    assert bills.open_breaks(street.town.bank, by=worker) == {BreakKind.MISSING_THERE: (1, DAY)}
    with pytest.raises(bills.AssigneeUnfit):
        bills.assign_break(one.id, to=new_id(), by=worker, reason="look at it")
    with pytest.raises(UnacceptableText):
        bills.resolve_break(one.id, outcome=bills.Outcome.ACCEPTED, by=worker, reason="")
    with pytest.raises(InputError):
        bills.resolve_break(one.id, outcome=bills.Outcome.SETTLED_SINCE, by=worker, reason="it seems so")
    done = bills.resolve_break(one.id, outcome=bills.Outcome.MENDED_THERE, by=worker, reason="they entered it")
    assert done.state is bills.BreakState.RESOLVED
    with pytest.raises(bills.BreakEnded):
        bills.resolve_break(one.id, outcome=bills.Outcome.ACCEPTED, by=worker, reason="once more")
    assert kinds(street, bills.BreakFilter(is_open=False)) == ["missing_there"]
    bills.reopen_break(one.id, by=worker, reason="not so after all")
    steps = bills.break_history(one.id, by=worker)
    assert [(each.number, each.state.value, each.note) for each in steps] == [
        (1, "open", ""),
        (2, "resolved", "they entered it"),
        (3, "open", "not so after all"),
    ]
    with connection.cursor() as cursor:
        cursor.execute("SELECT action FROM platform_audit WHERE subject = %s ORDER BY 1", [f"break:{one.id}"])
        assert [action for (action,) in cursor.fetchall()] == ["bills.break_reopened", "bills.break_resolved"]


def test_nobody_works_on_breaks_without_permission(street: Street) -> None:
    of, orders = day_of(street)
    reconcile(street, of, told(orders[1:]))
    (row,) = BreakRow.objects.all()
    stranger = street.town.staff("bills.view", "bills.settlement.view")
    with pytest.raises(people.NotPermitted):
        bills.breaks(street.town.bank, by=stranger)
    with pytest.raises(bills.BreakUnknown):
        bills.break_of(row.id, by=stranger)
    with pytest.raises(bills.BreakUnknown):
        bills.resolve_break(row.id, outcome=bills.Outcome.ACCEPTED, by=stranger, reason="let it be")
    with pytest.raises(people.NotPermitted):
        bills.reconcile(of.id, io.BytesIO(b""), by=stranger, reason="their file")


def test_breaks_come_in_pages_the_oldest_first(street: Street) -> None:
    of, _ = day_of(street)
    reconcile(street, of, [])
    first = bills.breaks(street.town.bank, by=people.SYSTEM, limit=2)
    assert (len(first.breaks), first.next is not None) == (2, True)
    second = bills.breaks(street.town.bank, by=people.SYSTEM, limit=2, after=first.next or "")
    assert (len(second.breaks), second.next) == (1, None)
    with pytest.raises(InputError):
        bills.breaks(street.town.bank, by=people.SYSTEM, after="x")


def test_the_database_keeps_breaks_and_their_steps(street: Street) -> None:
    of, _ = day_of(street)
    reconcile(street, of, [])
    for statement in (
        "DELETE FROM bills_break",
        "UPDATE bills_break SET ours_minor = 1, steps = steps + 1",
        "UPDATE bills_break SET state = 'resolved'",
        "UPDATE bills_break_step SET note = 'x'",
        "INSERT INTO bills_break_step SELECT of_id, 2, at, 'open', actor, NULL, NULL, '', NULL FROM bills_break_step",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
