import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
from django.db import migrations, models

from raseed.platform.api import append_only_trigger_sql

# What was said stays as it was said; where a message is on its way may be written anew. Nothing is deleted.
ENTRIES_STAY = """
CREATE FUNCTION care_entry_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' THEN
        RAISE EXCEPTION '% on care_entry refused: what was said stays', TG_OP USING ERRCODE = 'restrict_violation';
    END IF;
    IF (NEW.id, NEW.conversation_id, NEW.position, NEW.at, NEW.order_at, NEW.kind, NEW.actor, NEW.text, NEW.message_kind,
        NEW.event, NEW.details, NEW.facts, NEW.digest, NEW.late, NEW.overridden)
        IS DISTINCT FROM (OLD.id, OLD.conversation_id, OLD.position, OLD.at, OLD.order_at, OLD.kind, OLD.actor, OLD.text,
        OLD.message_kind, OLD.event, OLD.details, OLD.facts, OLD.digest, OLD.late, OLD.overridden)
        OR NEW.message_id IS DISTINCT FROM OLD.message_id THEN
        RAISE EXCEPTION 'what was said stays as it was said' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER care_entry_stays BEFORE UPDATE OR DELETE ON care_entry FOR EACH ROW EXECUTE FUNCTION care_entry_stays();
CREATE TRIGGER care_entry_all_stay BEFORE TRUNCATE ON care_entry FOR EACH STATEMENT EXECUTE FUNCTION care_entry_stays();
"""

# A conversation's version and its entries' places only grow, and it never becomes another sender's or line's.
CONVERSATIONS_GROW = """
CREATE FUNCTION care_conversation_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a conversation is never deleted' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.version < OLD.version OR NEW.positions < OLD.positions THEN
        RAISE EXCEPTION 'a conversation never goes back' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.positions > OLD.positions AND NEW.version = OLD.version THEN
        RAISE EXCEPTION 'an entry without a new version' USING ERRCODE = 'restrict_violation';
    END IF;
    IF (NEW.id, NEW.institution_id, NEW.line_id, NEW.channel, NEW.identity_id, NEW.opened_at)
        IS DISTINCT FROM (OLD.id, OLD.institution_id, OLD.line_id, OLD.channel, OLD.identity_id, OLD.opened_at) THEN
        RAISE EXCEPTION 'a conversation stays with its sender and line' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER care_conversation_grows BEFORE UPDATE OR DELETE ON care_conversation
    FOR EACH ROW EXECUTE FUNCTION care_conversation_grows();
"""

# What people write is not for the role that only reads.
NOT_FOR_EVERY_READER = """
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'raseed_read') THEN
        REVOKE ALL ON care_conversation, care_entry, care_case, care_case_step, care_attachment FROM raseed_read;
    END IF;
END $$;
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="CaseCounterRow",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "institution_id", "year", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("institution_id", models.UUIDField()),
                ("year", models.SmallIntegerField()),
                ("last", models.PositiveIntegerField()),
            ],
            options={
                "db_table": "care_case_counter",
            },
        ),
        migrations.CreateModel(
            name="ConversationRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("institution_id", models.UUIDField()),
                ("line_id", models.UUIDField()),
                ("channel", models.CharField(max_length=20)),
                ("documents", models.BooleanField()),
                ("identity_id", models.UUIDField()),
                ("customer_id", models.UUIDField(null=True)),
                ("state", models.CharField(max_length=8)),
                ("team_id", models.UUIDField()),
                ("assignee", models.UUIDField(null=True)),
                ("accountable", models.UUIDField()),
                ("language", models.CharField(max_length=2)),
                ("subject", models.CharField(max_length=200)),
                ("name", models.CharField(max_length=200)),
                ("version", models.PositiveIntegerField()),
                ("positions", models.PositiveIntegerField()),
                ("answered_order", models.DateTimeField(null=True)),
                ("last_order", models.DateTimeField()),
                ("unanswered_since", models.DateTimeField(null=True)),
                ("unanswered", models.PositiveIntegerField()),
                ("opened_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                ("last_in", models.UUIDField(null=True)),
                ("snippet", models.CharField(max_length=200)),
                (
                    "tags",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40), default=list, size=None
                    ),
                ),
                ("breached_at", models.DateTimeField(null=True)),
                ("proof_asked_of", models.UUIDField(null=True)),
                ("proof_asked_until", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "care_conversation",
            },
        ),
        migrations.CreateModel(
            name="LineTeamRow",
            fields=[
                ("line_id", models.UUIDField(primary_key=True, serialize=False)),
                ("institution_id", models.UUIDField()),
                ("team_id", models.UUIDField()),
            ],
            options={
                "db_table": "care_line_team",
            },
        ),
        migrations.CreateModel(
            name="CaseRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("institution_id", models.UUIDField()),
                ("year", models.SmallIntegerField()),
                ("number", models.PositiveIntegerField()),
                ("category", models.CharField(max_length=20)),
                ("title", models.CharField(max_length=200)),
                ("state", models.CharField(max_length=10)),
                ("customer_id", models.UUIDField(null=True)),
                ("team_id", models.UUIDField()),
                ("owner", models.UUIDField()),
                ("opened_at", models.DateTimeField()),
                ("opened_by", models.CharField(max_length=60)),
                ("changed_at", models.DateTimeField()),
                ("outcome", models.CharField(max_length=20, null=True)),
                ("resolution", models.TextField()),
                ("resolved_at", models.DateTimeField(null=True)),
                ("steps", models.PositiveIntegerField()),
            ],
            options={
                "db_table": "care_case",
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["open", "waiting"])),
                        fields=["institution_id", "-changed_at", "-id"],
                        name="care_case_open",
                    ),
                    models.Index(fields=["institution_id", "-changed_at", "-id"], name="care_case_all"),
                    models.Index(fields=["customer_id", "state"], name="care_case_customer"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("institution_id", "year", "number"), name="care_case_reference"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("outcome", None), ("resolved_at", None), ("state__in", ["open", "waiting"])),
                            models.Q(("outcome__isnull", False), ("resolved_at__isnull", False), ("state", "resolved")),
                            _connector="OR",
                        ),
                        name="care_case_outcome",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CaseStepRow",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "case", "number", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("at", models.DateTimeField()),
                ("actor", models.CharField(max_length=60)),
                ("state", models.CharField(max_length=10)),
                ("outcome", models.CharField(max_length=20, null=True)),
                ("note", models.TextField()),
                (
                    "case",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="history",
                        to="care.caserow",
                    ),
                ),
            ],
            options={
                "db_table": "care_case_step",
            },
        ),
        migrations.CreateModel(
            name="LeaseRow",
            fields=[
                (
                    "conversation",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="care.conversationrow",
                    ),
                ),
                ("staff_id", models.UUIDField()),
                ("until", models.DateTimeField()),
            ],
            options={
                "db_table": "care_lease",
            },
        ),
        migrations.AddField(
            model_name="conversationrow",
            name="case",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="conversations",
                to="care.caserow",
            ),
        ),
        migrations.CreateModel(
            name="AttachmentRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("institution_id", models.UUIDField()),
                ("media_id", models.UUIDField(unique=True)),
                ("message_id", models.UUIDField()),
                ("customer_id", models.UUIDField(null=True)),
                ("documents", models.BooleanField()),
                ("state", models.CharField(max_length=10)),
                ("received_at", models.DateTimeField()),
                ("filed_at", models.DateTimeField(null=True)),
                ("filed_by", models.CharField(default="", max_length=60)),
                ("how", models.CharField(max_length=12, null=True)),
                (
                    "case",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="attachments",
                        to="care.caserow",
                    ),
                ),
                (
                    "suggested_case",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="care.caserow",
                    ),
                ),
                (
                    "conversation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="attachments",
                        to="care.conversationrow",
                    ),
                ),
            ],
            options={
                "db_table": "care_attachment",
            },
        ),
        migrations.CreateModel(
            name="EntryRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("position", models.PositiveIntegerField()),
                ("at", models.DateTimeField()),
                ("order_at", models.DateTimeField()),
                ("kind", models.CharField(max_length=5)),
                ("actor", models.CharField(max_length=60)),
                ("text", models.TextField()),
                ("message_id", models.UUIDField(null=True)),
                ("message_kind", models.CharField(max_length=12)),
                ("delivery", models.CharField(max_length=12, null=True)),
                ("reason", models.CharField(default="", max_length=60)),
                ("may_retry", models.BooleanField(default=False)),
                ("event", models.CharField(default="", max_length=20)),
                ("details", models.JSONField(default=dict)),
                ("facts", models.JSONField(default=list)),
                ("digest", models.CharField(default="", max_length=64)),
                ("late", models.BooleanField(default=False)),
                ("overridden", models.CharField(default="", max_length=500)),
                ("words", django.contrib.postgres.search.SearchVectorField(null=True)),
                (
                    "conversation",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="entries",
                        to="care.conversationrow",
                    ),
                ),
            ],
            options={
                "db_table": "care_entry",
            },
        ),
        migrations.CreateModel(
            name="MacroRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("institution_id", models.UUIDField()),
                ("slug", models.CharField(max_length=60)),
                ("title", models.CharField(max_length=120)),
                ("texts", models.JSONField()),
                (
                    "facts",
                    django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=60), size=None),
                ),
                ("active", models.BooleanField()),
            ],
            options={
                "db_table": "care_macro",
                "constraints": [models.UniqueConstraint(fields=("institution_id", "slug"), name="care_macro_slug")],
            },
        ),
        migrations.CreateModel(
            name="PresenceRow",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "conversation", "staff_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("staff_id", models.UUIDField()),
                ("typing", models.BooleanField()),
                ("seen_at", models.DateTimeField()),
                (
                    "conversation",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="care.conversationrow",
                    ),
                ),
            ],
            options={
                "db_table": "care_presence",
            },
        ),
        migrations.AddIndex(
            model_name="conversationrow",
            index=models.Index(
                condition=models.Q(("state__in", ["open", "waiting"])),
                fields=["institution_id", "-last_at", "-id"],
                name="care_conversation_open",
            ),
        ),
        migrations.AddIndex(
            model_name="conversationrow",
            index=models.Index(
                condition=models.Q(("state", "closed")),
                fields=["institution_id", "-last_at", "-id"],
                name="care_conversation_closed",
            ),
        ),
        migrations.AddIndex(
            model_name="conversationrow",
            index=models.Index(
                condition=models.Q(("unanswered_since__isnull", False)),
                fields=["institution_id", "unanswered_since", "id"],
                name="care_conversation_owed",
            ),
        ),
        migrations.AddIndex(
            model_name="conversationrow",
            index=models.Index(
                condition=models.Q(("state__in", ["open", "waiting"])),
                fields=["institution_id", "assignee", "-last_at", "-id"],
                name="care_conversation_mine",
            ),
        ),
        migrations.AddIndex(
            model_name="conversationrow",
            index=models.Index(
                condition=models.Q(("unanswered_since__isnull", False)),
                fields=["institution_id", "accountable", "unanswered_since"],
                name="care_conversation_answers",
            ),
        ),
        migrations.AddIndex(
            model_name="conversationrow",
            index=models.Index(
                condition=models.Q(("state__in", ["open", "waiting"])),
                fields=["institution_id"],
                include=("assignee", "accountable", "team_id", "unanswered_since", "state", "breached_at"),
                name="care_conversation_counts",
            ),
        ),
        migrations.AddIndex(
            model_name="conversationrow",
            index=models.Index(fields=["customer_id", "-last_at"], name="care_conversation_customer"),
        ),
        migrations.AddIndex(
            model_name="conversationrow",
            index=models.Index(fields=["identity_id", "line_id", "-last_at"], name="care_conversation_sender"),
        ),
        migrations.AddIndex(
            model_name="conversationrow",
            index=models.Index(
                condition=models.Q(("case__isnull", False)), fields=["case"], name="care_conversation_case"
            ),
        ),
        migrations.AddConstraint(
            model_name="conversationrow",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["open", "waiting"])),
                fields=("identity_id", "line_id"),
                name="care_conversation_one_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="conversationrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["open", "waiting", "closed"])), name="care_conversation_state"
            ),
        ),
        migrations.AddConstraint(
            model_name="conversationrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("unanswered", 0), ("unanswered_since", None)),
                    models.Q(("state", "open"), ("unanswered__gt", 0), ("unanswered_since__isnull", False)),
                    _connector="OR",
                ),
                name="care_conversation_unanswered",
            ),
        ),
        migrations.AddConstraint(
            model_name="conversationrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("version__gte", 1)), name="care_conversation_version"
            ),
        ),
        migrations.AddConstraint(
            model_name="conversationrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("proof_asked_of", None), ("proof_asked_until", None)),
                    models.Q(("proof_asked_of__isnull", False), ("proof_asked_until__isnull", False)),
                    _connector="OR",
                ),
                name="care_conversation_proof",
            ),
        ),
        migrations.AddIndex(
            model_name="attachmentrow",
            index=models.Index(
                condition=models.Q(("case", None), ("documents", True), ("state__in", ["waiting", "kept"])),
                fields=["institution_id", "received_at", "id"],
                name="care_attachment_unfiled",
            ),
        ),
        migrations.AddConstraint(
            model_name="attachmentrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("case", None), ("filed_at", None), ("filed_by", ""), ("how", None)),
                    models.Q(
                        ("case__isnull", False),
                        ("filed_at__isnull", False),
                        ("how__isnull", False),
                        models.Q(("filed_by", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="care_attachment_filed",
            ),
        ),
        migrations.AddIndex(
            model_name="entryrow",
            index=models.Index(fields=["conversation", "-order_at", "-position"], name="care_entry_read"),
        ),
        migrations.AddIndex(
            model_name="entryrow",
            index=models.Index(
                condition=models.Q(("kind__in", ["in", "out", "note"])), fields=["-at", "-id"], name="care_entry_latest"
            ),
        ),
        migrations.AddIndex(
            model_name="entryrow",
            index=django.contrib.postgres.indexes.GinIndex(fields=["words"], name="care_entry_words"),
        ),
        migrations.AddConstraint(
            model_name="entryrow",
            constraint=models.UniqueConstraint(fields=("conversation", "position"), name="care_entry_place"),
        ),
        migrations.AddConstraint(
            model_name="entryrow",
            constraint=models.UniqueConstraint(
                condition=models.Q(("message_id__isnull", False)),
                fields=("message_id",),
                name="care_entry_message_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="entryrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["in", "out", "note", "event"])), name="care_entry_kind"
            ),
        ),
        migrations.AddConstraint(
            model_name="entryrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "in"), _negated=True), ("message_id__isnull", False), _connector="OR"
                ),
                name="care_entry_in_has_message",
            ),
        ),
        migrations.AddConstraint(
            model_name="entryrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("delivery__isnull", False), ("kind", "out"), ("message_id__isnull", False)),
                    models.Q(models.Q(("kind", "out"), _negated=True), ("delivery", None)),
                    _connector="OR",
                ),
                name="care_entry_out_is_on_its_way",
            ),
        ),
        migrations.AddConstraint(
            model_name="entryrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "event"), models.Q(("event", ""), _negated=True)),
                    models.Q(models.Q(("kind", "event"), _negated=True), ("event", "")),
                    _connector="OR",
                ),
                name="care_entry_event",
            ),
        ),
        migrations.AddIndex(
            model_name="presencerow",
            index=models.Index(fields=["seen_at"], name="care_presence_seen"),
        ),
        migrations.RunSQL(ENTRIES_STAY),
        migrations.RunSQL(CONVERSATIONS_GROW),
        migrations.RunSQL(append_only_trigger_sql("care_case_step")),
        migrations.RunSQL(NOT_FOR_EVERY_READER),
    ]
