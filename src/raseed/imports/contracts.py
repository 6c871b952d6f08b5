"""Bringing in what books tell of beside their lines: loans with what the lines paid of them, and standing orders.

All of it is in the importer's transaction. A loan is granted at its date against ``clearing``, the account on the other side
of every line to or from another bank: the money went out there and came back from there, so nothing is paid out twice, and
a line that paid an instalment comes back from there into the loan.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Final, TypeVar
from uuid import UUID

from raseed.banking import api as banking
from raseed.banking.api import Alias, AliasKind, BusinessDayRule, LoanTerms
from raseed.kernel.errors import mark
from raseed.kernel.money import Money
from raseed.ledger import api as ledger
from raseed.payments import api as payments

from .domain.books import Purpose, derived_id
from .domain.contracts import days_of_orders, first_due_after, loans_of_orders, payments_of_loans
from .errors import LineContentDiffers
from .models import LoanContractRow, LoanPaymentRow, OrderRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from raseed.kernel.clock import Clock
    from raseed.platform.api import Progress

    from .domain.books import BookLine, BookLoan, BookOrder, Books
    from .models import RunRow

LOAN_PAYMENT_CODE: Final = 720
"""The ledger's transfer code of an imported line's money coming back into the loan that it paid."""
DAY_UNKNOWN: Final = 1
"""The day of the month for an order that no line shows. It does not matter while there is no way to its recipient."""
LOOK_UP_MAX: Final = 5_000
BRINGING_IN: Final = mark("bringing in loans and standing orders")
_Row = TypeVar("_Row", LoanContractRow, OrderRow)
_PURPOSES: Final = {
    Purpose.HOUSEHOLD: payments.Purpose.HOUSEHOLD,
    Purpose.INSURANCE: payments.Purpose.INSURANCE,
    Purpose.LOAN: payments.Purpose.LOAN,
    Purpose.LEASING: payments.Purpose.LEASING,
}


@dataclass(frozen=True, slots=True)
class Contracts:
    """What of the books' contracts is not here yet, judged; and how many are here already."""

    loans: tuple[BookLoan, ...] = ()
    loans_known: int = 0
    orders: tuple[BookOrder, ...] = ()
    orders_known: int = 0
    payments: tuple[tuple[BookLoan, BookLine], ...] = ()
    order_loans: Mapping[str, BookLoan] = field(default_factory=dict)
    order_days: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_new(self) -> bool:
        """Whether there is anything to bring in."""
        return bool(self.loans or self.orders or self.payments)


def judged_contracts(books: Books) -> Contracts:
    """Return what is to be brought in, having compared what is here with what the books say now.

    Raises:
        LineContentDiffers: an id came before with other content.
    """
    loans_here = _loans_here(books)
    orders_here = _orders_here(books)
    paid = payments_of_loans(books.lines, books.loans)
    ids = [_line_id(books, line) for lines in paid.values() for line in lines]
    done = {
        id_
        for start in range(0, len(ids), LOOK_UP_MAX)
        for id_ in LoanPaymentRow.objects.filter(line_id__in=ids[start : start + LOOK_UP_MAX]).values_list(
            "line_id", flat=True
        )
    }
    return Contracts(
        loans=tuple(loan for loan in books.loans if loan.source_id not in loans_here),
        loans_known=len(loans_here),
        orders=tuple(order for order in books.orders if order.source_id not in orders_here),
        orders_known=len(orders_here),
        payments=tuple(
            (loan, line)
            for loan in books.loans
            for line in paid.get(loan.source_id, ())
            if _line_id(books, line) not in done
        ),
        order_loans=loans_of_orders(books.orders, books.loans),
        order_days=days_of_orders(books.orders, books.lines),
    )


def loan_id(books: Books, source_id: str) -> UUID:
    """Return the id that a loan of these books has here."""
    return derived_id("loan", books.institution.slug, source_id)


def bring_in(
    books: Books,
    contracts: Contracts,
    run: RunRow,
    account_ids: Mapping[str, UUID],
    *,
    institution_id: UUID,
    clearing: UUID,
    number: int,
    progress: Progress,
    clock: Clock,
) -> list[ledger.NewTransfer]:
    """Keep loans, their payments and standing orders; return the transfers that go with them, for the caller to post."""
    total = len(contracts.loans) + len(contracts.orders)
    progress(BRINGING_IN, 0, total)
    transfers = _bring_in_loans(books, contracts, run, account_ids, institution_id, clearing, clock)
    LoanPaymentRow.objects.bulk_create(
        LoanPaymentRow(
            transfer_id=_payment_id(books, line), run=run, loan_id=loan_id(books, loan.source_id),
            line_id=_line_id(books, line),
        )
        for loan, line in contracts.payments
    )  # fmt: skip
    transfers += [
        ledger.NewTransfer(
            id=_payment_id(books, line), debit_account_id=clearing, credit_account_id=loan_id(books, loan.source_id),
            amount=-line.amount_minor, ledger=number, code=LOAN_PAYMENT_CODE, user_data=_line_id(books, line),
            booked_on=line.booked_on,
        )
        for loan, line in contracts.payments
    ]  # fmt: skip
    _bring_in_orders(books, contracts, run, account_ids, institution_id, clock)
    progress(BRINGING_IN, total, total)
    return transfers


def _line_id(books: Books, line: BookLine) -> UUID:
    return derived_id("line", books.institution.slug, line.source_id)


def _payment_id(books: Books, line: BookLine) -> UUID:
    return derived_id("loan payment", books.institution.slug, line.source_id)


def _order_id(books: Books, order: BookOrder) -> UUID:
    return derived_id("order", books.institution.slug, order.source_id)


def _account_id(books: Books, number: str) -> UUID:
    return derived_id("account", books.institution.slug, number)


def _loans_here(books: Books) -> set[str]:
    rows = {
        row.source_id: row for row in _here(LoanContractRow, [loan_id(books, each.source_id) for each in books.loans])
    }
    for loan in books.loans:
        row = rows.get(loan.source_id)
        if row is None:
            continue
        said = (row.account_id, row.granted_on, row.amount_minor, row.months, row.payment_minor, row.status)
        if said != (
            _account_id(books, loan.account), loan.granted_on, loan.amount_minor, loan.months, loan.payment_minor, loan.status,
        ):  # fmt: skip
            raise LineContentDiffers(line=loan.line_no, file="loan.asc", id=loan.source_id)
    return rows.keys() & {loan.source_id for loan in books.loans}


def _orders_here(books: Books) -> set[str]:
    rows = {row.source_id: row for row in _here(OrderRow, [_order_id(books, each) for each in books.orders])}
    for order in books.orders:
        row = rows.get(order.source_id)
        if row is None:
            continue
        said = (row.account_id, row.bank, row.to_account, row.amount_minor, row.purpose)
        if said != (
            _account_id(books, order.account), order.bank, order.to_account, order.amount_minor, order.purpose.value,
        ):  # fmt: skip
            raise LineContentDiffers(line=order.line_no, file="order.asc", id=order.source_id)
    return rows.keys() & {order.source_id for order in books.orders}


def _here(model: type[_Row], ids: Sequence[UUID]) -> Iterable[_Row]:
    for start in range(0, len(ids), LOOK_UP_MAX):
        yield from model._default_manager.filter(pk__in=ids[start : start + LOOK_UP_MAX])  # noqa: SLF001  (Django's name)


def _bring_in_loans(
    books: Books, contracts: Contracts, run: RunRow, account_ids: Mapping[str, UUID], institution_id: UUID, clearing: UUID,
    clock: Clock,
) -> list[ledger.NewTransfer]:  # fmt: skip
    if not contracts.loans:
        return []
    product = banking.offer_product(
        institution_id=institution_id,
        kind=banking.ProductKind.LOAN,
        names={"en": "Loan", "ar": "قرض", "he": "הלוואה"},
        currency_code=books.institution.currency.code,
        clock=clock,
    )
    transfers = banking.bring_in_loans(
        [
            banking.BroughtLoan(
                id=loan_id(books, loan.source_id), pay_account_id=account_ids[loan.account],
                principal_minor=loan.amount_minor, granted_on=loan.granted_on,
                terms=LoanTerms(
                    annual_rate_ppm=0, instalments=loan.months,
                    first_due_on=first_due_after(loan.granted_on, books.instalments_on),
                    business_days=BusinessDayRule.UNCHANGED,
                ),
            )
            for loan in contracts.loans
        ],
        product_id=product.id, through=clearing, clock=clock,
    )  # fmt: skip
    LoanContractRow.objects.bulk_create(
        LoanContractRow(
            loan_id=loan_id(books, loan.source_id), run=run, source_id=loan.source_id, line_no=loan.line_no,
            account_id=account_ids[loan.account], granted_on=loan.granted_on, amount_minor=loan.amount_minor,
            months=loan.months, payment_minor=loan.payment_minor, status=loan.status,
        )
        for loan in contracts.loans
    )  # fmt: skip
    return transfers


def _bring_in_orders(
    books: Books, contracts: Contracts, run: RunRow, account_ids: Mapping[str, UUID], institution_id: UUID, clock: Clock
) -> None:
    """Keep standing orders: those that pay a loan of these books run, all others wait for a way to their recipients."""
    if not contracts.orders:
        return
    loans = banking.accounts(loan_id(books, loan.source_id) for loan in contracts.order_loans.values())
    owners = {each.id: each.owner_id for each in banking.accounts(account_ids.values(), with_aliases=False).values()}
    first_id = account_ids[contracts.orders[0].account]
    today = banking.business_day(banking.account(first_id), clock.now())

    def brought(order: BookOrder) -> payments.BroughtOrder:
        loan = contracts.order_loans.get(order.source_id)
        day = books.instalments_on if loan else contracts.order_days.get(order.source_id, DAY_UNKNOWN)
        to: Alias | payments.Outside = payments.Outside(order.bank, order.to_account)
        if loan is not None:
            account = loans[loan_id(books, loan.source_id)]
            to = Alias(AliasKind.NUMBER, account.alias(AliasKind.NUMBER) or "", account.institution_id)
        return payments.BroughtOrder(
            id=_order_id(books, order), actor_customer_id=owners[account_ids[order.account]],
            from_account_id=account_ids[order.account], to=to, purpose=_PURPOSES.get(order.purpose, payments.Purpose.NONE),
            amount=Money(order.amount_minor, books.institution.currency), timetable=_timetable(today, day),
        )  # fmt: skip

    payments.bring_in_standing_orders(
        (brought(order) for order in contracts.orders), institution_id=institution_id, clock=clock
    )
    OrderRow.objects.bulk_create(
        (
            OrderRow(
                standing_order_id=_order_id(books, order), run=run, source_id=order.source_id, line_no=order.line_no,
                account_id=account_ids[order.account], bank=order.bank, to_account=order.to_account,
                amount_minor=order.amount_minor, purpose=order.purpose.value,
                day=contracts.order_days.get(order.source_id),
                loan_id=loan_id(books, contracts.order_loans[order.source_id].source_id)
                if order.source_id in contracts.order_loans
                else None,
            )
            for order in contracts.orders
        ),
        batch_size=LOOK_UP_MAX,
    )  # fmt: skip


def _timetable(today: date, day: int) -> payments.Timetable:
    """Return every month on a day, from the first such day after today."""
    first = today.replace(day=1)
    month = first if day > today.day else banking.months_later(first, 1)
    first_on = banking.months_later(month, 0, last_of_month=True)
    return payments.Timetable(
        first_on=first_on.replace(day=min(day, first_on.day)), business_days=BusinessDayRule.UNCHANGED
    )
