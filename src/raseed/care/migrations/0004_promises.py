"""Questions without an answer, who asked them, answers in versions, and what came of the check of replies."""

import django.db.models.deletion
from django.db import migrations, models

from raseed.platform.append_only import append_only_trigger_sql

GAP_GUARD = """
CREATE FUNCTION care_gap_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' THEN
        RAISE EXCEPTION '% on care_gap refused: no question is forgotten', TG_OP USING ERRCODE = 'restrict_violation';
    END IF;
    IF (NEW.id, NEW.institution_id, NEW.question, NEW.language, NEW.first_due_at, NEW.raised_by, NEW.raised_in, NEW.raised_at)
        IS DISTINCT FROM
       (OLD.id, OLD.institution_id, OLD.question, OLD.language, OLD.first_due_at, OLD.raised_by, OLD.raised_in, OLD.raised_at)
    THEN
        RAISE EXCEPTION 'what was asked, and what was promised first, stays' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.state <> 'open' AND NEW IS DISTINCT FROM OLD THEN
        RAISE EXCEPTION 'a question ends once' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.due_at < OLD.due_at OR NEW.overdue_times < OLD.overdue_times THEN
        RAISE EXCEPTION 'a promise moves to later only, and what is overdue stays so' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER care_gap_guard BEFORE UPDATE OR DELETE ON care_gap FOR EACH ROW EXECUTE FUNCTION care_gap_guard();
CREATE TRIGGER care_gap_keep BEFORE TRUNCATE ON care_gap FOR EACH STATEMENT EXECUTE FUNCTION care_gap_guard();
"""

ASKER_GUARD = """
CREATE FUNCTION care_gap_asker_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' THEN
        RAISE EXCEPTION '% on care_gap_asker refused: nobody who asked is forgotten', TG_OP USING ERRCODE = 'restrict_violation';
    END IF;
    IF (NEW.id, NEW.gap_id, NEW.conversation_id, NEW.language, NEW.asked_at, NEW.asked_by) IS DISTINCT FROM
       (OLD.id, OLD.gap_id, OLD.conversation_id, OLD.language, OLD.asked_at, OLD.asked_by)
    THEN
        RAISE EXCEPTION 'who asked what stays' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.state <> 'waiting' AND NEW IS DISTINCT FROM OLD THEN
        RAISE EXCEPTION 'whoever asked is told once' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.state = 'told' AND NOT EXISTS (SELECT FROM care_gap WHERE id = NEW.gap_id AND state = 'answered') THEN
        RAISE EXCEPTION 'nobody is told an answer that there is not' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER care_gap_asker_guard BEFORE UPDATE OR DELETE ON care_gap_asker
    FOR EACH ROW EXECUTE FUNCTION care_gap_asker_guard();
CREATE TRIGGER care_gap_asker_keep BEFORE TRUNCATE ON care_gap_asker
    FOR EACH STATEMENT EXECUTE FUNCTION care_gap_asker_guard();
"""

ANSWER_GUARD = """
CREATE FUNCTION care_answer_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' THEN
        RAISE EXCEPTION '% on care_answer refused: an answer is withdrawn, not removed', TG_OP USING ERRCODE = 'restrict_violation';
    END IF;
    IF (NEW.id, NEW.institution_id, NEW.gap_id) IS DISTINCT FROM (OLD.id, OLD.institution_id, OLD.gap_id)
        OR NEW.version NOT IN (OLD.version, OLD.version + 1) OR OLD.withdrawn_at IS NOT NULL AND NEW IS DISTINCT FROM OLD
    THEN
        RAISE EXCEPTION 'an answer goes on version by version, and is withdrawn once' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER care_answer_guard BEFORE UPDATE OR DELETE ON care_answer FOR EACH ROW EXECUTE FUNCTION care_answer_guard();
CREATE TRIGGER care_answer_keep BEFORE TRUNCATE ON care_answer FOR EACH STATEMENT EXECUTE FUNCTION care_answer_guard();
"""

UNDONE = """
DROP FUNCTION care_gap_guard CASCADE;
DROP FUNCTION care_gap_asker_guard CASCADE;
DROP FUNCTION care_answer_guard CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [("care", "0003_authority")]

    operations = [
        migrations.CreateModel(
            name="AnswerRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("institution_id", models.UUIDField()),
                ("gap_id", models.UUIDField(null=True, unique=True)),
                ("version", models.IntegerField()),
                ("audience", models.TextField()),
                ("key", models.TextField()),
                ("changed_at", models.DateTimeField()),
                ("withdrawn_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "care_answer",
                "indexes": [
                    models.Index(
                        condition=models.Q(("withdrawn_at", None)),
                        fields=["institution_id", "-changed_at"],
                        name="care_answer_list",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("audience__in", ["public", "staff"])), name="care_answer_audience"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="GapRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("institution_id", models.UUIDField()),
                ("question", models.TextField()),
                ("key", models.TextField()),
                ("language", models.CharField(max_length=2)),
                ("owner", models.UUIDField()),
                ("team_id", models.UUIDField(null=True)),
                ("due_at", models.DateTimeField()),
                ("first_due_at", models.DateTimeField()),
                ("state", models.TextField()),
                ("raised_by", models.CharField(max_length=80)),
                ("raised_in", models.UUIDField()),
                ("raised_at", models.DateTimeField()),
                ("answered_at", models.DateTimeField(null=True)),
                ("answer_id", models.UUIDField(null=True)),
                ("overdue_times", models.SmallIntegerField(db_default=0)),
                ("climbs_at", models.DateTimeField(null=True)),
                (
                    "joined_to",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="care.gaprow"
                    ),
                ),
            ],
            options={
                "db_table": "care_gap",
            },
        ),
        migrations.CreateModel(
            name="AskerRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("conversation_id", models.UUIDField()),
                ("language", models.CharField(max_length=2)),
                ("state", models.TextField()),
                ("held", models.TextField(db_default="")),
                ("asked_at", models.DateTimeField()),
                ("asked_by", models.CharField(max_length=80)),
                ("told_at", models.DateTimeField(null=True)),
                ("answer_version", models.IntegerField(null=True)),
                ("tries", models.IntegerField(db_default=0)),
                ("next_try_at", models.DateTimeField(null=True)),
                (
                    "gap",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="askers", to="care.gaprow"
                    ),
                ),
            ],
            options={
                "db_table": "care_gap_asker",
            },
        ),
        migrations.CreateModel(
            name="GapStepRow",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("code", models.TextField()),
                ("actor", models.CharField(max_length=80)),
                ("reason", models.TextField(db_default="")),
                (
                    "gap",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="steps", to="care.gaprow"
                    ),
                ),
            ],
            options={
                "db_table": "care_gap_step",
            },
        ),
        migrations.CreateModel(
            name="ReplyCheckRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("institution_id", models.UUIDField()),
                ("conversation_id", models.UUIDField(null=True)),
                ("actor", models.CharField(max_length=80)),
                ("at", models.DateTimeField()),
                ("language", models.CharField(max_length=2)),
                ("rules", models.JSONField()),
                ("outcome", models.TextField()),
                ("reason", models.TextField(db_default="")),
            ],
            options={
                "db_table": "care_reply_check",
                "indexes": [models.Index(fields=["institution_id", "at"], name="care_reply_check_list")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("outcome", "stopped"), ("reason", "")),
                            models.Q(("outcome", "overridden"), models.Q(("reason", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="care_reply_check_outcome",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="AnswerVersionRow",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("number", models.IntegerField()),
                ("audience", models.TextField()),
                ("texts", models.JSONField()),
                ("actor", models.CharField(max_length=80)),
                ("reason", models.TextField()),
                ("at", models.DateTimeField()),
                (
                    "answer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="versions", to="care.answerrow"
                    ),
                ),
            ],
            options={
                "db_table": "care_answer_version",
                "constraints": [
                    models.UniqueConstraint(fields=("answer", "number"), name="care_answer_version_once"),
                    models.CheckConstraint(
                        condition=models.Q(("audience__in", ["public", "staff"])), name="care_answer_version_audience"
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="gaprow",
            index=models.Index(fields=["institution_id", "state", "due_at", "id"], name="care_gap_list"),
        ),
        migrations.AddIndex(
            model_name="gaprow",
            index=models.Index(fields=["owner", "state"], name="care_gap_owner"),
        ),
        migrations.AddIndex(
            model_name="gaprow",
            index=models.Index(
                condition=models.Q(("climbs_at__isnull", False)), fields=["climbs_at"], name="care_gap_climbs"
            ),
        ),
        migrations.AddConstraint(
            model_name="gaprow",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["open", "answered", "joined"])), name="care_gap_state"
            ),
        ),
        migrations.AddConstraint(
            model_name="gaprow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("answer_id", None), ("answered_at", None), ("joined_to", None), ("state", "open")),
                    models.Q(
                        ("answer_id__isnull", False),
                        ("answered_at__isnull", False),
                        ("climbs_at", None),
                        ("joined_to", None),
                        ("state", "answered"),
                    ),
                    models.Q(
                        ("answer_id", None),
                        ("answered_at", None),
                        ("climbs_at", None),
                        ("joined_to__isnull", False),
                        ("state", "joined"),
                    ),
                    _connector="OR",
                ),
                name="care_gap_ends",
            ),
        ),
        migrations.AddConstraint(
            model_name="gaprow",
            constraint=models.CheckConstraint(
                condition=models.Q(("due_at__gte", models.F("first_due_at"))), name="care_gap_due"
            ),
        ),
        migrations.AddIndex(
            model_name="askerrow",
            index=models.Index(
                condition=models.Q(("next_try_at__isnull", False)), fields=["next_try_at"], name="care_gap_asker_due"
            ),
        ),
        migrations.AddIndex(
            model_name="askerrow",
            index=models.Index(fields=["conversation_id"], name="care_gap_asker_talk"),
        ),
        migrations.AddConstraint(
            model_name="askerrow",
            constraint=models.UniqueConstraint(fields=("gap", "conversation_id"), name="care_gap_asker_once"),
        ),
        migrations.AddConstraint(
            model_name="askerrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["waiting", "told", "moved"])), name="care_gap_asker_state"
            ),
        ),
        migrations.AddConstraint(
            model_name="askerrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("held__in", ["", "window_closed", "language_missing", "unreachable", "no_voice"])),
                name="care_gap_asker_held",
            ),
        ),
        migrations.AddConstraint(
            model_name="askerrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("answer_version__isnull", False), ("held", ""), ("state", "told"), ("told_at__isnull", False)
                    ),
                    models.Q(models.Q(("state", "told"), _negated=True), ("answer_version", None), ("told_at", None)),
                    _connector="OR",
                ),
                name="care_gap_asker_told",
            ),
        ),
        migrations.AddConstraint(
            model_name="gapsteprow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "code__in",
                        [
                            "raised",
                            "asked_too",
                            "handed_over",
                            "due_moved",
                            "overdue",
                            "answered",
                            "joined",
                            "told",
                            "held",
                        ],
                    )
                ),
                name="care_gap_step_code",
            ),
        ),
        migrations.RunSQL(GAP_GUARD + ASKER_GUARD + ANSWER_GUARD, UNDONE),
        migrations.RunSQL(append_only_trigger_sql("care_gap_step"), migrations.RunSQL.noop),
        migrations.RunSQL(append_only_trigger_sql("care_answer_version"), migrations.RunSQL.noop),
        migrations.RunSQL(append_only_trigger_sql("care_reply_check"), migrations.RunSQL.noop),
    ]
