"""Tables of conversations. What was said is never changed; where a message is, whose a conversation is, may be."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models

NOT_CLOSED = models.Q(state__in=["open", "waiting"])


class ConversationRow(models.Model):
    """A conversation with one sender on one line; at most one of them is not closed.

    ``version`` and ``positions`` (the last entry's place) only grow. ``answered_order``: where the last answer stands, above
    which no message that came after it is shown; ``last_order``: where the last entry stands. ``last_in``: the latest message of the sender, whose address is answered.
    """

    id = models.UUIDField(primary_key=True)
    institution_id = models.UUIDField()
    line_id = models.UUIDField()
    channel = models.CharField(max_length=20)
    documents = models.BooleanField()
    identity_id = models.UUIDField()
    customer_id = models.UUIDField(null=True)
    state = models.CharField(max_length=8)
    team_id = models.UUIDField()
    assignee = models.UUIDField(null=True)
    accountable = models.UUIDField()
    language = models.CharField(max_length=2)
    subject = models.CharField(max_length=200)
    name = models.CharField(max_length=200)
    version = models.PositiveIntegerField()
    positions = models.PositiveIntegerField()
    answered_order = models.DateTimeField(null=True)
    last_order = models.DateTimeField()
    unanswered_since = models.DateTimeField(null=True)
    unanswered = models.PositiveIntegerField()
    opened_at = models.DateTimeField()
    last_at = models.DateTimeField()
    last_in = models.UUIDField(null=True)
    case = models.ForeignKey(
        "care.CaseRow", on_delete=models.PROTECT, null=True, related_name="conversations", db_index=False
    )
    snippet = models.CharField(max_length=200)
    tags = ArrayField(models.CharField(max_length=40), default=list)
    breached_at = models.DateTimeField(null=True)
    proof_asked_of = models.UUIDField(null=True)
    proof_asked_until = models.DateTimeField(null=True)

    class Meta:
        db_table = "care_conversation"
        indexes: ClassVar = [
            models.Index(
                fields=["institution_id", "-last_at", "-id"], name="care_conversation_open", condition=NOT_CLOSED
            ),
            models.Index(
                fields=["institution_id", "-last_at", "-id"],
                name="care_conversation_closed",
                condition=models.Q(state="closed"),
            ),
            models.Index(
                fields=["institution_id", "unanswered_since", "id"],
                name="care_conversation_owed",
                condition=models.Q(unanswered_since__isnull=False),
            ),
            models.Index(
                fields=["institution_id", "assignee", "-last_at", "-id"],
                name="care_conversation_mine",
                condition=NOT_CLOSED,
            ),
            models.Index(
                fields=["institution_id", "accountable", "unanswered_since"],
                name="care_conversation_answers",
                condition=models.Q(unanswered_since__isnull=False),
            ),
            models.Index(
                fields=["institution_id"],
                include=["assignee", "accountable", "team_id", "unanswered_since", "state", "breached_at"],
                name="care_conversation_counts",
                condition=NOT_CLOSED,
            ),
            models.Index(fields=["institution_id", "opened_at"], name="care_conversation_began"),
            models.Index(fields=["customer_id", "-last_at"], name="care_conversation_customer"),
            models.Index(fields=["identity_id", "line_id", "-last_at"], name="care_conversation_sender"),
            models.Index(fields=["case"], name="care_conversation_case", condition=models.Q(case__isnull=False)),
            GinIndex(fields=["tags"], name="care_conversation_tags"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["identity_id", "line_id"], condition=NOT_CLOSED, name="care_conversation_one_open"
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["open", "waiting", "closed"]), name="care_conversation_state"
            ),
            models.CheckConstraint(
                condition=models.Q(unanswered=0, unanswered_since=None)
                | models.Q(unanswered__gt=0, unanswered_since__isnull=False, state="open"),
                name="care_conversation_unanswered",
            ),
            models.CheckConstraint(condition=models.Q(version__gte=1), name="care_conversation_version"),
            models.CheckConstraint(
                condition=models.Q(proof_asked_of=None, proof_asked_until=None)
                | models.Q(proof_asked_of__isnull=False, proof_asked_until__isnull=False),
                name="care_conversation_proof",
            ),
        ]


class EntryRow(models.Model):
    """One line of a conversation. A message, in or out, is in one conversation only, once."""

    id = models.UUIDField(primary_key=True)
    conversation = models.ForeignKey(ConversationRow, on_delete=models.PROTECT, related_name="entries", db_index=False)
    position = models.PositiveIntegerField()
    at = models.DateTimeField()
    order_at = models.DateTimeField()
    kind = models.CharField(max_length=5)
    actor = models.CharField(max_length=60)
    text = models.TextField()
    message_id = models.UUIDField(null=True)
    message_kind = models.CharField(max_length=12)
    delivery = models.CharField(max_length=12, null=True)  # noqa: DJ001  (what is not sent has no delivery)
    reason = models.CharField(max_length=60, default="")
    may_retry = models.BooleanField(default=False)
    event = models.CharField(max_length=20, default="")
    details = models.JSONField(default=dict)
    facts = models.JSONField(default=list)
    digest = models.CharField(max_length=64, default="")
    late = models.BooleanField(default=False)
    overridden = models.CharField(max_length=500, default="")
    words = SearchVectorField(null=True)

    class Meta:
        db_table = "care_entry"
        indexes: ClassVar = [
            models.Index(fields=["conversation", "-order_at", "-position"], name="care_entry_read"),
            models.Index(
                fields=["-at", "-id"],
                name="care_entry_latest",
                condition=models.Q(kind__in=["in", "out", "note"]),
            ),
            models.Index(
                fields=["at"], name="care_entry_came", include=["conversation"], condition=models.Q(kind="in")
            ),
            GinIndex(fields=["words"], name="care_entry_words"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["conversation", "position"], name="care_entry_place"),
            models.UniqueConstraint(
                fields=["message_id"], condition=models.Q(message_id__isnull=False), name="care_entry_message_once"
            ),
            models.CheckConstraint(condition=models.Q(kind__in=["in", "out", "note", "event"]), name="care_entry_kind"),
            models.CheckConstraint(
                condition=~models.Q(kind="in") | models.Q(message_id__isnull=False), name="care_entry_in_has_message"
            ),
            models.CheckConstraint(
                condition=models.Q(kind="out", delivery__isnull=False, message_id__isnull=False)
                | (~models.Q(kind="out") & models.Q(delivery=None)),
                name="care_entry_out_is_on_its_way",
            ),
            models.CheckConstraint(
                condition=(models.Q(kind="event") & ~models.Q(event=""))
                | (~models.Q(kind="event") & models.Q(event="")),
                name="care_entry_event",
            ),
        ]


class LeaseRow(models.Model):
    """Who is writing an answer to a conversation, until when."""

    conversation = models.OneToOneField(ConversationRow, on_delete=models.CASCADE, primary_key=True, related_name="+")
    staff_id = models.UUIDField()
    until = models.DateTimeField()

    class Meta:
        db_table = "care_lease"


class PresenceRow(models.Model):
    """Who has a conversation before them, and when that was last known."""

    pk = models.CompositePrimaryKey("conversation", "staff_id")
    conversation = models.ForeignKey(ConversationRow, on_delete=models.CASCADE, related_name="+", db_index=False)
    staff_id = models.UUIDField()
    typing = models.BooleanField()
    seen_at = models.DateTimeField()

    class Meta:
        db_table = "care_presence"
        indexes: ClassVar = [models.Index(fields=["seen_at"], name="care_presence_seen")]


class MacroRow(models.Model):
    """An answer written beforehand, by language."""

    id = models.UUIDField(primary_key=True)
    institution_id = models.UUIDField()
    slug = models.CharField(max_length=60)
    title = models.CharField(max_length=120)
    texts = models.JSONField()
    facts = ArrayField(models.CharField(max_length=60))
    active = models.BooleanField()
    version = models.PositiveIntegerField(db_default=1)

    class Meta:
        db_table = "care_macro"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["institution_id", "slug"], name="care_macro_slug"),
        ]


class TagRow(models.Model):
    """A word by which an institution sorts its conversations. The words on a conversation are kept there, as they were put on."""

    id = models.UUIDField(primary_key=True)
    institution_id = models.UUIDField()
    name = models.CharField(max_length=40)
    made_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "care_tag"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["institution_id", "name"], name="care_tag_name"),
            models.CheckConstraint(
                condition=models.Q(retired_at=None) | models.Q(retired_at__gte=models.F("made_at")),
                name="care_tag_retired",
            ),
        ]


class LineTeamRow(models.Model):
    """Which team answers a line; one that is not here is the default team's."""

    line_id = models.UUIDField(primary_key=True)
    institution_id = models.UUIDField()
    team_id = models.UUIDField()

    class Meta:
        db_table = "care_line_team"
