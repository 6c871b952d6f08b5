"""The tables of banking. Triggers in the migrations hold what is said here against anyone's UPDATE and DELETE."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from django.db import models
from django.db.models.functions import Cast, Now

from .amortisation import EVERY_MONTHS, Method
from .domain import (
    ACCOUNT_ALIAS_KINDS,
    AccountRight,
    AccountState,
    AliasKind,
    BlockReason,
    FeeEvent,
    InternalRole,
    ProductKind,
)
from .interest import SAVINGS_DAY_COUNTS, DayCount
from .workdays import BusinessDayRule


def _one_of(name: str, column: str, values: Iterable[StrEnum | int]) -> models.CheckConstraint:
    allowed = [value.value if isinstance(value, StrEnum) else value for value in values]
    return models.CheckConstraint(name=name, condition=models.Q(**{f"{column}__in": allowed}))


class BooksRow(models.Model):
    """That an institution keeps books in a currency: the ledger's number, and what its IBANs and dates need.

    Country and zone are the institution's, copied when the books are set up: business dates must not move under them.
    """

    ledger = models.IntegerField(primary_key=True)
    institution_id = models.UUIDField()
    currency = models.CharField(max_length=3)
    country = models.CharField(max_length=2)
    zone = models.TextField()
    bank_code = models.CharField(max_length=8)
    branch_code = models.CharField(max_length=8)
    is_main = models.BooleanField()
    set_up_at = models.DateTimeField()

    class Meta:
        db_table = "banking_books"
        constraints = (
            models.UniqueConstraint(fields=["institution_id", "currency"], name="banking_books_once"),
            models.UniqueConstraint(
                fields=["institution_id"], condition=models.Q(is_main=True), name="banking_books_one_main"
            ),
        )


class InternalAccountRow(models.Model):
    """One of an institution's own accounts: append-only."""

    id = models.UUIDField(primary_key=True)
    books = models.ForeignKey(BooksRow, on_delete=models.PROTECT, db_column="ledger", related_name="+")
    role = models.TextField()

    class Meta:
        db_table = "banking_internal_account"
        constraints = (
            models.UniqueConstraint(fields=["books", "role"], name="banking_internal_account_once"),
            _one_of("banking_internal_account_role", "role", InternalRole),
        )


class HolidayRow(models.Model):
    """A day on which an institution does not work, beside its country's weekend. Append-only."""

    pk = models.CompositePrimaryKey("institution_id", "day")
    institution_id = models.UUIDField()
    day = models.DateField()
    declared_at = models.DateTimeField()

    class Meta:
        db_table = "banking_holiday"


class ProductRow(models.Model):
    """What an institution offers in a currency. Only its names change.

    ``code`` tells products of a kind apart; the database fills in the kind where none is given. ``day_count`` is how the
    days of savings earn interest, and never changes, for what was carried on is counted in it.
    """

    id = models.UUIDField(primary_key=True)
    books = models.ForeignKey(BooksRow, on_delete=models.PROTECT, db_column="ledger", related_name="+")
    kind = models.TextField()
    code = models.TextField(null=True)  # noqa: DJ001  (null only on the way in: a trigger fills it)
    day_count = models.TextField(null=True)  # noqa: DJ001  (what does not apply is not an empty text)
    names = models.JSONField()
    offered_at = models.DateTimeField()

    class Meta:
        db_table = "banking_product"
        constraints = (
            models.UniqueConstraint(fields=["books", "code"], name="banking_product_code_once"),
            _one_of("banking_product_kind", "kind", ProductKind),
            models.CheckConstraint(
                name="banking_product_day_count",
                condition=models.Q(
                    kind=ProductKind.SAVINGS.value,
                    day_count__isnull=False,
                    day_count__in=sorted(each.value for each in SAVINGS_DAY_COUNTS),
                )
                | models.Q(day_count=None) & ~models.Q(kind=ProductKind.SAVINGS.value),
            ),
        )


class ProductLimitRow(models.Model):
    """Limits of a product from a date on; the latest row in force counts. Append-only: a change is another row."""

    id = models.BigAutoField(primary_key=True)
    product = models.ForeignKey(ProductRow, on_delete=models.PROTECT, related_name="+", db_index=False)
    valid_from = models.DateField()
    per_transfer_minor = models.BigIntegerField(null=True)
    per_day_minor = models.BigIntegerField(null=True)
    set_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "banking_product_limit"
        indexes = (models.Index(fields=["product", "valid_from", "id"], name="banking_product_limit_in_force"),)
        constraints = (
            models.CheckConstraint(
                name="banking_product_limit_positive",
                condition=(models.Q(per_transfer_minor=None) | models.Q(per_transfer_minor__gt=0))
                & (models.Q(per_day_minor=None) | models.Q(per_day_minor__gt=0)),
            ),
        )


class AccountLimitRow(models.Model):
    """An account's own limits from a date on, beside its product's; the tighter counts. Append-only.

    A row without any amount ends them.
    """

    id = models.BigAutoField(primary_key=True)
    account = models.ForeignKey("AccountRow", on_delete=models.PROTECT, related_name="+", db_index=False)
    valid_from = models.DateField()
    per_transfer_minor = models.BigIntegerField(null=True)
    per_day_minor = models.BigIntegerField(null=True)
    set_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "banking_account_limit"
        indexes = (models.Index(fields=["account", "valid_from", "id"], name="banking_account_limit_in_force"),)
        constraints = (
            models.CheckConstraint(
                name="banking_account_limit_positive",
                condition=(models.Q(per_transfer_minor=None) | models.Q(per_transfer_minor__gt=0))
                & (models.Q(per_day_minor=None) | models.Q(per_day_minor__gt=0)),
            ),
        )


class ProductRateRow(models.Model):
    """A product's yearly rate of interest, in millionths, from a date on. Append-only; no row means zero."""

    id = models.BigAutoField(primary_key=True)
    product = models.ForeignKey(ProductRow, on_delete=models.PROTECT, related_name="+", db_index=False)
    valid_from = models.DateField()
    annual_rate_ppm = models.IntegerField()
    set_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "banking_product_rate"
        indexes = (models.Index(fields=["product", "valid_from", "id"], name="banking_product_rate_in_force"),)
        constraints = (
            models.CheckConstraint(
                name="banking_product_rate_not_negative", condition=models.Q(annual_rate_ppm__gte=0)
            ),
        )


class ProductDormancyRow(models.Model):
    """After how many months without use a product's accounts become dormant (null: never), from a date on. Append-only.

    ``watched_since`` is when such a rule began to hold without a break: before it nobody noted who used an account.
    """

    id = models.BigAutoField(primary_key=True)
    product = models.ForeignKey(ProductRow, on_delete=models.PROTECT, related_name="+", db_index=False)
    valid_from = models.DateField()
    months = models.SmallIntegerField(null=True)
    watched_since = models.DateField(null=True)
    set_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "banking_product_dormancy"
        indexes = (models.Index(fields=["product", "valid_from", "id"], name="banking_product_dormancy_now"),)
        constraints = (
            models.CheckConstraint(
                name="banking_product_dormancy_whole",
                condition=models.Q(months=None, watched_since=None)
                | models.Q(months__gt=0, watched_since__isnull=False, watched_since__lte=models.F("valid_from")),
            ),
        )


class ProductFeeRow(models.Model):
    """What a product's accounts pay for something from a date on. Append-only; no row means zero."""

    id = models.BigAutoField(primary_key=True)
    product = models.ForeignKey(ProductRow, on_delete=models.PROTECT, related_name="+", db_index=False)
    event = models.TextField()
    valid_from = models.DateField()
    amount_minor = models.BigIntegerField()
    set_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "banking_product_fee"
        indexes = (models.Index(fields=["product", "event", "valid_from", "id"], name="banking_product_fee_in_force"),)
        constraints = (
            models.CheckConstraint(name="banking_product_fee_not_negative", condition=models.Q(amount_minor__gte=0)),
            _one_of("banking_product_fee_event", "event", FeeEvent),
        )


class AccountRow(models.Model):
    """A customer's account. Only its name, its state (by legal steps) and what goes with the state change.

    ``quiet_since`` is a day on or before which its owner last used it, as far as it was looked; who became dormant is found
    by it. ``block_reason`` goes by itself when the account is blocked no more.
    """

    id = models.UUIDField(primary_key=True)
    institution_id = models.UUIDField()
    owner_id = models.UUIDField()
    product = models.ForeignKey(ProductRow, on_delete=models.PROTECT, related_name="+", db_index=False)
    ledger = models.IntegerField()
    name = models.CharField(max_length=120)
    state = models.TextField()
    overdraft_allowed = models.BooleanField()
    opened_on = models.DateField()
    opened_at = models.DateTimeField()
    block_reason = models.TextField(null=True)  # noqa: DJ001  (an account that is not blocked has none)
    quiet_since = models.DateField(db_default=Cast(Now(), models.DateField()))

    class Meta:
        db_table = "banking_account"
        indexes = (
            models.Index(fields=["owner_id"], name="banking_account_owner"),
            models.Index(
                fields=["product", "quiet_since", "id"],
                name="banking_account_quiet",
                condition=models.Q(state=AccountState.OPEN.value),
            ),
        )
        constraints = (
            _one_of("banking_account_state", "state", AccountState),
            models.CheckConstraint(
                name="banking_account_block_reason",
                condition=models.Q(block_reason=None)
                | models.Q(state=AccountState.BLOCKED.value, block_reason__in=[reason.value for reason in BlockReason]),
            ),
        )


class AccountRightRow(models.Model):
    """That a person who is not its owner may see an account, or also pay from it: from when until when. It ends once."""

    id = models.BigAutoField(primary_key=True)
    account = models.ForeignKey(AccountRow, on_delete=models.PROTECT, related_name="+")
    customer_id = models.UUIDField()
    right = models.TextField()
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True)

    class Meta:
        db_table = "banking_account_right"
        indexes = (
            models.Index(
                fields=["customer_id"], name="banking_account_right_holder", condition=models.Q(valid_until=None)
            ),
        )
        constraints = (
            models.UniqueConstraint(
                fields=["account", "customer_id"],
                condition=models.Q(valid_until=None),
                name="banking_account_right_one_now",
            ),
            _one_of("banking_account_right_given", "right", (AccountRight.MAY_SEE, AccountRight.MAY_PAY)),
            models.CheckConstraint(
                name="banking_account_right_span",
                condition=models.Q(valid_until=None) | models.Q(valid_until__gte=models.F("valid_from")),
            ),
        )


class AliasRow(models.Model):
    """A name of an account. A value is one account's for ever at an institution, never another's (decision 19).

    The same account may get it back: then as its next ``round``, which a trigger holds to the account that had it before.
    """

    id = models.BigAutoField(primary_key=True)
    account = models.ForeignKey(AccountRow, on_delete=models.PROTECT, related_name="+")
    kind = models.TextField()
    value = models.CharField(max_length=34)
    institution_id = models.UUIDField()
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True)
    round = models.SmallIntegerField(db_default=1)

    class Meta:
        db_table = "banking_alias"
        constraints = (
            models.UniqueConstraint(
                fields=["value", "kind", "institution_id", "round"], name="banking_alias_given_once"
            ),
            models.UniqueConstraint(
                fields=["value"], condition=models.Q(kind=AliasKind.IBAN.value), name="banking_alias_iban_given_once"
            ),
            _one_of("banking_alias_kind", "kind", ACCOUNT_ALIAS_KINDS),
            models.CheckConstraint(
                name="banking_alias_ends_after_it_begins",
                condition=models.Q(valid_until=None) | models.Q(valid_until__gte=models.F("valid_from")),
            ),
        )


class LimitCounterRow(models.Model):
    """What has left an account in its present daily window, whose day is also the last on which its owner used it.

    Only accounts with a daily limit, or whose product lets the unused become dormant, have one.
    """

    account = models.OneToOneField(AccountRow, on_delete=models.PROTECT, primary_key=True, related_name="+")
    day = models.DateField()
    used_minor = models.BigIntegerField()

    class Meta:
        db_table = "banking_limit_counter"
        constraints = (
            models.CheckConstraint(name="banking_limit_counter_not_negative", condition=models.Q(used_minor__gte=0)),
        )


class SavingsRow(models.Model):
    """How far a savings account has been credited its interest, and the units of accrual carried on. It moves forward only."""

    account = models.OneToOneField(AccountRow, on_delete=models.PROTECT, primary_key=True, related_name="+")
    credited_through = models.DateField()
    carried_units = models.BigIntegerField()

    class Meta:
        db_table = "banking_savings"
        indexes = (models.Index(fields=["credited_through", "account"], name="banking_savings_due"),)
        constraints = (
            models.CheckConstraint(name="banking_savings_carried", condition=models.Q(carried_units__gte=0)),
        )


class InterestCreditRow(models.Model):
    """What a savings account was credited for the days from one date to another, both included. Append-only.

    ``accrued_units`` is what they earned; with what was carried before, it is the amount (``transfer_id``) and what goes on.
    """

    id = models.BigAutoField(primary_key=True)
    account = models.ForeignKey(AccountRow, on_delete=models.PROTECT, related_name="+", db_index=False)
    first_day = models.DateField()
    last_day = models.DateField()
    accrued_units = models.DecimalField(max_digits=38, decimal_places=0)
    carried_units = models.BigIntegerField()
    amount_minor = models.BigIntegerField()
    transfer_id = models.UUIDField(null=True)
    credited_at = models.DateTimeField()

    class Meta:
        db_table = "banking_interest_credit"
        constraints = (
            models.UniqueConstraint(fields=["account", "first_day"], name="banking_interest_credit_once"),
            models.CheckConstraint(
                name="banking_interest_credit_whole",
                condition=models.Q(
                    first_day__lte=models.F("last_day"), accrued_units__gte=0, carried_units__gte=0, amount_minor__gte=0
                )
                & (
                    models.Q(amount_minor=0, transfer_id=None) | models.Q(amount_minor__gt=0, transfer_id__isnull=False)
                ),
            ),
        )


class LoanRow(models.Model):
    """A loan's contract, beside its account. Only how far it has come changes, and forward only.

    ``plan`` is the schedule in force, ``charged_through`` the number of its last instalment whose interest was charged,
    ``next_due_on`` when the next one's is (``None``: all were). ``penalty_rule`` is its product's of then.
    """

    account = models.OneToOneField(AccountRow, on_delete=models.PROTECT, primary_key=True, related_name="+")
    pay_account_id = models.UUIDField()
    principal_minor = models.BigIntegerField()
    fee_minor = models.BigIntegerField()
    annual_rate_ppm = models.IntegerField()
    instalments = models.SmallIntegerField()
    first_due_on = models.DateField()
    method = models.TextField()
    every_months = models.SmallIntegerField()
    day_count = models.TextField()
    last_of_month = models.BooleanField()
    business_days = models.TextField()
    granted_on = models.DateField()
    granted_at = models.DateTimeField()
    plan = models.SmallIntegerField(db_default=1)
    charged_through = models.SmallIntegerField(db_default=0)
    next_due_on = models.DateField(null=True)
    penalty_rule = models.ForeignKey("ProductPenaltyRow", models.PROTECT, null=True, related_name="+", db_index=False)
    penalties_counted_at = models.DateTimeField(null=True)
    penalties_counted_credits_minor = models.BigIntegerField(null=True)

    class Meta:
        db_table = "banking_loan"
        indexes = (
            models.Index(fields=["account"], name="banking_loan_penalties", condition=~models.Q(penalty_rule=None)),
            models.Index(
                fields=["next_due_on", "account"],
                name="banking_loan_due",
                condition=models.Q(next_due_on__isnull=False),
            ),
        )
        constraints = (
            models.CheckConstraint(
                name="banking_loan_terms",
                condition=models.Q(
                    principal_minor__gt=0, fee_minor__gte=0, annual_rate_ppm__gte=0, instalments__gt=0,
                    first_due_on__gt=models.F("granted_on"),
                ),
            ),
            _one_of("banking_loan_method", "method", Method),
            _one_of("banking_loan_every_months", "every_months", sorted(EVERY_MONTHS)),
            _one_of("banking_loan_day_count", "day_count", DayCount),
            _one_of("banking_loan_business_days", "business_days", BusinessDayRule),
        )  # fmt: skip


class LoanPlanRow(models.Model):
    """A schedule of a loan: the first when it was granted, another after each early repayment. Append-only.

    ``id`` is its client's: the loan's own, or the early repayment's. ``repaid_minor`` is what that brought, ``accrued_minor``
    the interest of days that it paid, ``credited_before_minor`` all that was paid before. A plan of nothing ends a loan.
    """

    id = models.UUIDField(primary_key=True)
    loan = models.ForeignKey(LoanRow, on_delete=models.PROTECT, related_name="+", db_index=False)
    number = models.SmallIntegerField()
    starts_on = models.DateField()
    principal_minor = models.BigIntegerField()
    instalments = models.SmallIntegerField()
    from_account_id = models.UUIDField(null=True)
    repaid_minor = models.BigIntegerField()
    accrued_minor = models.BigIntegerField()
    credited_before_minor = models.BigIntegerField()
    made_at = models.DateTimeField()

    class Meta:
        db_table = "banking_loan_plan"
        constraints = (
            models.UniqueConstraint(fields=["loan", "number"], name="banking_loan_plan_numbered"),
            models.CheckConstraint(
                name="banking_loan_plan_whole",
                condition=models.Q(
                    principal_minor__gte=0, instalments__gte=0, repaid_minor__gte=0, accrued_minor__gte=0, number__gt=0
                ),
            ),
        )


class InstalmentRow(models.Model):
    """An instalment of a plan. Append-only; a trigger holds their principals to the plan's, to the last minor unit."""

    id = models.BigAutoField(primary_key=True)
    plan = models.ForeignKey(LoanPlanRow, on_delete=models.PROTECT, related_name="+", db_index=False)
    number = models.SmallIntegerField()
    period_end = models.DateField()
    due_on = models.DateField()
    principal_minor = models.BigIntegerField()
    interest_minor = models.BigIntegerField()

    class Meta:
        db_table = "banking_instalment"
        constraints = (
            models.UniqueConstraint(fields=["plan", "number"], name="banking_instalment_numbered"),
            models.CheckConstraint(
                name="banking_instalment_whole",
                condition=models.Q(principal_minor__gte=0, interest_minor__gte=0, number__gt=0),
            ),
        )


from .late import models as late_models  # noqa: E402, F401
