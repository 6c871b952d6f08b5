"""The verb of imports: books that were read whole are posted whole, in one transaction, or not at all."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.db import connection, transaction

from raseed.banking import api as banking
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import mark
from raseed.ledger import api as ledger
from raseed.people import api as people
from raseed.platform.api import Progress, no_progress, record

from .contracts import Contracts, bring_in, judged_contracts
from .domain.books import BookLine, Books, Kind, derived_id
from .domain.order import AccountOrder, PlacedLine, Verdict, place_lines
from .errors import InstitutionDiffers, LineContentDiffers, PostingRefused
from .models import HolderRow, LineRow, RunRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .domain.books import BookAccount, BookInstitution, BookPerson

ONE_AT_A_TIME: Final = 0x52_41_53_49
"""The advisory lock that keeps two imports from running at once ("RASI")."""
LOOK_UP_MAX: Final = 5_000
FINDING_THE_ORDER: Final = mark("finding the order of each day")
REGISTERING: Final = mark("registering people and opening accounts")
KEEPING: Final = mark("keeping the lines' words")
POSTING: Final = mark("posting")
CODES: Final = {kind: 700 + place for place, kind in enumerate(Kind, 1)}
"""The ledger's transfer codes of imported lines: 701 and up, in the order of ``Kind``."""
OWN_ACCOUNT_CODES: Final = {"clearing": 790, "interest": 791}
_COPY_LINES: Final = """
COPY imports_line (
    transfer_id, run_id, account_id, position, line_no, source_id, booked_on, amount_minor, printed_minor,
    expected_minor, running_minor, difference_minor, verdict, kind, purpose, remote_bank, remote_account, note
) FROM STDIN (FORMAT BINARY)
"""
_COPY_TYPES: Final = (
    "uuid", "int8", "uuid", "int4", "int4", "varchar", "date", "int8", "int8", "int8", "int8", "int8",
    "text", "text", "text", "text", "text", "text",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an import did, and the accounts that its lines are about (number → ledger account)."""

    institution_id: UUID
    accounts: Mapping[str, UUID]
    lines_new: int
    lines_known: int
    accounts_new: int
    people_new: int
    days_not_searched: tuple[tuple[str, str], ...]
    """(account number, date) of the days whose order could not be found."""
    contracts: Contracts
    """The loans and standing orders that were new."""


@dataclass(frozen=True, slots=True)
class _Placed:
    transfer_id: UUID
    account_id: UUID
    placed: PlacedLine


def import_books(books: Books, *, progress: Progress = no_progress, clock: Clock = SYSTEM_CLOCK) -> Outcome:
    """Open the books' accounts and post their lines, each with its own booked date, all in one transaction.

    A line that is here already with the same content is passed over, so the same file twice changes nothing, and an
    overlapping later file adds what is new.

    Raises:
        InstitutionDiffers: an institution of that name keeps its books in another currency.
        LineContentDiffers: a line's id came before with other content.
        PostingRefused: the ledger refused a line; names it.
        PhoneTaken: a holder's phone number is another customer's.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ONE_AT_A_TIME])
        institution_id = _institution(books.institution, clock)
        account_ids = {a.number: derived_id("account", books.institution.slug, a.number) for a in books.accounts}
        known = _known_lines(books, account_ids)
        fresh = [line for line in books.lines if _transfer_id(books, line) not in known]
        orders = _placed_by_account(books, fresh, account_ids, progress)
        days = tuple((number, day.isoformat()) for number, order in orders.items() for day in order.days_not_searched)
        contracts = judged_contracts(books)
        used = {line.account for line in books.lines}
        with_lines = {number: id_ for number, id_ in account_ids.items() if number in used}
        if not (fresh or contracts.is_new):
            return Outcome(institution_id, with_lines, 0, len(known), 0, 0, days, contracts)
        people_new, accounts_new = _open(books, institution_id, account_ids, progress, clock)
        to_post = sorted(
            (
                _Placed(_transfer_id(books, placed.line), account_ids[number], placed)
                for number, order in orders.items()
                for placed in order.placed
            ),
            key=lambda each: (each.placed.line.booked_on, each.placed.line.account, each.placed.position),
        )
        run = RunRow.objects.create(
            source=books.source, file=books.file, digest=books.digest, institution_id=institution_id,
            lines=len(fresh), imported_at=clock.now(),
        )  # fmt: skip
        _keep_lines(run.id, to_post, progress)
        record(
            actor="system",
            action="imports.books_imported",
            subject=f"institution:{institution_id}",
            after={
                "source": books.source,
                "digest": books.digest,
                "lines": len(fresh),
                "accounts": accounts_new,
                "loans": len(contracts.loans),
                "orders": len(contracts.orders),
            },
            institution_id=institution_id,
            clock=clock,
        )
        number = ledger.open_ledger(institution_id=institution_id, currency=books.institution.currency)
        contra = _contra_accounts(books, institution_id, number)
        more = bring_in(
            books, contracts, run, account_ids, institution_id=institution_id, clearing=contra[Kind.TRANSFER_OUT],
            number=number, progress=progress, clock=clock,
        )  # fmt: skip
        _post(books, number, contra, to_post, more, progress)
    return Outcome(institution_id, with_lines, len(fresh), len(known), accounts_new, people_new, days, contracts)


def _transfer_id(books: Books, line: BookLine) -> UUID:
    return derived_id("line", books.institution.slug, line.source_id)


def _institution(wanted: BookInstitution, clock: Clock) -> UUID:
    """Return the institution of the books, registered and with books of its own in their currency."""
    code = wanted.currency.code
    try:
        found = people.institution_by_slug(wanted.slug)
    except people.UnknownInstitution:
        found = people.register_institution(
            people.Institution(
                id=derived_id("institution", wanted.slug), slug=wanted.slug, names=wanted.names, kind="bank",
                country=wanted.country, zone=wanted.zone, currency_code=code, default_region=wanted.country,
            ),
            clock=clock,
        )  # fmt: skip
    if found.currency_code != code:
        raise InstitutionDiffers(institution=wanted.slug)
    banking.set_up_institution(institution_id=found.id, currency_code=code, clock=clock)
    banking.offer_product(
        institution_id=found.id,
        kind=banking.ProductKind.CURRENT,
        names={"en": "Current account", "ar": "حساب جارٍ", "he": "חשבון עובר ושב"},
        currency_code=code,
        clock=clock,
    )
    return found.id


def _known_lines(books: Books, account_ids: Mapping[str, UUID]) -> set[UUID]:
    """Return which lines are here already, having compared what they say."""
    by_id = {_transfer_id(books, line): line for line in books.lines}
    ids, known = list(by_id), set[UUID]()
    for start in range(0, len(ids), LOOK_UP_MAX):
        for row in LineRow.objects.filter(transfer_id__in=ids[start : start + LOOK_UP_MAX]):
            line = by_id[row.transfer_id]
            said = (row.account_id, row.booked_on, row.amount_minor, row.printed_minor)
            if said != (account_ids[line.account], line.booked_on, line.amount_minor, line.printed_minor):
                raise LineContentDiffers(line=line.line_no, file=books.file, id=line.source_id)
            known.add(row.transfer_id)
    return known


def _placed_by_account(
    books: Books, fresh: Iterable[BookLine], account_ids: Mapping[str, UUID], progress: Progress
) -> dict[str, AccountOrder]:
    """Put each account's new lines in order, going on from the last one that is here."""
    by_account: dict[str, list[BookLine]] = defaultdict(list)
    for line in fresh:
        by_account[line.account].append(line)
    last = _last_lines([account_ids[number] for number in by_account])
    orders = {}
    for done, (number, lines) in enumerate(by_account.items(), 1):
        before = last.get(account_ids[number])
        if before is not None:
            opening = before.expected_minor if before.printed_minor is None else before.printed_minor
            orders[number] = place_lines(
                lines, rounding_minor_max=books.rounding_minor_max, opening_minor=opening,
                running_minor=before.running_minor, first_position=before.position + 1,
                order_in_file=books.order_in_file,
            )  # fmt: skip
        else:
            order = place_lines(
                lines, rounding_minor_max=books.rounding_minor_max, order_in_file=books.order_in_file,
                opening_minor=None if books.opening_from_first_line else 0,
            )  # fmt: skip
            orders[number] = _with_opening(order) if order.opening_minor else order
        progress(FINDING_THE_ORDER, done, len(by_account))
    return orders


def _with_opening(order: AccountOrder) -> AccountOrder:
    """Put the balance that an account came with before its first line, as a line of its own."""
    first, opening = order.placed[0].line, order.opening_minor
    line = BookLine(
        line_no=first.line_no, source_id=f"opening/{first.account}", account=first.account, booked_on=first.booked_on,
        amount_minor=opening, printed_minor=opening, kind=Kind.OPENING,
    )  # fmt: skip
    after = (replace(placed, position=placed.position + 1) for placed in order.placed)
    return replace(order, placed=(PlacedLine(line, 1, opening, opening, 0, Verdict.EQUAL), *after))


def _last_lines(account_ids: Sequence[UUID]) -> dict[UUID, LineRow]:
    found: dict[UUID, LineRow] = {}
    for start in range(0, len(account_ids), LOOK_UP_MAX):
        rows = LineRow.objects.filter(account_id__in=account_ids[start : start + LOOK_UP_MAX])
        for row in rows.order_by("account_id", "-position").distinct("account_id"):
            found[row.account_id] = row
    return found


def _open(
    books: Books, institution_id: UUID, account_ids: Mapping[str, UUID], progress: Progress, clock: Clock
) -> tuple[int, int]:
    """Register the people and open the accounts that are not here yet; return how many of each."""
    there = banking.accounts(account_ids.values())
    new = [account for account in books.accounts if account_ids[account.number] not in there]
    holders = _register(books, new, institution_id, progress, clock)
    opened = banking.open_many(
        (
            banking.NewBankAccount(
                id=account_ids[account.number], institution_id=institution_id, owner_id=holders[account.owner_key][0],
                kind=banking.ProductKind.CURRENT, number=account.number, opened_on=account.opened_on,
                currency_code=books.institution.currency.code, overdraft_allowed=account.may_overdraw,
            )
            for account in new
        ),
        clock=clock,
    )  # fmt: skip
    HolderRow.objects.bulk_create(
        HolderRow(account_id=account_ids[account.number], customer_id=holders[key][0])
        for account in new
        for key in account.disponent_keys
    )
    banking.give_rights_bulk(
        (
            (account_ids[account.number], holders[key][0], banking.AccountRight.MAY_PAY)
            for account in new
            for key in account.disponent_keys
        ),
        clock=clock,
    )
    progress(REGISTERING, len(holders) + len(new), len(holders) + len(new))
    return sum(made for _, made in holders.values()), opened


def _register(
    books: Books, accounts: Iterable[BookAccount], institution_id: UUID, progress: Progress, clock: Clock
) -> dict[str, tuple[UUID, bool]]:
    """Return the customer for each holder of ``accounts`` (key → id, whether new); a known phone number is its person."""
    used = {key for account in accounts for key in (account.owner_key, *account.disponent_keys)}
    wanted = [person for person in books.people if person.key in used]
    ids = {person.key: derived_id("person", books.institution.slug, person.key) for person in wanted}
    there = people.customers(ids.values())
    found: dict[str, tuple[UUID, bool]] = {}
    newcomers: list[people.NewCustomer] = []
    for person in wanted:
        known = there.get(ids[person.key]) or (None if person.synthetic else _by_phone(person))
        if known is not None:
            people.join_institution(customer_id=known.id, institution_id=institution_id, clock=clock)
        else:
            newcomers.append(
                people.NewCustomer(
                    id=ids[person.key], names=person.names, phone=person.phone, language=person.language,
                    institution_ids=(institution_id,), created_at=clock.now(),
                )
            )  # fmt: skip
        found[person.key] = (known.id if known else ids[person.key], known is None)
    people.register_customers_bulk(
        newcomers, progress=lambda done: progress(REGISTERING, done, len(newcomers)), clock=clock
    )
    return found


def _by_phone(person: BookPerson) -> people.Customer | None:
    try:
        return people.customer_by_phone(person.phone)
    except people.UnknownCustomer:
        return None


def _keep_lines(run_id: int, to_post: Sequence[_Placed], progress: Progress) -> None:
    with connection.cursor() as cursor, cursor.copy(_COPY_LINES) as copy:
        copy.set_types(_COPY_TYPES)
        for each in to_post:
            placed, line = each.placed, each.placed.line
            copy.write_row((
                each.transfer_id, run_id, each.account_id, placed.position, line.line_no, line.source_id,
                line.booked_on, line.amount_minor, line.printed_minor, placed.expected_minor, placed.running_minor,
                placed.difference_minor, placed.verdict.value, line.kind.value, line.purpose.value, line.remote_bank,
                line.remote_account, line.note,
            ))  # fmt: skip
    progress(KEEPING, len(to_post), len(to_post))


def _contra_accounts(books: Books, institution_id: UUID, number: int) -> dict[Kind, UUID]:
    """Return the institution's own account on the other side of each kind of line, made where it is not there."""
    code = books.institution.currency.code
    own = {name: derived_id(name, books.institution.slug, code) for name in OWN_ACCOUNT_CODES}
    results = ledger.create_accounts(
        [
            ledger.NewAccount(id=own[name], ledger=number, code=account_code)
            for name, account_code in OWN_ACCOUNT_CODES.items()
        ]
    )
    usable = {ledger.CreateAccountResult.OK, ledger.CreateAccountResult.EXISTS}
    assert set(results) <= usable, f"the institution's own accounts were refused: {results}"

    def internal(role: banking.InternalRole) -> UUID:
        return banking.internal_account(institution_id, role, code).id

    cash, fees = internal(banking.InternalRole.CASH), internal(banking.InternalRole.FEES)
    return {
        **dict.fromkeys(Kind, own["clearing"]),
        **dict.fromkeys((Kind.CASH_IN, Kind.CASH_OUT, Kind.CARD_CASH_OUT), cash),
        **dict.fromkeys((Kind.STATEMENT_FEE, Kind.PENALTY_INTEREST), fees),
        Kind.INTEREST: own["interest"],
        Kind.OPENING: internal(banking.InternalRole.OPENING),
    }


def _post(
    books: Books, number: int, contra: Mapping[Kind, UUID], to_post: Sequence[_Placed], more: Sequence[ledger.NewTransfer],
    progress: Progress,
) -> None:  # fmt: skip
    """Post every line, and then what goes with contracts, in one call; the first refusal undoes everything."""
    transfers = []
    for each in to_post:
        line = each.placed.line
        comes_in, other = line.amount_minor > 0, contra[line.kind]
        transfers.append(
            ledger.NewTransfer(
                id=each.transfer_id, debit_account_id=other if comes_in else each.account_id,
                credit_account_id=each.account_id if comes_in else other, amount=abs(line.amount_minor), ledger=number,
                code=CODES[line.kind], user_data=each.transfer_id, booked_on=line.booked_on,
            )
        )  # fmt: skip
    total = len(transfers) + len(more)
    progress(POSTING, 0, total)
    results = ledger.post([*transfers, *more]) if total else []
    for each, result in zip(to_post, results, strict=False):
        if result is not ledger.CreateTransferResult.OK:
            raise PostingRefused(line=each.placed.line.line_no, file=books.file, result=result.name.lower())
    refused = [result for result in results if result is not ledger.CreateTransferResult.OK]
    assert not refused, (
        f"loans were refused by the books: {refused[0]}"
    )  # what is paid was judged to be no more than lent
    progress(POSTING, total, total)
