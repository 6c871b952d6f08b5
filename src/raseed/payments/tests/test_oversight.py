"""What staff see of payments and files, and what they do not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest

from raseed.banking.api import Alias, AliasKind, BankAccount
from raseed.banking.tests.town import Town, build_town
from raseed.kernel.ids import new_id
from raseed.kernel.money import Money, currency
from raseed.payments import api as payments
from raseed.payments.api import OrderState, PaymentFilter, PaymentState
from raseed.people import api as people

from .filing import Blk, File, Pay, send_file

EGP = currency("EGP")


class Street:
    """Mona pays Ziad and herself, Ziad pays back, and Mona pays nobody."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.mona, self.ziad = (town.person(name, f"+20100123456{n}") for n, name in enumerate(("منى", "زياد")))
        self.monas = town.wallet(self.mona, money=100_000)
        self.second = town.current(self.mona)
        self.ziads = town.wallet(self.ziad)
        self.looks = town.staff("payments.view", "payments.orders.view")
        number = self.second.alias(AliasKind.NUMBER)
        assert number is not None
        phone = AliasKind.PHONE
        self.sent = [
            self.pay(self.monas, Alias(phone, self.ziad.phone), 1_000),
            self.pay(self.ziads, Alias(phone, self.mona.phone), 300),
            self.pay(self.monas, Alias(AliasKind.NUMBER, number), 50),
            self.pay(self.monas, Alias(phone, "+201009999999"), 7),
        ]

    def pay(self, source: BankAccount, to: Alias, amount_minor: int) -> UUID:
        self.town.clock.advance(timedelta(minutes=1))
        id_ = new_id()
        payments.send(
            id=id_, actor_customer_id=source.owner_id, from_account_id=source.id, to=to, amount=Money(amount_minor, EGP),
            clock=self.town.clock,
        )  # fmt: skip
        return id_

    def about(self, **what: object) -> list[int]:
        """Return which of the payments are told of, by their place."""
        page = payments.payments_about(by=self.looks, **what)  # type: ignore[arg-type]
        return [self.sent.index(payment.id) for payment in page.payments]


def a_street() -> Street:
    return Street(build_town())


@pytest.fixture
def build() -> Callable[[], Street]:
    return a_street


@pytest.fixture
def street(built: Street) -> Street:
    return built


def test_payments_of_a_customer_and_of_an_account_are_told_newest_first_each_once(street: Street) -> None:
    assert street.about(customer_id=street.mona.id) == [3, 2, 1, 0]
    assert street.about(customer_id=street.ziad.id) == [1, 0]
    assert street.about(account_id=street.second.id) == [2]
    assert street.about(account_id=street.monas.id) == [3, 2, 1, 0]
    first = payments.payments_about(by=street.looks, customer_id=street.mona.id, limit=3)
    assert len(first.payments) == 3
    assert first.next is not None
    rest = payments.payments_about(by=street.looks, customer_id=street.mona.id, before=first.next)
    assert [street.sent.index(payment.id) for payment in rest.payments] == [0]
    assert rest.next is None


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (PaymentFilter(states=frozenset({PaymentState.REFUSED})), [3]),
        (PaymentFilter(sent=True), [3, 2, 0]),
        (PaymentFilter(sent=False), [2, 1]),
        (PaymentFilter(least_minor=50, most_minor=300), [2, 1]),
        (PaymentFilter(route="on_us"), [2, 1, 0]),
        (PaymentFilter(route=""), [3]),
    ],
)
def test_filters_narrow_what_is_told(street: Street, wanted: PaymentFilter, expected: list[int]) -> None:
    assert street.about(customer_id=street.mona.id, wanted=wanted) == expected


def test_a_span_of_time_narrows_what_is_told(street: Street) -> None:
    now = street.town.clock.now()
    wanted = PaymentFilter(since=now - timedelta(minutes=2), until=now)
    assert street.about(customer_id=street.mona.id, wanted=wanted) == [2, 1]


def test_who_may_not_look_is_refused(street: Street) -> None:
    for stranger in (
        street.town.staff("banking.accounts.view"),
        street.town.staff("payments.view", "payments.orders.view", at=street.town.other_bank),
    ):
        with pytest.raises(people.NotPermitted):
            payments.payments_about(by=stranger, customer_id=street.mona.id)
        with pytest.raises(people.NotPermitted):
            payments.payments_about(by=stranger, account_id=street.monas.id)
        with pytest.raises(people.NotPermitted):
            payments.orders_about(street.mona.id, by=stranger)


def test_files_of_a_customer_are_told_newest_first(street: Street) -> None:
    debtor, to = (account.alias(AliasKind.PHONE) or "" for account in (street.monas, street.ziads))
    for number in (1, 2):
        send_file(File([Blk(debtor, [Pay(to, "1")])], f"M{number}"), street.mona.id, street.town.clock)
    send_file(b"<no file>", street.mona.id, street.town.clock)
    page = payments.orders_about(street.mona.id, by=street.looks, limit=2)
    assert [(order.message_id, order.state) for order in page.orders] == [
        (None, OrderState.REFUSED), ("M2", OrderState.ACCEPTED),
    ]  # fmt: skip
    assert page.next is not None
    assert payments.orders_about(street.mona.id, by=street.looks, before=page.next).orders[0].message_id == "M1"
    assert payments.orders_about(street.ziad.id, by=street.looks).orders == ()
