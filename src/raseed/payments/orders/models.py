"""The tables of payment orders. Triggers in the migration hold the legal steps and refuse any other change."""

from __future__ import annotations

from django.db import models

from .domain import OrderState


class OrderRow(models.Model):
    """An order that came as a file. ``claims``: no other order of the sender's may have its content or message id."""

    position = models.BigAutoField(primary_key=True)
    id = models.UUIDField(unique=True)
    state = models.TextField()
    claims = models.BooleanField()
    actor_customer_id = models.UUIDField()
    institution_id = models.UUIDField(null=True)
    file_name = models.CharField(max_length=120)
    file_bytes = models.BigIntegerField()
    content_hash = models.BinaryField()
    message_id = models.CharField(max_length=35, null=True)  # noqa: DJ001  (not read yet is not empty)
    message_created_at = models.CharField(max_length=40, null=True)  # noqa: DJ001
    payment_count = models.IntegerField()
    problem_count = models.IntegerField()
    payments_digest = models.BinaryField(null=True)
    similar_to = models.UUIDField(null=True)
    read_bytes = models.BigIntegerField()
    received_at = models.DateTimeField()
    validated_at = models.DateTimeField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.TextField(null=True)  # noqa: DJ001
    touched_at = models.DateTimeField()
    run_began_at = models.DateTimeField(null=True)
    run_began_done = models.BigIntegerField()

    class Meta:
        db_table = "payments_order"
        indexes = (
            models.Index(fields=["actor_customer_id", "position"], name="payments_order_actor"),
            models.Index(
                fields=["touched_at"],
                condition=models.Q(state__in=["received", "validating", "accepted", "executing"]),
                name="payments_order_open",
            ),
        )
        constraints = (
            models.UniqueConstraint(
                fields=["actor_customer_id", "content_hash"],
                condition=models.Q(claims=True),
                name="payments_order_content_once",
            ),
            models.UniqueConstraint(
                fields=["actor_customer_id", "message_id"],
                condition=models.Q(claims=True),
                name="payments_order_message_once",
            ),
            models.CheckConstraint(
                name="payments_order_state", condition=models.Q(state__in=[state.value for state in OrderState])
            ),
            models.CheckConstraint(
                name="payments_order_ends",
                condition=models.Q(ended_at=None) ^ models.Q(state__in=["refused", "done", "withdrawn"]),
            ),
            models.CheckConstraint(
                name="payments_order_claims_what_it_moves",
                condition=models.Q(claims=True) | models.Q(confirmed_at=None, state__in=["refused", "withdrawn"]),
            ),
            models.CheckConstraint(
                name="payments_order_read_before_accepted",
                condition=models.Q(state__in=["received", "validating", "refused"])
                | models.Q(
                    institution_id__isnull=False, message_id__isnull=False, payment_count__gt=0, problem_count=0
                ),
            ),
        )


class OrderFileRow(models.Model):
    """A piece of the raw file, compressed (zlib); removed some time after the order has ended."""

    pk = models.CompositePrimaryKey("order_id", "number")
    order_id = models.UUIDField()
    number = models.IntegerField()
    piece = models.BinaryField()

    class Meta:
        db_table = "payments_order_file"


class OrderBlockRow(models.Model):
    """A block of an order, and how far its payments are; ``next_position`` is the first that has not ended."""

    pk = models.CompositePrimaryKey("order_id", "number")
    order_id = models.UUIDField()
    number = models.IntegerField()
    payment_information_id = models.CharField(max_length=35)
    from_account_id = models.UUIDField()
    currency = models.CharField(max_length=3)
    execution_on = models.DateField()
    due_at = models.DateTimeField()
    batch_booking = models.BooleanField(null=True)
    first_position = models.IntegerField()
    payment_count = models.IntegerField()
    sum_minor = models.BigIntegerField()
    next_position = models.IntegerField()
    settled_count = models.IntegerField()
    settled_minor = models.BigIntegerField()
    refused_count = models.IntegerField()
    fees_minor = models.BigIntegerField()

    class Meta:
        db_table = "payments_order_block"
        constraints = (
            models.CheckConstraint(
                name="payments_order_block_adds_up",
                condition=models.Q(
                    next_position=models.F("first_position") + models.F("settled_count") + models.F("refused_count"),
                    next_position__lte=models.F("first_position") + models.F("payment_count"),
                    settled_count__gte=0,
                    refused_count__gte=0,
                    settled_minor__gte=0,
                    settled_minor__lte=models.F("sum_minor"),
                    fees_minor__gte=0,
                ),
            ),
        )


class OrderEntryRow(models.Model):
    """A payment of an order as its file has it: what is to be carried out, and the names to report on it under."""

    pk = models.CompositePrimaryKey("order_id", "position")
    order_id = models.UUIDField()
    position = models.IntegerField()
    block = models.IntegerField()
    line = models.IntegerField()
    payment_id = models.UUIDField()
    instruction_id = models.CharField(max_length=35, null=True)  # noqa: DJ001
    end_to_end_id = models.CharField(max_length=35)
    uetr = models.CharField(max_length=36, null=True)  # noqa: DJ001
    to_kind = models.TextField()
    to_value = models.CharField(max_length=34)
    amount_minor = models.BigIntegerField()
    note = models.CharField(max_length=140)

    class Meta:
        db_table = "payments_order_entry"
        constraints = (
            models.CheckConstraint(name="payments_order_entry_amount_positive", condition=models.Q(amount_minor__gt=0)),
        )


class OrderProblemRow(models.Model):
    """Something wrong with a file."""

    pk = models.CompositePrimaryKey("order_id", "number")
    order_id = models.UUIDField()
    number = models.IntegerField()
    line = models.IntegerField(null=True)
    place = models.TextField()
    code = models.TextField()
    params = models.JSONField()

    class Meta:
        db_table = "payments_order_problem"
