"""The tables of what goes out: messages, every attempt, files, templates, how fast a line may send and how it stands."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from ..sending.states import OutgoingState

_STATES = [state.value for state in OutgoingState]
_OUTCOMES = ["", "taken", "refused", "put_off", "unknown"]


class OutgoingRow(models.Model):
    """A message on its way out: what was to be sent never changes, its state only forwards (the trigger of the migration).

    ``slot_at`` is when the line's rate lets it leave, once it has a place; ``lease_until`` when an attempt counts as cut off;
    ``tries`` are the attempts of this round that count against its bound.
    """

    position = models.BigAutoField(primary_key=True)
    id = models.UUIDField(unique=True)
    line_id = models.UUIDField()
    institution_id = models.UUIDField()
    channel = models.TextField()
    purpose = models.TextField()
    to_scope = models.TextField()
    to_external_id = models.TextField()
    to_phone = models.TextField(default="")
    to_name = models.TextField(default="")
    text = models.TextField(default="")
    subject = models.TextField(default="")
    template_name = models.TextField(default="")
    template_language = models.TextField(default="")
    template_values = models.JSONField(default=list)
    media_name = models.TextField(default="")
    media_type = models.TextField(default="")
    reply_to = models.TextField(default="")
    digest = models.BinaryField()
    created_at = models.DateTimeField()
    not_before = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    state = models.TextField(default="waiting")
    round = models.PositiveSmallIntegerField(default=0)
    attempts = models.PositiveIntegerField(default=0)
    tries = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    slot_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    provider_id = models.TextField(default="")
    sent_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    heard_at = models.DateTimeField(null=True)
    reason_code = models.TextField(default="")
    reason_told = models.TextField(default="")

    class Meta:
        app_label = "channels"
        db_table = "channels_outgoing"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=_STATES), name="channels_outgoing_state"),
            models.CheckConstraint(
                condition=Q(state="waiting", next_try_at__isnull=False) | (~Q(state="waiting") & Q(next_try_at=None)),
                name="channels_outgoing_waiting_has_a_time",
            ),
            models.CheckConstraint(
                condition=Q(state="sending", lease_until__isnull=False) | (~Q(state="sending") & Q(lease_until=None)),
                name="channels_outgoing_sending_has_a_lease",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["failed", "unknown", "expired"]) | ~Q(reason_code=""),
                name="channels_outgoing_says_why",
            ),
            models.CheckConstraint(condition=Q(tries__lte=F("attempts")), name="channels_outgoing_tries"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["line_id", "next_try_at"], name="channels_outgoing_due", condition=Q(state="waiting")),
            models.Index(
                fields=["line_id", "to_external_id", "position"],
                name="channels_outgoing_pair",
                condition=Q(state__in=["waiting", "sending"]),
            ),
            models.Index(fields=["lease_until"], name="channels_outgoing_leases", condition=Q(state="sending")),
            models.Index(
                fields=["line_id", "position"], name="channels_outgoing_unknown", condition=Q(state="unknown")
            ),
            models.Index(fields=["line_id", "position"], name="channels_outgoing_failed", condition=Q(state="failed")),
            models.Index(
                fields=["line_id", "position"],
                name="channels_outgoing_no_sign",
                condition=Q(state="sent", reason_code="no_sign_of_delivery"),
            ),
            models.Index(
                fields=["sent_at"], name="channels_outgoing_unheard", condition=Q(state="sent", heard_at=None)
            ),
            models.Index(fields=["line_id", "to_external_id", "-position"], name="channels_outgoing_of"),
        ]


class OutgoingFileRow(models.Model):
    """The file of a message, for as long as the message is kept."""

    message_id = models.UUIDField(primary_key=True)
    sha256 = models.BinaryField()
    content = models.BinaryField()

    class Meta:
        app_label = "channels"
        db_table = "channels_outgoing_file"


class AttemptRow(models.Model):
    """One time that a provider was asked, written before it was; what came of it is written once, and later only mends ``unknown``.

    ``callback`` goes along with the request and comes back with its statuses: of a first attempt it is the message's own id.
    """

    id = models.BigAutoField(primary_key=True)
    message_id = models.UUIDField()
    line_id = models.UUIDField()
    number = models.PositiveIntegerField()
    callback = models.UUIDField(unique=True)
    round = models.PositiveSmallIntegerField()
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    took_ms = models.PositiveIntegerField(null=True)
    outcome = models.TextField(default="")
    code = models.TextField(default="")
    told = models.TextField(default="")
    provider_id = models.TextField(default="")

    class Meta:
        app_label = "channels"
        db_table = "channels_attempt"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["message_id", "number"], name="channels_attempt_once"),
            models.CheckConstraint(condition=Q(outcome__in=_OUTCOMES), name="channels_attempt_outcome"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["line_id", "provider_id"], name="channels_attempt_called", condition=~Q(provider_id="")
            )
        ]


class EarlyStatusRow(models.Model):
    """A status of a message that we do not know yet by the provider's name for it: kept until its send is known."""

    id = models.BigAutoField(primary_key=True)
    line_id = models.UUIDField()
    provider_id = models.TextField()
    state = models.TextField()
    at = models.DateTimeField()
    error_code = models.IntegerField(null=True)
    error_title = models.TextField(default="")
    kept_at = models.DateTimeField()

    class Meta:
        app_label = "channels"
        db_table = "channels_early_status"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["line_id", "provider_id", "state"], name="channels_early_status_once")
        ]
        indexes: ClassVar = [models.Index(fields=["kept_at"], name="channels_early_status_age")]


class TemplateRow(models.Model):
    """A template that the provider has approved for a line, as it was registered here."""

    id = models.UUIDField(primary_key=True)
    line_id = models.UUIDField()
    name = models.TextField()
    language = models.TextField()
    body = models.TextField()
    values = models.PositiveSmallIntegerField()
    active = models.BooleanField(default=True)

    class Meta:
        app_label = "channels"
        db_table = "channels_template"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["line_id", "name", "language"], name="channels_template_once")
        ]


class BucketRow(models.Model):
    """How much a line, or one person on it, was sent: the instant at which the bucket is empty again, and a rest it was told to take."""

    key = models.TextField(primary_key=True)
    empty_at = models.DateTimeField()
    paused_until = models.DateTimeField(null=True)

    class Meta:
        app_label = "channels"
        db_table = "channels_bucket"


class StandingRow(models.Model):
    """How a line stands: failures in a row and when it is asked again, or since when it needs a new token.

    ``token_mark`` is a keyed hash of the token that was refused: another one in its file, and messages leave again.
    """

    line_id = models.UUIDField(primary_key=True)
    failures = models.PositiveIntegerField(default=0)
    retry_at = models.DateTimeField(null=True)
    needs_token_since = models.DateTimeField(null=True)
    token_mark = models.BinaryField(default=b"")
    code = models.TextField(default="")
    told = models.TextField(default="")
    taken_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "channels"
        db_table = "channels_standing"
