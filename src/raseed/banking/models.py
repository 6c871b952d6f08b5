"""The tables of banking. Triggers in the migrations hold what is said here against anyone's UPDATE and DELETE."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from .domain import AccountState, AliasKind, FeeEvent, InternalRole, ProductKind


def _one_of(
    name: str, column: str, values: type[AccountState | AliasKind | FeeEvent | InternalRole | ProductKind]
) -> models.CheckConstraint:
    return models.CheckConstraint(name=name, condition=models.Q(**{f"{column}__in": [value.value for value in values]}))


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


class ProductRow(models.Model):
    """What an institution offers in a currency."""

    id = models.UUIDField(primary_key=True)
    books = models.ForeignKey(BooksRow, on_delete=models.PROTECT, db_column="ledger", related_name="+")
    kind = models.TextField()
    names = models.JSONField()
    offered_at = models.DateTimeField()

    class Meta:
        db_table = "banking_product"
        constraints = (
            models.UniqueConstraint(fields=["books", "kind"], name="banking_product_once"),
            _one_of("banking_product_kind", "kind", ProductKind),
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
    """A customer's account. Only its name and its state change, the state by legal steps only."""

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

    class Meta:
        db_table = "banking_account"
        indexes = (models.Index(fields=["owner_id"], name="banking_account_owner"),)
        constraints = (_one_of("banking_account_state", "state", AccountState),)


class AliasRow(models.Model):
    """A name of an account. A value is given once at an institution, and never to another account (decision 19)."""

    id = models.BigAutoField(primary_key=True)
    account = models.ForeignKey(AccountRow, on_delete=models.PROTECT, related_name="+")
    kind = models.TextField()
    value = models.CharField(max_length=34)
    institution_id = models.UUIDField()
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True)

    class Meta:
        db_table = "banking_alias"
        constraints = (
            models.UniqueConstraint(fields=["value", "kind", "institution_id"], name="banking_alias_given_once"),
            models.UniqueConstraint(
                fields=["value"], condition=models.Q(kind=AliasKind.IBAN.value), name="banking_alias_iban_given_once"
            ),
            _one_of("banking_alias_kind", "kind", AliasKind),
            models.CheckConstraint(
                name="banking_alias_ends_after_it_begins",
                condition=models.Q(valid_until=None) | models.Q(valid_until__gte=models.F("valid_from")),
            ),
        )


class LimitCounterRow(models.Model):
    """What has left an account in its present daily window; only accounts whose product has a daily limit have one."""

    account = models.OneToOneField(AccountRow, on_delete=models.PROTECT, primary_key=True, related_name="+")
    day = models.DateField()
    used_minor = models.BigIntegerField()

    class Meta:
        db_table = "banking_limit_counter"
        constraints = (
            models.CheckConstraint(name="banking_limit_counter_not_negative", condition=models.Q(used_minor__gte=0)),
        )
