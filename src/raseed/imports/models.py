"""What was imported, line by line: the words for the statement and the figures for the comparison. Append-only."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class RunRow(models.Model):
    """One import that brought something in: which file, by its SHA-256, into which institution, how much."""

    id = models.BigAutoField(primary_key=True)
    source = models.TextField()
    file = models.TextField()
    digest = models.CharField(max_length=64)
    institution_id = models.UUIDField()
    lines = models.PositiveIntegerField()
    imported_at = models.DateTimeField()

    class Meta:
        db_table = "imports_run"


class LineRow(models.Model):
    """One imported line; ``transfer_id`` is the ledger's. See ``domain.order.PlacedLine`` for the figures."""

    transfer_id = models.UUIDField(primary_key=True)
    run = models.ForeignKey(RunRow, on_delete=models.PROTECT, related_name="+", db_index=False)
    account_id = models.UUIDField()
    position = models.PositiveIntegerField()
    line_no = models.PositiveIntegerField()
    source_id = models.CharField(max_length=100)
    booked_on = models.DateField()
    amount_minor = models.BigIntegerField()
    printed_minor = models.BigIntegerField(null=True)
    expected_minor = models.BigIntegerField()
    running_minor = models.BigIntegerField()
    difference_minor = models.BigIntegerField()
    verdict = models.TextField()
    kind = models.TextField()
    purpose = models.TextField()
    remote_bank = models.TextField()
    remote_account = models.TextField()
    note = models.TextField()

    class Meta:
        db_table = "imports_line"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account_id", "position"], name="imports_line_once"),
            models.CheckConstraint(condition=~models.Q(amount_minor=0), name="imports_line_moves_money"),
            models.CheckConstraint(
                condition=models.Q(verdict__in=["equal", "rounding", "cannot_follow", "not_printed"]),
                name="imports_line_verdict",
            ),
            models.CheckConstraint(
                condition=models.Q(printed_minor=None, difference_minor=0)
                | models.Q(printed_minor=models.F("expected_minor") + models.F("difference_minor")),
                name="imports_line_difference",
            ),
        ]


class HolderRow(models.Model):
    """That a person may use an account beside its owner, as its institution's books say (a disponent)."""

    id = models.BigAutoField(primary_key=True)
    account_id = models.UUIDField()
    customer_id = models.UUIDField()

    class Meta:
        db_table = "imports_disponent"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account_id", "customer_id"], name="imports_disponent_once")
        ]


class LoanContractRow(models.Model):
    """A loan as the books have it; ``loan_id`` is its account's here. Append-only."""

    loan_id = models.UUIDField(primary_key=True)
    run = models.ForeignKey(RunRow, on_delete=models.PROTECT, related_name="+", db_index=False)
    source_id = models.CharField(max_length=100)
    line_no = models.PositiveIntegerField()
    account_id = models.UUIDField()
    granted_on = models.DateField()
    amount_minor = models.BigIntegerField()
    months = models.PositiveSmallIntegerField()
    payment_minor = models.BigIntegerField()
    status = models.TextField()

    class Meta:
        db_table = "imports_loan"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(amount_minor=models.F("payment_minor") * models.F("months"), amount_minor__gt=0),
                name="imports_loan_adds_up",
            )
        ]


class LoanPaymentRow(models.Model):
    """That an imported line paid a loan: the transfer that lowered it. Append-only; a line pays once."""

    transfer_id = models.UUIDField(primary_key=True)
    run = models.ForeignKey(RunRow, on_delete=models.PROTECT, related_name="+", db_index=False)
    loan = models.ForeignKey(LoanContractRow, on_delete=models.PROTECT, related_name="+")
    line = models.OneToOneField(LineRow, on_delete=models.PROTECT, related_name="+")

    class Meta:
        db_table = "imports_loan_payment"


class OrderRow(models.Model):
    """A standing order as the books have it; ``standing_order_id`` is its own here. Append-only.

    ``day`` is the day of the month that the lines show, ``None`` where they show none; ``loan_id`` the loan of these books
    that it pays.
    """

    standing_order_id = models.UUIDField(primary_key=True)
    run = models.ForeignKey(RunRow, on_delete=models.PROTECT, related_name="+", db_index=False)
    source_id = models.CharField(max_length=100)
    line_no = models.PositiveIntegerField()
    account_id = models.UUIDField()
    bank = models.TextField()
    to_account = models.TextField()
    amount_minor = models.BigIntegerField()
    purpose = models.TextField()
    day = models.PositiveSmallIntegerField(null=True)
    loan_id = models.UUIDField(null=True)

    class Meta:
        db_table = "imports_order"
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(amount_minor__gt=0), name="imports_order_amount_positive")
        ]
