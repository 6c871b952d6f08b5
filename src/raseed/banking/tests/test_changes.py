"""Limits, fees and rates: data with dates, changed by two people, told with every zero, the tighter of two limits counting."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from typing import Any

import psycopg
import pytest

from raseed.banking import api as banking
from raseed.banking.api import NO_LIMITS, Alias, AliasKind, BankAccount, FeeEvent, Limits, Product, ProductKind
from raseed.kernel.errors import InputError
from raseed.kernel.ids import new_id
from raseed.kernel.money import Money, currency
from raseed.payments import api as payments
from raseed.people import api as people
from raseed.platform import api as platform

from .town import LIMITS, Town, at_once, build_town

EGP = currency("EGP")
TODAY = date(2026, 3, 1)


@pytest.fixture
def town(database: object) -> Town:
    del database
    return build_town()


def proposed(town: Town, of: Product | BankAccount, limits: Limits, valid_from: date = TODAY) -> people.Change:
    return banking.propose_limits(
        id=new_id(), of=of, limits=limits, valid_from=valid_from, reason="board decision",
        by=town.staff("banking.limits.propose"), clock=town.clock,
    )  # fmt: skip


def confirmed(town: Town, change: people.Change, permission: str = "banking.limits.confirm") -> people.Change:
    return people.confirm_change(change.id, by=town.staff(permission), clock=town.clock)


def pay(payer: BankAccount, payee: BankAccount, amount: int, town: Town) -> str | None:
    return payments.send(
        id=new_id(), actor_customer_id=payer.owner_id, from_account_id=payer.id,
        to=Alias(AliasKind.PHONE, payee.alias(AliasKind.PHONE) or ""), amount=Money(amount, EGP), clock=town.clock,
    ).timeline[-1].reason_code  # fmt: skip


def pair(town: Town) -> tuple[BankAccount, BankAccount]:
    return (
        town.wallet(town.person("منى", "+201001234567"), money=1_000_000),
        town.wallet(town.person("زياد", "+201001234568")),
    )


@pytest.mark.parametrize("kind", ProductKind)
def test_a_fee_schedule_says_everything_that_can_be_charged_and_says_zero(town: Town, kind: ProductKind) -> None:
    product = town.product(kind)
    schedule = banking.fee_schedule(product.id, TODAY)
    assert [fee.event for fee in schedule] == list(banking.FEE_EVENTS[kind])
    assert all((fee.amount, fee.valid_from) == (Money(0, EGP), None) for fee in schedule)
    terms = banking.terms_of(product.id, TODAY)
    assert (terms.fees, terms.limits, terms.annual_rate_ppm, terms.dormant_after_months) == (schedule, LIMITS, 0, None)


def test_every_fee_event_is_charged_for_some_kind_of_account() -> None:
    assert {event for events in banking.FEE_EVENTS.values() for event in events} == set(FeeEvent)


def test_limits_of_a_product_are_changed_by_two_people_and_count_from_their_date(town: Town) -> None:
    payer, payee = pair(town)
    product = payer.product
    change = proposed(town, product, Limits(50_000, None), TODAY + timedelta(days=1))
    assert banking.limits_of(product.id, on=TODAY + timedelta(days=1)) == LIMITS
    with pytest.raises(people.NotPermitted):
        confirmed(town, change, "banking.limits.propose")
    confirmed(town, change)
    assert banking.limits_of(product.id, on=TODAY) == LIMITS
    assert banking.limits_of(product.id, on=TODAY + timedelta(days=1)) == Limits(50_000, None)
    assert pay(payer, payee, 50_001, town) is None
    town.clock.advance(timedelta(days=1))
    assert pay(payer, payee, 50_001, town) == "limit_per_transfer"
    record = platform.audit_trail(f"product:{product.id}")[0]
    assert record.reason == "board decision"
    assert record.before == {"per_transfer_minor": 100_000, "per_day_minor": 250_000}
    assert record.after is not None
    assert record.after["per_transfer_minor"] == 50_000
    assert record.after["proposed_by"] == change.proposed_by


def test_a_change_says_in_words_what_was_and_what_will_be(town: Town) -> None:
    product = town.product(ProductKind.WALLET)
    lines = people.describe_change(proposed(town, product, Limits(50_000, None)), "en")
    assert [(line.label, line.before, line.after) for line in lines] == [
        ("At most in one transfer", "EGP\u00a01,000.00", "EGP\u00a0500.00"),
        ("At most in one day", "EGP\u00a02,500.00", "No limit"),
        ("Valid from", "", "1 March 2026"),
    ]
    fee = banking.propose_fee(
        id=new_id(), of=product, event=FeeEvent.TRANSFER_ON_US, amount_minor=150, valid_from=TODAY,
        reason="board decision", by=town.staff("banking.fees.propose"), clock=town.clock,
    )  # fmt: skip
    first = people.describe_change(fee, "en")[0]
    assert (first.before, first.after) == ("EGP\u00a00.00", "EGP\u00a01.50")
    rate = banking.propose_rate(
        id=new_id(), of=town.product(ProductKind.SAVINGS), annual_rate_ppm=272_500, valid_from=TODAY,
        reason="board decision", by=town.staff("banking.fees.propose"), clock=town.clock,
    )  # fmt: skip
    assert next((line.before, line.after) for line in people.describe_change(rate, "ar")) == ("٠٪", "٢٧٫٢٥٪")
    for language in ("ar", "he"):
        for change in (fee, rate):
            assert not any(line.label.isascii() for line in people.describe_change(change, language))


def test_fees_and_rates_take_effect_when_a_second_person_confirms(town: Town) -> None:
    payer, payee = pair(town)
    by = town.staff("banking.fees.propose")
    fee = banking.propose_fee(
        id=new_id(), of=payer.product, event=FeeEvent.TRANSFER_ON_US, amount_minor=150, valid_from=TODAY,
        reason="board decision", by=by, clock=town.clock,
    )  # fmt: skip
    confirmed(town, fee, "banking.fees.confirm")
    assert pay(payer, payee, 1_000, town) is None
    assert payments.payments_of(payer.owner_id).payments[0].fee == Money(150, EGP)
    (told,) = banking.fee_schedule(payer.product.id, TODAY)
    assert (told.amount, told.valid_from) == (Money(150, EGP), TODAY)
    savings = town.product(ProductKind.SAVINGS)
    rate = banking.propose_rate(
        id=new_id(),
        of=savings,
        annual_rate_ppm=120_000,
        valid_from=TODAY,
        reason="board decision",
        by=by,
        clock=town.clock,
    )
    confirmed(town, rate, "banking.fees.confirm")
    assert banking.annual_rate_ppm(savings.id, on=TODAY) == 120_000


def test_what_is_confirmed_late_counts_from_its_confirmation_and_never_for_the_past(town: Town) -> None:
    product = town.product(ProductKind.WALLET)
    change = proposed(town, product, Limits(1, 1), TODAY - timedelta(days=100))
    town.clock.advance(timedelta(days=3))
    confirmed(town, change)
    assert banking.limits_of(product.id, on=TODAY + timedelta(days=2)) == LIMITS
    assert banking.limits_of(product.id, on=TODAY + timedelta(days=3)) == Limits(1, 1)


def test_of_two_changes_confirmed_at_once_one_finds_the_other_made(town: Town) -> None:
    product = town.product(ProductKind.WALLET)
    changes = [proposed(town, product, Limits(amount, None)) for amount in (1_000, 2_000)]
    answers = at_once([partial(confirmed, town, change) for change in changes])
    assert sorted(type(answer).__name__ for answer in answers) == ["Change", "ChangeOutdated"]
    assert banking.limits_of(product.id, on=TODAY).per_transfer_minor in (1_000, 2_000)


def test_an_accounts_own_limit_tightens_its_products_and_never_loosens_it(town: Town) -> None:
    payer, payee = pair(town)
    with pytest.raises(banking.InvalidTerms):
        proposed(town, payer, Limits(100_001, None))
    confirmed(town, proposed(town, payer, Limits(None, 30_000)))
    assert banking.limits_of_account(payer, on=TODAY) == Limits(100_000, 30_000)
    assert banking.limits_of_account(payee, on=TODAY) == LIMITS
    assert pay(payer, payee, 30_000, town) is None
    assert pay(payer, payee, 1, town) == "limit_per_day"
    assert banking.left_today(payer.id, now=town.clock.now()) == (Limits(100_000, 30_000), Money(0, EGP))
    banking.set_limits(
        product_id=payer.product.id, limits=Limits(20, 10_000), valid_from=TODAY, actor="system", reason="test"
    )
    assert banking.limits_of_account(payer, on=TODAY) == Limits(20, 10_000)
    town.clock.advance(timedelta(days=1))
    change = confirmed(town, proposed(town, payer, NO_LIMITS))
    assert [(line.before, line.after) for line in people.describe_change(change, "en")][:2] == [
        ("As the product", "As the product"), ("EGP\u00a0300.00", "As the product"),
    ]  # fmt: skip
    assert platform.audit_trail(f"account:{payer.id}")[0].customer_id == payer.owner_id


def test_a_limit_of_an_account_holds_against_many_at_once(town: Town) -> None:
    payer, payee = pair(town)
    confirmed(town, proposed(town, payer, Limits(None, 500)))
    codes = at_once([lambda: pay(payer, payee, 100, town)] * 8)
    assert sorted(str(code) for code in codes) == ["None"] * 5 + ["limit_per_day"] * 3


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"per_transfer_minor": 0, "per_day_minor": None, "valid_from": "2026-03-01"},
        {"per_transfer_minor": 1.5, "per_day_minor": None, "valid_from": "2026-03-01"},
        {"per_transfer_minor": True, "per_day_minor": None, "valid_from": "2026-03-01"},
        {"per_transfer_minor": "1", "per_day_minor": None, "valid_from": "2026-03-01"},
        {"per_transfer_minor": 1, "per_day_minor": 1 << 63, "valid_from": "2026-03-01"},
        {"per_transfer_minor": 1, "per_day_minor": None, "valid_from": "the ides of March"},
        {"per_transfer_minor": 1, "per_day_minor": None, "valid_from": 20260301},
    ],
)
def test_a_payload_that_could_never_be_applied_is_refused_at_once(town: Town, payload: dict[str, object]) -> None:
    with pytest.raises(InputError):
        people.propose_change(
            id=new_id(), kind="banking.limits", institution_id=town.bank, reason="board decision", payload=payload,
            subject=f"product:{town.product(ProductKind.WALLET).id}", by=town.staff("banking.limits.propose"),
            clock=town.clock,
        )  # fmt: skip


def test_a_subject_of_another_institution_or_kind_is_refused(town: Town) -> None:
    payer, _ = pair(town)
    theirs = banking.products_of(town.other_bank)[0]
    content = {"amount_minor": 1, "event": "transfer_on_us", "valid_from": "2026-03-01"}
    limits = {"per_transfer_minor": 1, "per_day_minor": None, "valid_from": "2026-03-01"}
    for kind, subject, payload in (
        ("banking.limits", f"product:{theirs.id}", limits),
        ("banking.limits", f"product:{new_id()}", limits),
        ("banking.limits", "product:abc", limits),
        ("banking.limits", f"customer:{payer.owner_id}", limits),
        ("banking.fees", f"account:{payer.id}", content),
        ("banking.fees", f"product:{town.product(ProductKind.LOAN).id}", content),
        ("banking.fees", f"product:{payer.product.id}", {**content, "event": "air"}),
        ("banking.fees", f"product:{payer.product.id}", {**content, "amount_minor": None}),
        ("banking.rates", f"product:{payer.product.id}", {"annual_rate_ppm": 1, "valid_from": "2026-03-01"}),
    ):
        with pytest.raises((InputError, banking.ProductNotOffered)):
            people.propose_change(
                id=new_id(), kind=kind, institution_id=town.bank, subject=subject, payload=payload,
                reason="board decision", by=people.SYSTEM, clock=town.clock,
            )  # fmt: skip


def test_an_institution_offers_several_products_of_a_kind_and_its_first_is_meant_where_none_is_named(
    town: Town,
) -> None:
    gold = banking.offer_product(
        institution_id=town.bank, kind=ProductKind.WALLET, names={"en": "Gold"}, code="wallet-gold", clock=town.clock
    )
    assert gold.id != town.product(ProductKind.WALLET).id
    again = banking.offer_product(
        institution_id=town.bank, kind=ProductKind.WALLET, names={"en": "Other"}, code="wallet-gold", clock=town.clock
    )
    assert (again.id, again.names) == (gold.id, {"en": "Gold"})
    mona, ziad = town.person("منى", "+201001234567"), town.person("زياد", "+201001234568")
    assert town.wallet(mona).product == town.product(ProductKind.WALLET)
    staff = town.staff("banking.accounts.open")
    id_ = new_id()
    opened = banking.open_account(
        id=id_, product_id=gold.id, owner_id=ziad.id, by=staff, reason="at the desk", clock=town.clock
    )
    assert opened.product == gold
    assert opened.alias(AliasKind.PHONE) == ziad.phone
    assert banking.open_account(id=id_, product_id=gold.id, owner_id=ziad.id, by=staff, reason="again") == opened
    assert platform.audit_trail(f"account:{id_}")[0].reason == "at the desk"
    for kind, code in ((ProductKind.WALLET, "loan"), (ProductKind.CURRENT, "wallet-gold"), (ProductKind.LOAN, "Gold!")):
        with pytest.raises(banking.InvalidTerms):
            banking.offer_product(institution_id=town.bank, kind=kind, names={"en": "x"}, code=code)
    with pytest.raises(banking.InvalidTerms):
        banking.offer_product(
            institution_id=town.bank, kind=ProductKind.SAVINGS, names={"en": "x"}, code="odd",
            day_count=banking.DayCount.THIRTY_E_360,
        )  # fmt: skip


def test_an_account_is_opened_by_its_owner_or_by_staff_who_may_and_a_loan_by_nobody(town: Town) -> None:
    mona, ziad = town.person("منى", "+201001234567"), town.person("زياد", "+201001234568")

    def open_(kind: ProductKind, by: people.Author, **more: Any) -> BankAccount:
        return banking.open_account(
            id=new_id(), product_id=town.product(kind).id, owner_id=mona.id, by=by, clock=town.clock, **more
        )

    owner = people.Author(f"customer:{mona.id}")
    assert open_(ProductKind.SAVINGS, owner).owner_id == mona.id
    with pytest.raises(people.NotPermitted):
        open_(ProductKind.SAVINGS, people.Author(f"customer:{ziad.id}"), reason="for her")
    with pytest.raises(people.NotPermitted):
        open_(ProductKind.SAVINGS, town.staff("banking.accounts.view"), reason="for her")
    with pytest.raises(people.NotPermitted):
        open_(ProductKind.WALLET, owner, phone="+201009999999")
    with pytest.raises(people.NotPermitted):
        open_(ProductKind.CURRENT, owner, overdraft_allowed=True)
    staff = town.staff("banking.accounts.open")
    assert open_(ProductKind.CURRENT, staff, overdraft_allowed=True, reason="salary comes in").overdraft_allowed
    for kind, by in ((ProductKind.LOAN, owner), (ProductKind.LOAN, staff)):
        with pytest.raises(banking.ProductNotOffered):
            open_(kind, by, reason="she asked")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE banking_account_limit SET per_day_minor = NULL",
        "DELETE FROM banking_account_limit",
        "UPDATE banking_product SET code = 'other'",
        "UPDATE banking_product SET kind = 'current'",
    ],
)
def test_the_database_refuses_what_no_verb_does(town: Town, database, statement: str) -> None:
    payer, _ = pair(town)
    confirmed(town, proposed(town, payer, Limits(1, 1)))
    with psycopg.connect(database.owner_dsn) as owner, pytest.raises(psycopg.errors.RestrictViolation):
        owner.execute(statement)


def test_a_savings_product_without_a_day_count_is_not_kept(town: Town, database) -> None:
    with psycopg.connect(database.owner_dsn) as owner, pytest.raises(psycopg.errors.CheckViolation):
        owner.execute(
            "INSERT INTO banking_product (id, ledger, kind, code, names, offered_at)"
            " SELECT gen_random_uuid(), ledger, 'savings', 'x', '{}', now() FROM banking_books LIMIT 1"
        )
