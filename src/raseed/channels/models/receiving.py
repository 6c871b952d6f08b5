"""The tables of what comes in: lines, items as delivered, messages made of them, and their files."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

CHANNELS = ["whatsapp", "telegram", "x", "sms", "email", "web", "phone", "branch"]


class LineRow(models.Model):
    """A number, bot, account or address of an institution. Its secrets are files."""

    id = models.UUIDField(primary_key=True)
    institution_id = models.UUIDField()
    channel = models.TextField()
    purpose = models.TextField()
    scope = models.TextField()
    address = models.TextField()
    names = models.JSONField()
    settings = models.JSONField()
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    class Meta:
        app_label = "channels"
        db_table = "channels_line"
        indexes: ClassVar = [models.Index(fields=["institution_id", "channel"], name="channels_line_of")]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["channel", "address"], name="channels_line_once"),
            models.CheckConstraint(condition=Q(channel__in=CHANNELS), name="channels_line_channel"),
            models.CheckConstraint(condition=Q(purpose__in=["talk", "documents"]), name="channels_line_purpose"),
        ]


class ItemRow(models.Model):
    """One element of what a provider delivered, as its bytes came; ``key`` is its own id, once for each line."""

    id = models.UUIDField(primary_key=True)
    line = models.ForeignKey(LineRow, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.TextField()
    key = models.TextField()
    content = models.BinaryField()
    received_at = models.DateTimeField()
    state = models.TextField(default="waiting")
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    problem = models.TextField(default="")

    class Meta:
        app_label = "channels"
        db_table = "channels_item"
        indexes: ClassVar = [
            models.Index(fields=["line", "next_try_at", "id"], name="channels_item_due", condition=Q(state="waiting")),
            models.Index(fields=["line", "id"], name="channels_item_aside", condition=Q(state="set_aside")),
            models.Index(fields=["ended_at"], name="channels_item_ended", condition=Q(state="done")),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["line", "key"], name="channels_item_once"),
            models.CheckConstraint(
                condition=Q(kind__in=["message", "status", "echo", "other", "unreadable"]), name="channels_item_kind"
            ),
            models.CheckConstraint(
                condition=Q(state="waiting", next_try_at__isnull=False, ended_at=None)
                | Q(state__in=["done", "set_aside"], next_try_at=None, ended_at__isnull=False),
                name="channels_item_waiting_has_a_time",
            ),
        ]


class MessageRow(models.Model):
    """A message that came in, once for each line and id of the channel's."""

    id = models.UUIDField(primary_key=True)
    line = models.ForeignKey(LineRow, on_delete=models.PROTECT, related_name="+", db_index=False)
    institution_id = models.UUIDField()
    channel = models.TextField()
    provider_id = models.TextField()
    scope = models.TextField()
    external_id = models.TextField()
    aliases = models.JSONField(default=list)
    phone = models.TextField(default="")
    name = models.TextField(default="")
    username = models.TextField(default="")
    kind = models.TextField()
    text = models.TextField(default="")
    reply_to = models.TextField(default="")
    sent_at = models.DateTimeField()
    received_at = models.DateTimeField()
    late = models.BooleanField(default=False)

    class Meta:
        app_label = "channels"
        db_table = "channels_message"
        indexes: ClassVar = [models.Index(fields=["line", "external_id", "sent_at"], name="channels_message_of")]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["line", "provider_id"], name="channels_message_once"),
            models.CheckConstraint(
                condition=Q(sent_at__lte=models.F("received_at")), name="channels_message_not_from_the_future"
            ),
        ]


class MediaRow(models.Model):
    """A file that came with a message. Its bytes are in ``HOME/media``, named by its id."""

    id = models.UUIDField(primary_key=True)
    message = models.ForeignKey(MessageRow, on_delete=models.PROTECT, related_name="files", db_index=False)
    line = models.ForeignKey(LineRow, on_delete=models.PROTECT, related_name="+", db_index=False)
    place = models.PositiveSmallIntegerField(default=0)
    kind = models.TextField()
    source = models.TextField(default="")
    name = models.TextField(default="")
    claimed_type = models.TextField(default="")
    claimed_sha256 = models.TextField(default="")
    found_type = models.TextField(default="")
    size_bytes = models.BigIntegerField(default=0)
    sha256 = models.TextField(default="")
    state = models.TextField(default="waiting")
    refusal = models.TextField(default="")
    scanned = models.BooleanField(default=False)
    keeps_position = models.BooleanField(default=False)
    attempts = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    next_try_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    last_problem = models.TextField(default="")

    class Meta:
        app_label = "channels"
        db_table = "channels_media"
        indexes: ClassVar = [
            models.Index(fields=["next_try_at"], name="channels_media_due", condition=Q(state="waiting"))
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["message", "place"], name="channels_media_once"),
            models.CheckConstraint(
                condition=Q(state="waiting", next_try_at__isnull=False, settled_at=None)
                | Q(state__in=["kept", "refused", "gone", "infected"], next_try_at=None, settled_at__isnull=False),
                name="channels_media_waiting_has_a_time",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "kept"], refusal="")
                | (Q(state__in=["refused", "gone", "infected"]) & ~Q(refusal="")),
                name="channels_media_refused_with_a_reason",
            ),
            models.CheckConstraint(
                condition=~Q(state="kept") | (Q(size_bytes__gt=0) & ~Q(sha256="")), name="channels_media_kept_is_there"
            ),
        ]
