"""Calendars, teams, shifts and clocks, and what may change in them."""

import django.db.models.deletion
from django.db import migrations, models

from raseed.platform.append_only import append_only_trigger_sql

# A clock that was stopped stays as it is; of a running one, what it is about and when it began stay. None is deleted.
CLOCK = """
CREATE FUNCTION care_clock_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' THEN
        RAISE EXCEPTION '% on care_clock refused: clocks are stopped, not deleted', TG_OP
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.stopped_at IS NOT NULL THEN
        RAISE EXCEPTION 'a clock that was stopped stays as it is' USING ERRCODE = 'restrict_violation';
    END IF;
    IF (NEW.id, NEW.institution_id, NEW.subject_kind, NEW.subject_id, NEW.rule_id, NEW.slug, NEW.kind, NEW.unit, NEW.started_at)
        IS DISTINCT FROM
       (OLD.id, OLD.institution_id, OLD.subject_kind, OLD.subject_id, OLD.rule_id, OLD.slug, OLD.kind, OLD.unit, OLD.started_at)
       OR NEW.used < OLD.used OR NEW.amount < OLD.amount
    THEN
        RAISE EXCEPTION 'what a clock is about, when it began and what is used of it stay' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER care_clock_guard BEFORE UPDATE OR DELETE ON care_clock FOR EACH ROW EXECUTE FUNCTION care_clock_guard();
CREATE TRIGGER care_clock_keep BEFORE TRUNCATE ON care_clock FOR EACH STATEMENT EXECUTE FUNCTION care_clock_guard();
"""

# Who held a clock from when stays; an end is set once, and is moved or taken away only while the clock runs, by an answer
# that was given before it.
HOLDING = """
CREATE FUNCTION care_holding_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM care_clock WHERE id = OLD.clock_id AND stopped_at IS NOT NULL) THEN
        RAISE EXCEPTION 'who held a clock that was stopped stays' USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - 'until' <> to_jsonb(OLD) - 'until' THEN
        RAISE EXCEPTION 'who held a clock from when stays' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN COALESCE(NEW, OLD);
END $$;
CREATE TRIGGER care_holding_guard BEFORE UPDATE OR DELETE ON care_holding
    FOR EACH ROW EXECUTE FUNCTION care_holding_guard();
"""

# A shift is cut short or called off, an absence ends: nothing else of them changes, and who began what stays.
SPANS = """
CREATE FUNCTION care_span_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' OR to_jsonb(NEW) - TG_ARGV[0] <> to_jsonb(OLD) - TG_ARGV[0] THEN
        RAISE EXCEPTION '% refused: who was to work, or was away, stays, with its end', TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER care_shift_guard BEFORE UPDATE OR DELETE ON care_shift
    FOR EACH ROW EXECUTE FUNCTION care_span_guard('ends_at');
CREATE TRIGGER care_absence_guard BEFORE UPDATE OR DELETE ON care_absence
    FOR EACH ROW EXECUTE FUNCTION care_span_guard('until');
CREATE TRIGGER care_member_guard BEFORE UPDATE OR DELETE ON care_member
    FOR EACH ROW EXECUTE FUNCTION care_span_guard('until');
"""
APPEND_ONLY = ("care_calendar_version", "care_clock_rule", "care_clock_step", "care_hand_over")


class Migration(migrations.Migration):
    initial = True

    dependencies = [("care", "0001_conversations")]

    operations = [
        migrations.CreateModel(
            name="ClockRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("institution_id", models.UUIDField()),
                ("subject_kind", models.CharField(max_length=20)),
                ("subject_id", models.UUIDField()),
                ("slug", models.CharField(max_length=60)),
                ("kind", models.CharField(max_length=20)),
                ("assignee", models.UUIDField(null=True)),
                ("unit", models.CharField(max_length=20)),
                ("amount", models.BigIntegerField()),
                ("used", models.BigIntegerField(db_default=0)),
                ("started_at", models.DateTimeField()),
                ("counted_from", models.DateTimeField(null=True)),
                ("due_at", models.DateTimeField(null=True)),
                ("paused", models.CharField(db_default="", max_length=30)),
                ("extended", models.BooleanField(db_default=False)),
                ("breached_at", models.DateTimeField(null=True)),
                ("blamed", models.UUIDField(null=True)),
                ("steps", models.SmallIntegerField(db_default=0)),
                ("accountable", models.UUIDField()),
                ("changes_at", models.DateTimeField(null=True)),
                ("next_at", models.DateTimeField(null=True)),
                ("stopped_at", models.DateTimeField(null=True)),
                ("stop_reason", models.CharField(db_default="", max_length=20)),
                ("stopped_by", models.CharField(db_default="", max_length=60)),
            ],
            options={
                "db_table": "care_clock",
            },
        ),
        migrations.CreateModel(
            name="HeadRow",
            fields=[
                ("institution_id", models.UUIDField(primary_key=True, serialize=False)),
                ("staff_id", models.UUIDField()),
                ("since", models.DateTimeField()),
            ],
            options={
                "db_table": "care_head",
            },
        ),
        migrations.CreateModel(
            name="AbsenceRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("institution_id", models.UUIDField()),
                ("staff_id", models.UUIDField()),
                ("kind", models.CharField(max_length=10)),
                ("since", models.DateTimeField()),
                ("until", models.DateTimeField(null=True)),
                ("made_at", models.DateTimeField()),
                ("made_by", models.CharField(max_length=60)),
                ("reason", models.CharField(db_default="", max_length=500)),
            ],
            options={
                "db_table": "care_absence",
                "indexes": [models.Index(fields=["institution_id", "staff_id"], name="care_absence_staff")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["leave", "sick", "locked", "left"])), name="care_absence_kind"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("until", None), ("until__gte", models.F("since")), _connector="OR"),
                        name="care_absence_span",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("kind__in", ["locked", "left"]), ("until", None)),
                        fields=("institution_id", "staff_id", "kind"),
                        name="care_absence_gone_once",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CalendarRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("institution_id", models.UUIDField()),
                ("slug", models.CharField(max_length=60)),
                ("names", models.JSONField()),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "db_table": "care_calendar",
                "constraints": [models.UniqueConstraint(fields=("institution_id", "slug"), name="care_calendar_slug")],
            },
        ),
        migrations.CreateModel(
            name="ClockStepRow",
            fields=[
                ("position", models.BigAutoField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("kind", models.CharField(max_length=20)),
                ("by", models.CharField(max_length=60)),
                ("reason", models.CharField(db_default="", max_length=500)),
                ("facts", models.JSONField()),
                (
                    "clock",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="history", to="care.clockrow"
                    ),
                ),
            ],
            options={
                "db_table": "care_clock_step",
            },
        ),
        migrations.CreateModel(
            name="RuleRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("position", models.BigIntegerField()),
                ("institution_id", models.UUIDField()),
                ("slug", models.CharField(max_length=60)),
                ("names", models.JSONField()),
                ("kind", models.CharField(max_length=20)),
                ("unit", models.CharField(max_length=20)),
                ("amount", models.BigIntegerField()),
                ("extended", models.BigIntegerField(null=True)),
                ("pauses", models.JSONField()),
                ("ladder", models.JSONField()),
                ("source", models.TextField()),
                ("valid_from", models.DateTimeField()),
                ("retired", models.BooleanField()),
                ("made_at", models.DateTimeField()),
                ("made_by", models.CharField(max_length=60)),
                ("reason", models.CharField(max_length=500)),
            ],
            options={
                "db_table": "care_clock_rule",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("institution_id", "slug", "position"), name="care_clock_rule_order"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("kind__in", ["first_answer", "next_answer", "resolution", "regulator", "gap", "approval"])
                        ),
                        name="care_rule_kind",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("unit__in", ["working", "elapsed", "working_days", "calendar_days", "months"])
                        ),
                        name="care_rule_unit",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("amount__gt", 0),
                            models.Q(("extended", None), ("extended__gt", models.F("amount")), _connector="OR"),
                        ),
                        name="care_rule_amount",
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="clockrow",
            name="rule",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="care.rulerow"),
        ),
        migrations.CreateModel(
            name="TeamRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("institution_id", models.UUIDField()),
                ("slug", models.CharField(max_length=60)),
                ("names", models.JSONField()),
                ("lead", models.UUIDField()),
                ("keeps_after_shift", models.BooleanField(db_default=False)),
                ("is_default", models.BooleanField(db_default=False)),
                ("created_at", models.DateTimeField()),
                (
                    "calendar",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="care.calendarrow"
                    ),
                ),
            ],
            options={
                "db_table": "care_team",
            },
        ),
        migrations.CreateModel(
            name="ShiftRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("staff_id", models.UUIDField()),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                ("on_duty", models.BooleanField(db_default=False)),
                ("made_at", models.DateTimeField()),
                ("made_by", models.CharField(max_length=60)),
                (
                    "team",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="care.teamrow"
                    ),
                ),
            ],
            options={
                "db_table": "care_shift",
            },
        ),
        migrations.CreateModel(
            name="MemberRow",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("staff_id", models.UUIDField()),
                ("by_shifts", models.BooleanField()),
                ("since", models.DateTimeField()),
                ("until", models.DateTimeField(null=True)),
                (
                    "team",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="care.teamrow"
                    ),
                ),
            ],
            options={
                "db_table": "care_member",
            },
        ),
        migrations.AddField(
            model_name="clockrow",
            name="team",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="care.teamrow"
            ),
        ),
        migrations.CreateModel(
            name="CalendarVersionRow",
            fields=[
                ("position", models.BigAutoField(primary_key=True, serialize=False)),
                ("is_first", models.BooleanField()),
                ("valid_from", models.DateTimeField()),
                ("hours", models.JSONField()),
                ("made_at", models.DateTimeField()),
                ("made_by", models.CharField(max_length=60)),
                ("reason", models.CharField(max_length=500)),
                (
                    "calendar",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="care.calendarrow"
                    ),
                ),
            ],
            options={
                "db_table": "care_calendar_version",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("is_first", True)), fields=("calendar",), name="care_calendar_first"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("is_first", True), ("valid_from__gte", models.F("made_at")), _connector="OR"
                        ),
                        name="care_calendar_history_stays",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="HandOverRow",
            fields=[
                ("position", models.BigAutoField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("giver", models.UUIDField()),
                ("taker", models.UUIDField()),
                ("by", models.CharField(max_length=60)),
                ("reason", models.CharField(max_length=500)),
                (
                    "clock",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="care.clockrow"
                    ),
                ),
            ],
            options={
                "db_table": "care_hand_over",
                "indexes": [
                    models.Index(fields=["giver", "at"], name="care_hand_over_giver"),
                    models.Index(fields=["taker", "at"], name="care_hand_over_taker"),
                ],
            },
        ),
        migrations.CreateModel(
            name="HoldingRow",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("staff_id", models.UUIDField()),
                ("why", models.CharField(max_length=10)),
                ("since", models.DateTimeField()),
                ("until", models.DateTimeField(null=True)),
                (
                    "clock",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="holdings",
                        to="care.clockrow",
                    ),
                ),
            ],
            options={
                "db_table": "care_holding",
                "indexes": [models.Index(fields=["staff_id", "since"], name="care_holding_staff")],
                "constraints": [
                    models.UniqueConstraint(fields=("clock", "since"), name="care_holding_order"),
                    models.UniqueConstraint(
                        condition=models.Q(("until", None)), fields=("clock",), name="care_holding_one_now"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("until", None), ("until__gt", models.F("since")), _connector="OR"),
                        name="care_holding_span",
                    ),
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="teamrow",
            constraint=models.UniqueConstraint(fields=("institution_id", "slug"), name="care_team_slug"),
        ),
        migrations.AddConstraint(
            model_name="teamrow",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_default", True)), fields=("institution_id",), name="care_team_one_default"
            ),
        ),
        migrations.AddIndex(
            model_name="shiftrow",
            index=models.Index(fields=["team", "ends_at"], name="care_shift_team"),
        ),
        migrations.AddIndex(
            model_name="shiftrow",
            index=models.Index(fields=["staff_id", "ends_at"], name="care_shift_staff"),
        ),
        migrations.AddConstraint(
            model_name="shiftrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_at__gte", models.F("starts_at"))), name="care_shift_span"
            ),
        ),
        migrations.AddConstraint(
            model_name="shiftrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("starts_at__gte", models.F("made_at"))), name="care_shift_ahead"
            ),
        ),
        migrations.AddIndex(
            model_name="memberrow",
            index=models.Index(fields=["staff_id"], name="care_member_staff"),
        ),
        migrations.AddConstraint(
            model_name="memberrow",
            constraint=models.UniqueConstraint(
                condition=models.Q(("until", None)), fields=("team", "staff_id"), name="care_member_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="memberrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("until", None), ("until__gte", models.F("since")), _connector="OR"),
                name="care_member_span",
            ),
        ),
        migrations.AddIndex(
            model_name="clockrow",
            index=models.Index(fields=["subject_id"], name="care_clock_subject"),
        ),
        migrations.AddIndex(
            model_name="clockrow",
            index=models.Index(condition=models.Q(("stopped_at", None)), fields=["next_at"], name="care_clock_next"),
        ),
        migrations.AddIndex(
            model_name="clockrow",
            index=models.Index(condition=models.Q(("stopped_at", None)), fields=["team"], name="care_clock_team"),
        ),
        migrations.AddIndex(
            model_name="clockrow",
            index=models.Index(fields=["stopped_by", "stopped_at"], name="care_clock_credit"),
        ),
        migrations.AddIndex(
            model_name="clockrow",
            index=models.Index(
                condition=models.Q(("breached_at", None), _negated=True),
                fields=["blamed", "breached_at"],
                name="care_clock_blamed",
            ),
        ),
        migrations.AddConstraint(
            model_name="clockrow",
            constraint=models.UniqueConstraint(
                condition=models.Q(("stopped_at", None)),
                fields=("subject_kind", "subject_id", "slug"),
                name="care_clock_one",
            ),
        ),
        migrations.AddConstraint(
            model_name="clockrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("subject_kind__in", ["conversation", "case", "gap", "approval", "incident"])),
                name="care_clock_subject_kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="clockrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("counted_from__isnull", False), ("due_at__isnull", False), ("paused", "")),
                    models.Q(
                        ("counted_from", None),
                        ("due_at", None),
                        (
                            "paused__in",
                            ["waiting_for_customer", "waiting_for_others", "agreed_later", "regulator_has_it"],
                        ),
                    ),
                    _connector="OR",
                ),
                name="care_clock_runs_or_is_paused",
            ),
        ),
        migrations.AddConstraint(
            model_name="clockrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("next_at__isnull", False), ("stop_reason", ""), ("stopped_at", None), ("stopped_by", "")),
                    models.Q(
                        ("next_at", None),
                        ("stop_reason__in", ["answered", "closed", "done", "not_needed"]),
                        ("stopped_at__isnull", False),
                        models.Q(("stopped_by", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="care_clock_stopped",
            ),
        ),
        migrations.AddConstraint(
            model_name="clockrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("blamed", None), ("breached_at", None)),
                    models.Q(("blamed__isnull", False), ("breached_at__isnull", False)),
                    _connector="OR",
                ),
                name="care_clock_breach_has_a_name",
            ),
        ),
        migrations.AddConstraint(
            model_name="clockrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gt", 0), ("used__gte", 0)), name="care_clock_amounts"
            ),
        ),
        migrations.RunSQL(CLOCK),
        migrations.RunSQL(HOLDING),
        migrations.RunSQL(SPANS),
        *(migrations.RunSQL(append_only_trigger_sql(table)) for table in APPEND_ONLY),
    ]
