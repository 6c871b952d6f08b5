"""The tables of bills. Triggers in the migrations hold what is said here against anyone's UPDATE and DELETE."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from django.db import models

from .domain import AdapterKind, BillerModel, BillerState, BillState, Category, OrderState, PartKind, PartPayments


def _one_of(name: str, column: str, values: Iterable[StrEnum]) -> models.CheckConstraint:
    return models.CheckConstraint(name=name, condition=models.Q(**{f"{column}__in": [value.value for value in values]}))


class BillerRow(models.Model):
    """Who is paid through an institution. Its institution, owner, account, code and currency never change."""

    id = models.UUIDField(primary_key=True)
    institution_id = models.UUIDField()
    customer_id = models.UUIDField()
    collection_account_id = models.UUIDField(unique=True)
    account_number = models.CharField(max_length=34)
    code = models.CharField(max_length=40)
    category = models.TextField()
    names = models.JSONField()
    model = models.TextField()
    adapter = models.TextField()
    address = models.CharField(max_length=500)
    currency = models.CharField(max_length=3)
    state = models.TextField()
    fields = models.JSONField()
    least_minor = models.BigIntegerField(null=True)
    most_minor = models.BigIntegerField(null=True)
    generation = models.SmallIntegerField(db_default=1)
    registered_at = models.DateTimeField()

    class Meta:
        db_table = "bills_biller"
        constraints = (
            models.UniqueConstraint(fields=["institution_id", "code"], name="bills_biller_code_once"),
            _one_of("bills_biller_category", "category", Category),
            _one_of("bills_biller_model", "model", BillerModel),
            _one_of("bills_biller_adapter", "adapter", AdapterKind),
            _one_of("bills_biller_state", "state", BillerState),
            models.CheckConstraint(
                name="bills_biller_address",
                condition=models.Q(adapter=AdapterKind.FILE.value, address="")
                | models.Q(adapter=AdapterKind.HTTP.value) & ~models.Q(address=""),
            ),
            models.CheckConstraint(
                name="bills_biller_bounds",
                condition=(models.Q(least_minor=None) | models.Q(least_minor__gt=0))
                & (models.Q(most_minor=None) | models.Q(most_minor__gt=0))
                & (
                    models.Q(least_minor=None)
                    | models.Q(most_minor=None)
                    | models.Q(most_minor__gte=models.F("least_minor"))
                ),
            ),
        )


class BillerKeyRow(models.Model):
    """A public key (Ed25519) that a biller signs with: from when until when. It ends once."""

    id = models.BigAutoField(primary_key=True)
    biller = models.ForeignKey(BillerRow, on_delete=models.PROTECT, related_name="keys")
    key_id = models.CharField(max_length=60)
    public_key = models.BinaryField(max_length=32)
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True)

    class Meta:
        db_table = "bills_biller_key"
        constraints = (
            models.UniqueConstraint(fields=["biller", "key_id"], name="bills_biller_key_once"),
            models.CheckConstraint(
                name="bills_biller_key_span",
                condition=models.Q(valid_until=None) | models.Q(valid_until__gte=models.F("valid_from")),
            ),
        )


class LogoRow(models.Model):
    """A biller's picture, as it was made safe."""

    biller = models.OneToOneField(BillerRow, on_delete=models.PROTECT, primary_key=True, related_name="logo")
    kind = models.TextField()
    data = models.BinaryField()
    digest = models.CharField(max_length=64)

    class Meta:
        db_table = "bills_logo"
        constraints = (
            models.CheckConstraint(name="bills_logo_kind", condition=models.Q(kind__in=["image/svg+xml", "image/png"])),
        )


class BillRow(models.Model):
    """What somebody owes a biller. Whose it is and its number never change; what was paid and is held never exceeds it.

    ``agreed_minor`` is the most that it may ask for since a dispute was upheld, whatever its biller tells; zero: cancelled.
    """

    id = models.UUIDField(primary_key=True)
    biller = models.ForeignKey(BillerRow, on_delete=models.PROTECT, related_name="+", db_index=False)
    reference = models.CharField(max_length=488)
    number = models.CharField(max_length=60)
    issued_on = models.DateField()
    due_on = models.DateField(null=True)
    period = models.CharField(max_length=40)
    amount_minor = models.BigIntegerField()
    minimum_minor = models.BigIntegerField(null=True)
    part_payments = models.TextField()
    paid_minor = models.BigIntegerField(db_default=0)
    held_minor = models.BigIntegerField(db_default=0)
    elsewhere_minor = models.BigIntegerField(db_default=0)
    state = models.TextField()
    customer_name = models.CharField(max_length=120)
    seen_at = models.DateTimeField()
    agreed_minor = models.BigIntegerField(null=True)

    class Meta:
        db_table = "bills_bill"
        indexes = (models.Index(fields=["biller", "reference"], name="bills_bill_reference"),)
        constraints = (
            models.UniqueConstraint(fields=["biller", "number"], name="bills_bill_number_once"),
            _one_of("bills_bill_state", "state", BillState),
            _one_of("bills_bill_part_payments", "part_payments", PartPayments),
            models.CheckConstraint(name="bills_bill_amount_positive", condition=models.Q(amount_minor__gt=0)),
            models.CheckConstraint(
                name="bills_bill_paid_once",
                condition=models.Q(
                    paid_minor__gte=0,
                    held_minor__gte=0,
                    elsewhere_minor__gte=0,
                    amount_minor__gte=models.F("paid_minor") + models.F("held_minor"),
                ),
            ),
            models.CheckConstraint(
                name="bills_bill_minimum",
                condition=models.Q(minimum_minor=None)
                | models.Q(minimum_minor__gt=0, part_payments=PartPayments.MINIMUM.value),
            ),
            models.CheckConstraint(
                name="bills_bill_agreed",
                condition=models.Q(agreed_minor=None)
                | models.Q(agreed_minor=0, state=BillState.CANCELLED.value)
                | models.Q(agreed_minor__gt=0, agreed_minor__gte=models.F("amount_minor")),
            ),
        )


class LookUpRow(models.Model):
    """That a customer has asked for the bills of a reference: whose list shows them, and how many somebody asks for."""

    pk = models.CompositePrimaryKey("customer_id", "biller", "reference")
    customer_id = models.UUIDField()
    biller = models.ForeignKey(BillerRow, on_delete=models.PROTECT, related_name="+", db_index=False)
    reference = models.CharField(max_length=488)
    values = models.JSONField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        db_table = "bills_look_up"


class BillOrderRow(models.Model):
    """Bills of one biller that somebody pays at once. What was ordered stays; its state goes by legal steps."""

    id = models.UUIDField(primary_key=True)
    biller = models.ForeignKey(BillerRow, on_delete=models.PROTECT, related_name="+", db_index=False)
    customer_id = models.UUIDField()
    values = models.JSONField()
    reference = models.CharField(max_length=488)
    amount_minor = models.BigIntegerField()
    state = models.TextField()
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    biller_reference = models.CharField(max_length=120, db_default="")
    proof = models.JSONField(null=True)

    class Meta:
        db_table = "bills_order"
        indexes = (
            models.Index(fields=["customer_id", "made_at"], name="bills_order_customer"),
            models.Index(fields=["biller", "ended_at"], name="bills_order_ended", condition=~models.Q(ended_at=None)),
            models.Index(fields=["made_at"], name="bills_order_open", condition=models.Q(state=OrderState.OPEN.value)),
        )
        constraints = (
            _one_of("bills_order_state", "state", OrderState),
            models.CheckConstraint(name="bills_order_amount_positive", condition=models.Q(amount_minor__gt=0)),
            models.CheckConstraint(
                name="bills_order_ended",
                condition=models.Q(state__in=["open", "held"], ended_at=None)
                | models.Q(state__in=["paid", "returned", "expired"], ended_at__isnull=False),
            ),
        )


class PartRow(models.Model):
    """A part of what an order pays: append-only but for ``is_held``. Parts and order agree by a deferred trigger.

    Of one bill, the same amount is under way at most once: two phones that pay the same thing in the same second.
    """

    pk = models.CompositePrimaryKey("order", "number")
    order = models.ForeignKey(BillOrderRow, on_delete=models.PROTECT, related_name="parts", db_index=False)
    number = models.SmallIntegerField()
    kind = models.TextField()
    bill = models.ForeignKey(BillRow, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    amount_minor = models.BigIntegerField()
    is_held = models.BooleanField(db_default=False)
    waiver_id = models.UUIDField(null=True)

    class Meta:
        db_table = "bills_part"
        indexes = (
            models.Index(
                fields=["bill"],
                name="bills_part_late",
                condition=models.Q(kind__in=[PartKind.PENALTY.value, PartKind.WAIVER.value]),
            ),
        )
        constraints = (
            models.UniqueConstraint(
                fields=["bill", "amount_minor"],
                condition=models.Q(is_held=True, kind=PartKind.BILL.value),
                name="bills_part_held_once",
            ),
            _one_of("bills_part_kind", "kind", PartKind),
            models.CheckConstraint(name="bills_part_amount_positive", condition=models.Q(amount_minor__gt=0)),
            models.CheckConstraint(
                name="bills_part_waiver",
                condition=models.Q(kind=PartKind.WAIVER.value, waiver_id__isnull=False)
                | (~models.Q(kind=PartKind.WAIVER.value) & models.Q(waiver_id=None)),
            ),
        )


class FindingRow(models.Model):
    """What a biller answered that can't be right: append-only."""

    position = models.BigAutoField(primary_key=True)
    biller = models.ForeignKey(BillerRow, on_delete=models.PROTECT, related_name="+")
    order_id = models.UUIDField(null=True, db_index=True)
    kind = models.TextField()
    asked = models.TextField()
    facts = models.JSONField()
    at = models.DateTimeField()

    class Meta:
        db_table = "bills_finding"


class IntakeRow(models.Model):
    """A file of bills that was taken in whole. The same file again is the same intake."""

    id = models.UUIDField(primary_key=True)
    biller = models.ForeignKey(BillerRow, on_delete=models.PROTECT, related_name="+", db_index=False)
    digest = models.CharField(max_length=64)
    bills = models.IntegerField()
    fresh = models.IntegerField()
    left = models.IntegerField()
    taken_at = models.DateTimeField()

    class Meta:
        db_table = "bills_intake"
        constraints = (models.UniqueConstraint(fields=["biller", "digest"], name="bills_intake_once"),)


# Tables that stand beside the idea that they belong to; Django finds them through here.
from .clerks.models import ClerkRow  # noqa: E402, F401
from .habits import models as habits_models  # noqa: E402, F401
from .receipts.models import ReceiptKeyRow, ReceiptRow  # noqa: E402, F401
from .reconciliation.models import BreakRow, BreakStepRow, ReconciliationRow  # noqa: E402, F401
from .refunds.models import RefundRow  # noqa: E402, F401
from .settlement.models import PayoutAccountRow, PayoutRow, SettlementLineRow, SettlementRow  # noqa: E402, F401
from .terms import models as terms_models  # noqa: E402, F401
