"""Payments: carried out once, refused in words, and told as they happened."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from uuid import UUID

import psycopg
import pytest

from raseed.banking import api as banking
from raseed.banking.api import Alias, AliasKind, BankAccount
from raseed.banking.tests.town import NOON, Town, build_town
from raseed.display import api as display
from raseed.kernel.errors import RaseedError
from raseed.kernel.ids import new_id
from raseed.kernel.money import AMOUNT_MINOR_MAX, CurrencyMismatch, Money, currency
from raseed.kernel.text import UnacceptableText
from raseed.ledger import api as ledger
from raseed.payments import api as payments
from raseed.payments import routes
from raseed.payments.api import Instruction, Payment, PaymentState
from raseed.people import api as people

EGP = currency("EGP")


class Pair:
    """Two people of the town with wallets: Mona has 1,000 pounds, Ziad nothing."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.mona = town.person("منى علي", "+201001234567")
        self.ziad = town.person("زياد حسن", "+201001234568")
        self.monas = town.wallet(self.mona, money=100_000)
        self.ziads = town.wallet(self.ziad)
        self.to_ziad = Alias(AliasKind.PHONE, self.ziad.phone)

    def send(
        self, amount_minor: int = 1_000, *, id_: UUID | None = None, to: Alias | None = None, note: str = ""
    ) -> Payment:
        """Mona sends."""
        return payments.send(
            id=id_ or new_id(),
            actor_customer_id=self.mona.id,
            from_account_id=self.monas.id,
            to=to or self.to_ziad,
            amount=Money(amount_minor, EGP),
            note=note,
            clock=self.town.clock,
        )

    def preview(self, amount_minor: int = 1_000, *, to: Alias | None = None) -> payments.Preview:
        """Mona looks before she sends."""
        return payments.preview(
            actor_customer_id=self.mona.id,
            from_account_id=self.monas.id,
            to=to or self.to_ziad,
            amount=Money(amount_minor, EGP),
            clock=self.town.clock,
        )

    def balances(self) -> tuple[int, int]:
        """Mona's and Ziad's."""
        return shown(self.monas), shown(self.ziads)


def shown(account: BankAccount) -> int:
    return display.shown_balance(account.id).booked.amount_minor


def a_pair() -> Pair:
    return Pair(build_town())


@pytest.fixture
def build() -> Callable[[], Pair]:
    return a_pair


@pytest.fixture
def pair(built: Pair) -> Pair:
    return built


def test_a_payment_arrives_and_its_timeline_says_so(pair: Pair) -> None:
    payment = pair.send(2_500, note="  للإيجار ")
    assert pair.balances() == (97_500, 2_500)
    assert (payment.state, payment.fee, payment.note) == (PaymentState.SETTLED, Money(0, EGP), "للإيجار")
    assert [(step.state, step.at) for step in payment.timeline] == [
        (PaymentState.ACCEPTED, NOON),
        (PaymentState.SETTLED, NOON),
    ]
    assert payment.booked_on == date(2026, 3, 1)
    assert payments.payment(payment.id, pair.mona.id) == payment
    assert payments.payment(payment.id, pair.ziad.id) == payment
    with pytest.raises(payments.PaymentUnknown):
        payments.payment(payment.id, new_id())
    assert payments.counterparties([payment], customer_id=pair.mona.id, language="ar") == {payment.id: "ز••• ح•••"}
    assert payments.counterparties([payment], customer_id=pair.ziad.id, language="ar") == {payment.id: "منى علي"}


def test_the_preview_masks_the_recipient_and_shows_the_fee_as_zero(pair: Pair) -> None:
    preview = pair.preview()
    assert (preview.recipient_name, preview.recipient_institution) == ("ز••• ح•••", "nile")
    assert (preview.fee, preview.total) == (Money(0, EGP), Money(1_000, EGP))
    assert pair.balances() == (100_000, 0)


def test_a_repeat_returns_the_first_answer_and_moves_nothing(pair: Pair) -> None:
    id_ = new_id()
    first = pair.send(id_=id_)
    pair.town.clock.advance(timedelta(days=1))
    assert pair.send(id_=id_) == first
    assert pair.balances() == (99_000, 1_000)


def test_the_same_id_with_other_content_is_a_conflict(pair: Pair) -> None:
    id_ = new_id()
    pair.send(id_=id_, note="a")
    for changed in (
        {"note": "b"},
        {"amount_minor": 1_001, "note": "a"},
        {"to": Alias(AliasKind.NUMBER, "1"), "note": "a"},
    ):
        with pytest.raises(payments.PaymentIdTaken):
            pair.send(id_=id_, **changed)
    with pytest.raises(payments.PaymentIdTaken):
        payments.send(
            id=id_, actor_customer_id=pair.ziad.id, from_account_id=pair.ziads.id, to=pair.to_ziad,
            amount=Money(1_000, EGP), note="a",
        )  # fmt: skip
    assert pair.balances() == (99_000, 1_000)


def test_a_refusal_is_kept_and_repeated_even_when_it_would_pass_now(pair: Pair) -> None:
    town = pair.town
    id_ = new_id()
    poor = town.wallet(town.person("سمير", "+201001234569"))
    ask = {
        "id": id_, "actor_customer_id": poor.owner_id, "from_account_id": poor.id, "to": pair.to_ziad,
        "amount": Money(5, EGP), "clock": town.clock,
    }  # fmt: skip
    refused = payments.send(**ask)  # type: ignore[arg-type]
    assert refused.state is PaymentState.REFUSED
    assert isinstance(refused.refusal, payments.NotEnoughMoney)
    pair.send(500, to=Alias(AliasKind.PHONE, "+201001234569"))
    again = payments.send(**ask)  # type: ignore[arg-type]
    assert (again.state, again.timeline[-1].reason_code) == (PaymentState.REFUSED, "not_enough_money")
    assert again.timeline[-1].at == refused.timeline[-1].at
    assert shown(poor) == 500
    assert pair.balances() == (99_500, 0)


def refused_code(payment: Payment) -> str | None:
    assert payment.state is PaymentState.REFUSED
    return payment.timeline[-1].reason_code


def test_every_refusal_is_typed_kept_and_changes_no_balance(pair: Pair) -> None:
    town = pair.town
    blocked = town.wallet(town.person("ب", "+201001230001"))
    banking.block_account(account_id=blocked.id, by=people.SYSTEM, reason="test")
    closed = town.wallet(town.person("ج", "+201001230002"))
    banking.close_account(account_id=closed.id, by=people.SYSTEM, reason="test")
    town.wallet(town.person("د", "+963944000001", at=town.other_bank), at=town.other_bank)
    cases: dict[str, Alias] = {
        "recipient_unknown": Alias(AliasKind.PHONE, "+201009999999"),
        "recipient_blocked": Alias(AliasKind.PHONE, "+201001230001"),
        "recipient_closed": Alias(AliasKind.PHONE, "+201001230002"),
        "switch_not_connected": Alias(AliasKind.PHONE, "+963944000001"),
        "self_transfer": Alias(AliasKind.PHONE, pair.mona.phone),
    }
    for code, to in cases.items():
        assert refused_code(pair.send(to=to)) == code
        with pytest.raises(RaseedError) as refused:
            pair.preview(to=to)
        assert refused.value.code == code
    elsewhere = Alias(AliasKind.PHONE, pair.ziad.phone, town.other_bank)
    assert refused_code(pair.send(to=elsewhere)) == "switch_not_connected"
    assert refused_code(pair.send(100_001)) == "limit_per_transfer"
    assert pair.balances() == (100_000, 0)
    page = payments.payments_of(pair.mona.id)
    assert {payment.state for payment in page.payments} == {PaymentState.REFUSED}
    with pytest.raises(payments.PaymentUnknown):
        payments.payment(page.payments[0].id, pair.ziad.id)


def test_bad_input_is_refused_before_anything_is_kept(pair: Pair) -> None:
    for amount in (0, -5, AMOUNT_MINOR_MAX + 1):
        with pytest.raises(payments.AmountNotPositive):
            pair.send(amount)
    for note in ("a\x00b", "\u202eevil", "zero\u200bwidth", "x" * 141):
        with pytest.raises(UnacceptableText):
            pair.send(note=note)
    with pytest.raises(banking.InvalidIban):
        pair.send(to=Alias(AliasKind.IBAN, "EG390019000500000000263180002"))
    with pytest.raises(CurrencyMismatch):
        payments.send(
            id=new_id(), actor_customer_id=pair.mona.id, from_account_id=pair.monas.id, to=pair.to_ziad,
            amount=Money(5, currency("USD")),
        )  # fmt: skip
    for actor, account in ((pair.ziad.id, pair.monas.id), (pair.mona.id, new_id())):
        with pytest.raises(banking.AccountUnknown):
            payments.send(
                id=new_id(), actor_customer_id=actor, from_account_id=account, to=pair.to_ziad, amount=Money(5, EGP)
            )
    assert payments.payments_of(pair.mona.id) == payments.PaymentPage()
    assert pair.balances() == (100_000, 0)


def test_a_blocked_payer_sends_nothing_until_unblocked(pair: Pair) -> None:
    banking.block_account(account_id=pair.monas.id, by=people.SYSTEM, reason="stolen phone")
    assert refused_code(pair.send()) == "account_blocked"
    banking.unblock_account(account_id=pair.monas.id, by=people.SYSTEM, reason="found")
    assert pair.send().state is PaymentState.SETTLED


def test_the_daily_limit_counts_what_settled_and_begins_again_at_midnight_of_the_zone(pair: Pair) -> None:
    town = pair.town
    rich = town.wallet(town.person("غ", "+201001230003"), money=1_000_000)

    def give(amount_minor: int) -> Payment:
        return payments.send(
            id=new_id(), actor_customer_id=rich.owner_id, from_account_id=rich.id, to=pair.to_ziad,
            amount=Money(amount_minor, EGP), clock=town.clock,
        )  # fmt: skip

    assert give(100_000).state is PaymentState.SETTLED
    assert give(100_000).state is PaymentState.SETTLED
    over = give(50_001)
    assert refused_code(over) == "limit_per_day"
    assert over.refusal is not None
    assert over.refusal.params["left"] == Money(50_000, EGP)
    assert payments.payment(over.id, rich.owner_id).refusal.params == over.refusal.params  # type: ignore[union-attr]
    town.clock.advance(timedelta(hours=9, minutes=59))  # 23:59 in Cairo
    assert give(50_000).state is PaymentState.SETTLED
    assert refused_code(give(1)) == "limit_per_day"
    town.clock.advance(timedelta(minutes=2))
    assert give(100_000).state is PaymentState.SETTLED


def test_a_payment_that_the_books_refuse_takes_nothing_from_the_limit(pair: Pair) -> None:
    assert pair.send(60_000).state is PaymentState.SETTLED
    assert refused_code(pair.send(90_000)) == "not_enough_money"
    assert banking.left_today(pair.monas.id, now=NOON)[1] == Money(190_000, EGP)
    with pytest.raises(payments.NotEnoughMoney):
        pair.preview(90_000)


def test_a_fee_that_is_set_is_shown_taken_and_earned(pair: Pair) -> None:
    banking.set_fee(
        product_id=pair.monas.product.id, event=banking.FeeEvent.TRANSFER_ON_US, amount_minor=150,
        valid_from=date(2026, 3, 1), actor="staff:1", reason="test",
    )  # fmt: skip
    assert pair.preview(1_000).total == Money(1_150, EGP)
    assert pair.send(1_000).fee == Money(150, EGP)
    assert pair.balances() == (98_850, 1_000)
    fees = banking.internal_account(pair.town.bank, banking.InternalRole.FEES)
    assert shown_by_ledger(fees.id) == 150
    assert refused_code(pair.send(98_800)) == "not_enough_money"  # the amount is there, the fee is not
    assert pair.balances() == (98_850, 1_000)


def shown_by_ledger(account_id: UUID) -> int:
    books = ledger.look_up_accounts([account_id])[account_id].balances
    return books.credits_posted - books.debits_posted


def test_own_accounts_pay_each_other_by_iban(pair: Pair) -> None:
    current = pair.town.current(pair.mona)
    iban = current.alias(AliasKind.IBAN)
    assert iban is not None
    payment = pair.send(300, to=Alias(AliasKind.IBAN, iban.lower()))
    assert payment.state is PaymentState.SETTLED
    assert shown(current) == 300
    words = payments.counterparties([payment], customer_id=pair.mona.id, language="en")
    assert words == {payment.id: "Account"}


def test_a_batch_settles_and_refuses_one_by_one_in_order(pair: Pair) -> None:
    third = pair.town.wallet(pair.town.person("ث", "+201001230004"))

    def order(payer: BankAccount, phone: str, amount_minor: int, on: date) -> Instruction:
        return Instruction(
            new_id(), payer.owner_id, payer.id, Alias(AliasKind.PHONE, phone), Money(amount_minor, EGP),
            instructed_at=NOON - timedelta(days=(NOON.date() - on).days), booked_on=on,
        )  # fmt: skip

    day = date(2026, 1, 5)
    batch = [
        order(pair.monas, pair.ziad.phone, 70_000, day),
        order(pair.ziads, "+201001230004", 60_000, day),
        order(third, pair.mona.phone, 60_001, day),
        order(third, pair.mona.phone, 10_000, day + timedelta(days=1)),
        order(pair.monas, "+201009999999", 5, day + timedelta(days=1)),
        order(pair.monas, pair.ziad.phone, 40_001, day + timedelta(days=2)),
        order(pair.monas, pair.ziad.phone, 40_000, day + timedelta(days=2)),
    ]
    answers = payments.send_many(batch, clock=pair.town.clock)
    assert [answer.timeline[-1].reason_code for answer in answers] == [
        None, None, "not_enough_money", None, "recipient_unknown", "not_enough_money", None,
    ]  # fmt: skip
    assert (*pair.balances(), shown(third)) == (0, 50_000, 50_000)
    assert [answer.booked_on for answer in answers] == [each.booked_on for each in batch]
    assert {step.at for step in answers[0].timeline} == {batch[0].instructed_at}
    assert payments.send_many(batch, clock=pair.town.clock) == answers
    assert payments.send_many([], clock=pair.town.clock) == []
    with pytest.raises(payments.TooManyPayments):
        payments.send_many(batch * 2000)


def test_a_batch_with_bad_input_carries_out_none(pair: Pair) -> None:
    good = Instruction(new_id(), pair.mona.id, pair.monas.id, pair.to_ziad, Money(5, EGP))
    for bad in (
        Instruction(new_id(), pair.mona.id, pair.monas.id, pair.to_ziad, Money(0, EGP)),
        Instruction(good.id, pair.mona.id, pair.monas.id, pair.to_ziad, Money(6, EGP)),
    ):
        with pytest.raises(RaseedError):
            payments.send_many([good, bad])
    assert pair.balances() == (100_000, 0)
    twice = payments.send_many([good, good])
    assert twice[0] == twice[1]
    assert pair.balances() == (99_995, 5)


def test_payments_are_listed_newest_first_page_by_page(pair: Pair) -> None:
    sent = [pair.send(1 + place) for place in range(7)]
    pages, before = [], None
    while True:
        page = payments.payments_of(pair.mona.id, before=before, limit=3)
        pages.append(page.payments)
        if page.next is None:
            break
        before = banking.Cursor.parse(page.next.text())
    assert [len(page) for page in pages] == [3, 3, 1]
    assert [payment for page in pages for payment in page] == sent[::-1]
    assert payments.payments_of(pair.ziad.id).payments == ()


def test_the_statement_tells_who_when_how_much_and_what_is_left(pair: Pair) -> None:
    first = pair.send(2_500, note="للإيجار")
    pair.send(100)
    current = pair.town.current(pair.mona)
    pair.send(40, to=Alias(AliasKind.NUMBER, current.alias(AliasKind.NUMBER) or ""))
    lines = banking.statement(pair.monas.id, language="en").lines
    assert [(line.amount.amount_minor, line.balance_after.amount_minor, line.counterparty) for line in lines] == [
        (-40, 97_360, "Account"),
        (-100, 97_400, "ز••• ح•••"),
        (-2_500, 97_500, "ز••• ح•••"),
        (100_000, 100_000, "Cash"),
    ]
    told = lines[2]
    assert (told.reference, told.note, told.payment_id) == (first.reference, "للإيجار", first.id)
    assert told.booked_on == first.booked_on
    (newest, oldest) = banking.statement(pair.ziads.id, language="ar").lines
    assert (newest.counterparty, newest.amount.amount_minor, newest.balance_after.amount_minor) == (
        "منى علي",
        100,
        2_600,
    )
    assert oldest.note == "للإيجار"
    (cash,) = (line for line in banking.statement(pair.monas.id, language="ar").lines if line.payment_id is None)
    assert cash.counterparty == "نقدًا"


def test_a_statement_is_read_page_by_page_to_its_first_line(pair: Pair) -> None:
    for place in range(120):
        pair.send(1 + place)
    amounts: list[int] = []
    sizes, before = [], None
    while True:
        page = banking.statement(pair.ziads.id, before=before)
        sizes.append(len(page.lines))
        amounts += [line.amount.amount_minor for line in page.lines]
        if page.next is None:
            break
        before = banking.Cursor.parse(page.next.text())
    assert sizes == [50, 50, 20]
    assert amounts == list(range(120, 0, -1))


def test_another_route_may_take_what_is_not_on_us(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    till = banking.internal_account(pair.town.bank, banking.InternalRole.CASH)

    class Out:
        code = "out"

        def find(self, orders: object) -> list[payments.Destination | RaseedError | None]:
            return [
                payments.Destination("out", till.id, pair.town.bank, None) if to.value == "+201009999999" else None
                for _, to in orders  # type: ignore[attr-defined]
            ]

    monkeypatch.setattr(routes, "_routes", list(routes._routes))
    payments.register_route(Out())
    payments.register_route(Out())
    paid = pair.send(700, to=Alias(AliasKind.PHONE, "+201009999999"))
    assert (paid.route, paid.state) == ("out", PaymentState.SETTLED)
    assert refused_code(pair.send(to=Alias(AliasKind.PHONE, "+201009999998"))) == "recipient_unknown"
    assert pair.balances() == (99_300, 0)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE payments_payment SET amount_minor = 1",
        "UPDATE payments_payment SET state = 'refused'",
        "DELETE FROM payments_payment",
        "TRUNCATE payments_payment CASCADE",
        "UPDATE payments_step SET state = 'refused'",
        "DELETE FROM payments_step",
        "TRUNCATE payments_step",
        "INSERT INTO payments_step SELECT 3, now(), 'settled', NULL, NULL, id FROM payments_payment",
        "INSERT INTO payments_step SELECT 4, now(), 'settled', NULL, NULL, id FROM payments_payment",
        "INSERT INTO payments_step VALUES (1, now(), 'accepted', NULL, NULL, gen_random_uuid())",
    ],
)
def test_the_database_refuses_what_no_verb_does(pair: Pair, database, statement: str) -> None:
    pair.send()
    with psycopg.connect(database.owner_dsn) as owner, pytest.raises(psycopg.errors.RestrictViolation):
        owner.execute(statement)


def test_every_step_has_words_in_three_languages(pair: Pair) -> None:
    step = pair.send(100_001).timeline[-1]
    words = {language: payments.step_words(step, language) for language in ("ar", "he", "en")}
    assert words["en"].startswith("Refused. Nothing has left your account.")
    assert "1,000.00" in words["en"]
    assert len(set(words.values())) == 3
    assert tuple(words) == people.LANGUAGES


def test_an_id_that_the_ledger_knows_from_elsewhere_is_a_conflict(pair: Pair) -> None:
    till = banking.internal_account(pair.town.bank, banking.InternalRole.CASH)
    deposit = ledger.NewTransfer(new_id(), till.id, pair.ziads.id, 5, till.ledger, 1)
    ledger.create_transfers([deposit])
    with pytest.raises(payments.PaymentIdTaken):
        pair.send(id_=deposit.id)
    assert pair.balances() == (100_000, 5)


def test_money_that_is_only_held_is_no_line_until_it_is_posted(pair: Pair) -> None:
    till = banking.internal_account(pair.town.bank, banking.InternalRole.CASH)

    def hold(amount_minor: int) -> ledger.NewTransfer:
        return ledger.NewTransfer(
            new_id(), pair.monas.id, till.id, amount_minor, till.ledger, 1, flags=ledger.TransferFlags.PENDING
        )

    kept, released, open_ = hold(300), hold(400), hold(500)
    post = ledger.NewTransfer(
        new_id(), None, None, 250, 0, 0, flags=ledger.TransferFlags.POST_PENDING_TRANSFER, pending_id=kept.id
    )
    void = ledger.NewTransfer(
        new_id(), None, None, 0, 0, 0, flags=ledger.TransferFlags.VOID_PENDING_TRANSFER, pending_id=released.id
    )
    for batch in ([kept, released, open_], [post, void]):
        assert ledger.create_transfers(batch) == [ledger.CreateTransferResult.OK] * len(batch)
    lines = banking.statement(pair.monas.id, limit=1).lines
    assert [(line.amount.amount_minor, line.balance_after.amount_minor) for line in lines] == [(-250, 99_750)]
    page = banking.statement(pair.monas.id)
    assert [line.amount.amount_minor for line in page.lines] == [-250, 100_000]
    assert page.next is None
    shown_now = display.shown_balance(pair.monas.id)
    assert (shown_now.booked.amount_minor, shown_now.available.amount_minor) == (99_750, 99_250)
