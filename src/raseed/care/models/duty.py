"""The tables of duty: calendars, teams, who is in them, who works when, and who is away. What has begun is not rewritten."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from ..duty.domain import AbsenceKind


class CalendarRow(models.Model):
    """A calendar of an institution, by name; its hours are the versions."""

    id = models.UUIDField(primary_key=True)
    institution_id = models.UUIDField()
    slug = models.CharField(max_length=60)
    names = models.JSONField()
    created_at = models.DateTimeField()

    class Meta:
        db_table = "care_calendar"
        constraints = (models.UniqueConstraint(fields=["institution_id", "slug"], name="care_calendar_slug"),)


class CalendarVersionRow(models.Model):
    """Hours that hold from an instant on; a later row that holds from the same instant or earlier replaces it. Append-only."""

    position = models.BigAutoField(primary_key=True)
    calendar = models.ForeignKey(CalendarRow, on_delete=models.PROTECT, related_name="+")
    is_first = models.BooleanField()
    valid_from = models.DateTimeField()
    hours = models.JSONField()
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=60)
    reason = models.CharField(max_length=500)

    class Meta:
        db_table = "care_calendar_version"
        constraints = (
            models.UniqueConstraint(fields=["calendar"], condition=Q(is_first=True), name="care_calendar_first"),
            models.CheckConstraint(
                condition=Q(is_first=True) | Q(valid_from__gte=F("made_at")), name="care_calendar_history_stays"
            ),
        )


class TeamRow(models.Model):
    """Some who answer together, by a calendar, with a lead."""

    id = models.UUIDField(primary_key=True)
    institution_id = models.UUIDField()
    slug = models.CharField(max_length=60)
    names = models.JSONField()
    calendar = models.ForeignKey(CalendarRow, on_delete=models.PROTECT, related_name="+")
    lead = models.UUIDField()
    keeps_after_shift = models.BooleanField(db_default=False)
    is_default = models.BooleanField(db_default=False)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "care_team"
        constraints = (
            models.UniqueConstraint(fields=["institution_id", "slug"], name="care_team_slug"),
            models.UniqueConstraint(
                fields=["institution_id"], condition=Q(is_default=True), name="care_team_one_default"
            ),
        )


class HeadRow(models.Model):
    """Who is head of care at an institution: there is always one."""

    institution_id = models.UUIDField(primary_key=True)
    staff_id = models.UUIDField()
    since = models.DateTimeField()

    class Meta:
        db_table = "care_head"


class MemberRow(models.Model):
    """Someone of a team, from when until when."""

    id = models.BigAutoField(primary_key=True)
    team = models.ForeignKey(TeamRow, on_delete=models.PROTECT, related_name="+", db_index=False)
    staff_id = models.UUIDField()
    by_shifts = models.BooleanField()
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)

    class Meta:
        db_table = "care_member"
        indexes = (models.Index(fields=["staff_id"], name="care_member_staff"),)
        constraints = (
            models.UniqueConstraint(fields=["team", "staff_id"], condition=Q(until=None), name="care_member_once"),
            models.CheckConstraint(condition=Q(until=None) | Q(until__gte=F("since")), name="care_member_span"),
        )


class ShiftRow(models.Model):
    """Someone works from an instant until another; one that is called off or cut short ends earlier, or as it begins."""

    id = models.UUIDField(primary_key=True)
    team = models.ForeignKey(TeamRow, on_delete=models.PROTECT, related_name="+", db_index=False)
    staff_id = models.UUIDField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    on_duty = models.BooleanField(db_default=False)
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=60)

    class Meta:
        db_table = "care_shift"
        indexes = (
            models.Index(fields=["team", "ends_at"], name="care_shift_team"),
            models.Index(fields=["staff_id", "ends_at"], name="care_shift_staff"),
        )
        constraints = (
            models.CheckConstraint(condition=Q(ends_at__gte=F("starts_at")), name="care_shift_span"),
            models.CheckConstraint(condition=Q(starts_at__gte=F("made_at")), name="care_shift_ahead"),
        )


class AbsenceRow(models.Model):
    """Someone is away, from an instant until another or for good."""

    id = models.UUIDField(primary_key=True)
    institution_id = models.UUIDField()
    staff_id = models.UUIDField()
    kind = models.CharField(max_length=10)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=60)
    reason = models.CharField(max_length=500, db_default="")

    class Meta:
        db_table = "care_absence"
        indexes = (models.Index(fields=["institution_id", "staff_id"], name="care_absence_staff"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(kind__in=[kind.value for kind in AbsenceKind]), name="care_absence_kind"
            ),
            models.CheckConstraint(condition=Q(until=None) | Q(until__gte=F("since")), name="care_absence_span"),
            models.UniqueConstraint(
                fields=["institution_id", "staff_id", "kind"],
                condition=Q(until=None, kind__in=[AbsenceKind.LOCKED.value, AbsenceKind.LEFT.value]),
                name="care_absence_gone_once",
            ),
        )
