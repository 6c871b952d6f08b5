"""Who may grant what: limits, chains, ties, requests, and the grants that limits are counted by.

Triggers in the migration hold, against anyone's INSERT, UPDATE and DELETE: no grant is above its limit, grants are numbered
one by one, what was asked stays, requests go by legal steps, and nobody decides about their own.
"""

from __future__ import annotations

from typing import Final

from django.db import models

_BOUNDS: Final = ("per_act_minor", "per_day_minor", "per_customer_minor", "per_day_count", "per_customer_count")


class AuthorityLimitRow(models.Model):
    """What a member of staff, or whoever holds a role, may grant of one action in one currency, from when until when.

    ``currency`` is empty for an action that comes to no amount; then only counts bound it. Set by two persons.
    """

    id = models.UUIDField(primary_key=True)
    institution_id = models.UUIDField()
    holder_kind = models.TextField()
    holder_id = models.UUIDField()
    action = models.CharField(max_length=40)
    currency = models.CharField(max_length=3)
    per_act_minor = models.BigIntegerField(null=True)
    per_day_minor = models.BigIntegerField(null=True)
    per_customer_minor = models.BigIntegerField(null=True)
    per_day_count = models.IntegerField(null=True)
    per_customer_count = models.IntegerField(null=True)
    window_days = models.IntegerField()
    set_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    change_id = models.UUIDField()

    class Meta:
        db_table = "care_authority_limit"
        constraints = (
            models.UniqueConstraint(
                fields=["institution_id", "holder_kind", "holder_id", "action", "currency"],
                condition=models.Q(ended_at=None),
                name="care_limit_one_in_force",
            ),
            models.CheckConstraint(name="care_limit_holder", condition=models.Q(holder_kind__in=["staff", "role"])),
            models.CheckConstraint(
                name="care_limit_bounds",
                condition=models.Q(
                    ~models.Q(currency=""),
                    per_act_minor__gte=0,
                    per_day_minor__gte=0,
                    per_customer_minor__gte=0,
                )
                | models.Q(
                    currency="",
                    per_act_minor=None,
                    per_day_minor=None,
                    per_customer_minor=None,
                    per_day_count__gte=0,
                    per_customer_count__gte=0,
                ),
            ),
            models.CheckConstraint(
                name="care_limit_counts",
                condition=(models.Q(per_day_count=None) | models.Q(per_day_count__gte=0))
                & (models.Q(per_customer_count=None) | models.Q(per_customer_count__gte=0)),
            ),
            models.CheckConstraint(
                name="care_limit_window", condition=models.Q(window_days__gte=1, window_days__lte=366)
            ),
        )


class AuthorityChainRow(models.Model):
    """Who decides about what goes beyond somebody's authority, step after step, each with a clock. Set by two persons.

    An empty ``action`` is for every action that has no chain of its own. ``steps``: ``[{"role"|"staff": id, "within_s": n}]``.
    """

    id = models.UUIDField(primary_key=True)
    institution_id = models.UUIDField()
    action = models.CharField(max_length=40)
    steps = models.JSONField()
    set_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    change_id = models.UUIDField()

    class Meta:
        db_table = "care_authority_chain"
        constraints = (
            models.UniqueConstraint(
                fields=["institution_id", "action"], condition=models.Q(ended_at=None), name="care_chain_one_in_force"
            ),
        )


class AuthorityTieRow(models.Model):
    """That a member of staff is a customer, or close to one: they grant and decide nothing for them. It ends once."""

    id = models.UUIDField(primary_key=True)
    institution_id = models.UUIDField()
    staff_id = models.UUIDField()
    customer_id = models.UUIDField()
    kind = models.TextField()
    declared_by = models.CharField(max_length=60)
    declared_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=60, db_default="")

    class Meta:
        db_table = "care_authority_tie"
        indexes = (models.Index(fields=["customer_id"], name="care_tie_customer"),)
        constraints = (
            models.UniqueConstraint(
                fields=["staff_id", "customer_id"], condition=models.Q(ended_at=None), name="care_tie_once"
            ),
            models.CheckConstraint(name="care_tie_kind", condition=models.Q(kind__in=["self", "family", "close"])),
            models.CheckConstraint(
                name="care_tie_ended",
                condition=models.Q(ended_at=None, ended_by="")
                | models.Q(ended_at__isnull=False) & ~models.Q(ended_by=""),
            ),
        )


class AuthorityRequestRow(models.Model):
    """That somebody asked to do something for a customer, and what became of it. ``id`` is the deed's key, too.

    ``through`` is the business date on which it was asked: what grows later is not part of it.
    """

    id = models.UUIDField(primary_key=True)
    institution_id = models.UUIDField()
    action = models.CharField(max_length=40)
    customer_id = models.UUIDField()
    subject = models.CharField(max_length=80)
    amount_minor = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3)
    details = models.JSONField()
    reason = models.CharField(max_length=500)
    conversation_id = models.UUIDField(null=True)
    asked_by = models.UUIDField()
    asked_at = models.DateTimeField()
    through = models.DateField()
    beyond = models.TextField(db_default="")
    split = models.BooleanField()
    state = models.TextField()
    step = models.SmallIntegerField(null=True)
    chain = models.ForeignKey(AuthorityChainRow, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    assigned_to = models.UUIDField(null=True)
    due_at = models.DateTimeField(null=True)
    decided_by = models.UUIDField(null=True)
    decided_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    failure = models.CharField(max_length=60, db_default="")
    next_try_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "care_authority_request"
        indexes = (
            models.Index(fields=["institution_id", "asked_at", "id"], name="care_request_page"),
            models.Index(fields=["customer_id", "asked_at"], name="care_request_customer"),
            models.Index(fields=["due_at"], name="care_request_due", condition=models.Q(state="awaiting")),
            models.Index(fields=["assigned_to"], name="care_request_assigned", condition=models.Q(state="awaiting")),
            models.Index(fields=["asked_by"], name="care_request_waiting", condition=models.Q(state="awaiting")),
            models.Index(fields=["next_try_at"], name="care_request_approved", condition=models.Q(state="approved")),
            models.Index(
                fields=["asked_by", "decided_by", "decided_at"],
                name="care_request_pair",
                condition=models.Q(state__in=["approved", "done"], decided_by__isnull=False),
            ),
        )
        constraints = (
            models.CheckConstraint(
                name="care_request_state",
                condition=models.Q(state="awaiting", decided_by=None, decided_at=None, done_at=None)
                & models.Q(step__isnull=False, assigned_to__isnull=False, due_at__isnull=False)
                | models.Q(state="approved", decided_by__isnull=False, done_at=None, next_try_at__isnull=False)
                | models.Q(state="done", done_at__isnull=False)
                | models.Q(state="refused", decided_by__isnull=False)
                | models.Q(state__in=["expired", "withdrawn"], decided_at__isnull=False)
                | models.Q(state="failed") & ~models.Q(failure=""),
            ),
            models.CheckConstraint(
                name="care_request_second_person",
                condition=models.Q(decided_by=None) | ~models.Q(decided_by=models.F("asked_by")),
            ),
            models.CheckConstraint(
                name="care_request_amount",
                condition=models.Q(amount_minor=None, currency="")
                | models.Q(amount_minor__gt=0) & ~models.Q(currency=""),
            ),
        )


class AuthorityStepRow(models.Model):
    """One step in the life of a request: append-only."""

    id = models.BigAutoField(primary_key=True)
    request = models.ForeignKey(AuthorityRequestRow, on_delete=models.PROTECT, related_name="+")
    kind = models.TextField()
    at = models.DateTimeField()
    by = models.CharField(max_length=60)
    to = models.UUIDField(null=True)
    note = models.CharField(max_length=500, db_default="")

    class Meta:
        db_table = "care_authority_step"


class AuthorityGrantRow(models.Model):
    """That somebody's authority was used for a request: append-only, but that a deed which failed is void.

    ``day_number`` and ``customer_number`` count one by one, so that two grants at the same instant can't both be the next;
    ``day_total_minor`` is what the holder has granted on the day, with this one.
    """

    request = models.OneToOneField(
        AuthorityRequestRow, on_delete=models.PROTECT, primary_key=True, related_name="grant"
    )
    institution_id = models.UUIDField()
    action = models.CharField(max_length=40)
    currency = models.CharField(max_length=3)
    staff_id = models.UUIDField()
    customer_id = models.UUIDField()
    limit = models.ForeignKey(AuthorityLimitRow, on_delete=models.PROTECT, related_name="+", db_index=False)
    amount_minor = models.BigIntegerField()
    day = models.DateField()
    at = models.DateTimeField()
    day_number = models.IntegerField()
    day_total_minor = models.BigIntegerField()
    customer_number = models.IntegerField()
    void_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "care_authority_grant"
        indexes = (
            models.Index(fields=["institution_id", "day"], name="care_grant_day"),
            models.Index(
                fields=["institution_id", "customer_id", "action", "currency", "at"], name="care_grant_window"
            ),
        )
        constraints = (
            models.UniqueConstraint(
                fields=["institution_id", "staff_id", "action", "currency", "day", "day_number"],
                name="care_grant_of_day",
            ),
            models.UniqueConstraint(
                fields=["institution_id", "customer_id", "action", "currency", "customer_number"],
                name="care_grant_of_customer",
            ),
            models.CheckConstraint(name="care_grant_amount", condition=models.Q(amount_minor__gte=0)),
        )


class AuthorityCounterRow(models.Model):
    """What grants are counted by: locked in order of its key by whoever decides.

    ``owner_kind`` ``staff``: what one person has granted on ``day``, in all and how often. ``customer``: how many grants one
    customer has had; what they come to in a window is summed under this lock.
    """

    pk = models.CompositePrimaryKey("institution_id", "owner_kind", "owner_id", "action", "currency")
    institution_id = models.UUIDField()
    owner_kind = models.TextField()
    owner_id = models.UUIDField()
    action = models.CharField(max_length=40)
    currency = models.CharField(max_length=3)
    day = models.DateField(null=True)
    day_minor = models.BigIntegerField(db_default=0)
    grants = models.IntegerField(db_default=0)

    class Meta:
        db_table = "care_authority_counter"
