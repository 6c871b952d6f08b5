"""Staff, what they may do, how they prove who they are, and the changes that two of them make together."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from .customers import InstitutionRow

_PERSON = models.Q(decided_by__startswith="staff:")
_SOMEONE_ELSE = (
    ~models.Q(decided_by=models.F("proposed_by"))
    & ~models.Q(decided_by=models.F("proposer"))
    & ~models.Q(decided_by=models.F("subject"))
)


class RoleRow(models.Model):
    """A named set of permissions at an institution; changed only through a Change."""

    id = models.UUIDField(primary_key=True)
    institution = models.ForeignKey(InstitutionRow, on_delete=models.PROTECT, related_name="+", db_index=False)
    slug = models.TextField()
    names = models.JSONField()
    permissions = models.JSONField()
    created_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "people_role"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["institution", "slug"], condition=models.Q(removed_at=None), name="people_role_slug"
            )
        ]


class StaffRow(models.Model):
    """Someone who works at an institution. ``password`` is argon2id; ``totp_secret`` is encrypted, its key in a file."""

    id = models.UUIDField(primary_key=True)
    login = models.TextField(unique=True)
    institution = models.ForeignKey(InstitutionRow, on_delete=models.PROTECT, related_name="+")
    names = models.JSONField()
    language = models.CharField(max_length=2)
    state = models.TextField()
    password = models.TextField(default="")
    totp_secret = models.BinaryField(default=b"")
    totp_step = models.BigIntegerField(default=0)
    session_epoch = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "people_staff"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(state__in=["invited", "active", "locked", "left"]), name="people_staff_state"
            ),
            models.CheckConstraint(condition=models.Q(language__in=["ar", "he", "en"]), name="people_staff_language"),
            models.CheckConstraint(
                condition=~models.Q(state="active") | (~models.Q(password="") & ~models.Q(totp_secret=b"")),
                name="people_staff_proven",
            ),
            models.CheckConstraint(
                condition=~models.Q(state__in=["invited", "left"]) | models.Q(password="", totp_secret=b""),
                name="people_staff_nothing_kept",
            ),
        ]


class GrantRow(models.Model):
    """A role given to someone, from when until when; what was given stays to be read."""

    id = models.BigAutoField(primary_key=True)
    staff = models.ForeignKey(StaffRow, on_delete=models.PROTECT, related_name="grants", db_index=False)
    role = models.ForeignKey(RoleRow, on_delete=models.PROTECT, related_name="grants")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)

    class Meta:
        db_table = "people_grant"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["staff", "role"], condition=models.Q(until=None), name="people_grant_once"),
            models.CheckConstraint(
                condition=models.Q(until=None) | models.Q(until__gte=models.F("since")), name="people_grant_span"
            ),
        ]


class RecoveryCodeRow(models.Model):
    """One of the codes that stand in for a lost second factor, as a keyed hash; each works once."""

    id = models.BigAutoField(primary_key=True)
    staff = models.ForeignKey(StaffRow, on_delete=models.CASCADE, related_name="+", db_index=False)
    code_hash = models.BinaryField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "people_recovery_code"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["staff", "code_hash"], name="people_recovery_code_once")
        ]


class TicketRow(models.Model):
    """A random token handed out once, as a keyed hash: an invitation, or the step between password and second factor.

    ``password`` and ``totp_secret`` wait in an invitation until the second factor is proven.
    """

    token_hash = models.BinaryField(primary_key=True)
    kind = models.TextField()
    staff = models.ForeignKey(StaffRow, on_delete=models.CASCADE, related_name="+")
    session_epoch = models.PositiveIntegerField()
    expires_at = models.DateTimeField()
    password = models.TextField(default="")
    totp_secret = models.BinaryField(default=b"")

    class Meta:
        db_table = "people_ticket"
        indexes: ClassVar = [models.Index(fields=["expires_at"], name="people_ticket_expires")]
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(kind__in=["invitation", "challenge"]), name="people_ticket_kind"),
            models.UniqueConstraint(
                fields=["staff"], condition=models.Q(kind="invitation"), name="people_ticket_one_invitation"
            ),
        ]


class ChangeRow(models.Model):
    """A change with weight: proposed by one person, decided by another. A trigger lets it be decided once only."""

    id = models.UUIDField(primary_key=True)
    kind = models.TextField()
    institution = models.ForeignKey(InstitutionRow, on_delete=models.PROTECT, related_name="+", db_index=False)
    subject = models.TextField()
    payload = models.JSONField()
    before = models.JSONField()
    reason = models.TextField()
    proposed_by = models.TextField()
    proposer = models.TextField()
    proposed_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    state = models.TextField(default="open")
    decided_by = models.TextField(default="")
    decided_at = models.DateTimeField(null=True)
    decision_note = models.TextField(default="")

    class Meta:
        db_table = "people_change"
        indexes: ClassVar = [
            models.Index(fields=["institution", "proposed_at", "id"], name="people_change_page"),
            models.Index(fields=["subject", "proposed_at"], name="people_change_subject"),
            models.Index(fields=["expires_at"], name="people_change_open", condition=models.Q(state="open")),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(state="open", decided_by="", decided_at=None)
                | (
                    models.Q(state__in=["applied", "rejected", "withdrawn", "expired"], decided_at__isnull=False)
                    & ~models.Q(decided_by="")
                ),
                name="people_change_decided",
            ),
            models.CheckConstraint(
                condition=~models.Q(state__in=["applied", "rejected"]) | (_PERSON & _SOMEONE_ELSE),
                name="people_change_second_person",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="withdrawn")
                | models.Q(decided_by=models.F("proposed_by"))
                | models.Q(decided_by=models.F("proposer")),
                name="people_change_withdrawn_by",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="applied") | models.Q(decided_at__lt=models.F("expires_at")),
                name="people_change_in_time",
            ),
            models.CheckConstraint(
                condition=models.Q(expires_at__gt=models.F("proposed_at")), name="people_change_has_time"
            ),
        ]


class ChangeStepRow(models.Model):
    """One step in the life of a change: append-only."""

    position = models.BigAutoField(primary_key=True)
    change = models.ForeignKey(ChangeRow, on_delete=models.PROTECT, related_name="steps", db_index=False)
    state = models.TextField()
    at = models.DateTimeField()
    by = models.TextField()
    note = models.TextField(default="")

    class Meta:
        db_table = "people_change_step"
        constraints: ClassVar = [models.UniqueConstraint(fields=["change", "state"], name="people_change_step_once")]
