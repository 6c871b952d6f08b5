"""Checks of the books: how each stands, what they found, and what may change in it."""

import django.db.models.deletion
from django.db import migrations, models

from raseed.platform.append_only import append_only_trigger_sql

GUARD = """
CREATE FUNCTION assurance_finding_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' THEN
        RAISE EXCEPTION '% on assurance_finding refused: findings end, they are never removed', TG_OP
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF (NEW.id, NEW.check_name, NEW.code, NEW.subject, NEW.institution_id, NEW.first_seen)
        IS DISTINCT FROM (OLD.id, OLD.check_name, OLD.code, OLD.subject, OLD.institution_id, OLD.first_seen)
    THEN
        RAISE EXCEPTION 'what a finding is about stays as it was found' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.last_seen < OLD.last_seen OR NEW.times < OLD.times OR NEW.tries < OLD.tries THEN
        RAISE EXCEPTION 'what was seen was seen' USING ERRCODE = 'restrict_violation';
    END IF;
    IF (NEW.state, NEW.assignee_id) IS DISTINCT FROM (OLD.state, OLD.assignee_id) AND NEW.steps <> OLD.steps + 1
        OR NEW.steps NOT IN (OLD.steps, OLD.steps + 1)
    THEN
        RAISE EXCEPTION 'a finding goes by one step at a time' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.state IN ('closed', 'cleared') AND NEW.state NOT IN (OLD.state, 'open') THEN
        RAISE EXCEPTION 'a finding does not go from % to %', OLD.state, NEW.state USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER assurance_finding_guard BEFORE UPDATE OR DELETE ON assurance_finding
    FOR EACH ROW EXECUTE FUNCTION assurance_finding_guard();
CREATE TRIGGER assurance_finding_keep BEFORE TRUNCATE ON assurance_finding
    FOR EACH STATEMENT EXECUTE FUNCTION assurance_finding_guard();

CREATE FUNCTION assurance_finding_step_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM added AS a JOIN assurance_finding AS f ON f.id = a.of_id
        WHERE a.number <> f.steps OR a.state <> f.state OR a.assignee_id IS DISTINCT FROM f.assignee_id)
    THEN
        RAISE EXCEPTION 'a step says where its finding is' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER assurance_finding_step_guard AFTER INSERT ON assurance_finding_step
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION assurance_finding_step_guard();
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="CheckRow",
            fields=[
                ("name", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("ran_at", models.DateTimeField()),
                ("took_ms", models.IntegerField()),
                ("looked_at", models.BigIntegerField()),
                ("failed", models.CharField(max_length=80)),
                ("due_at", models.DateTimeField()),
            ],
            options={
                "db_table": "assurance_check",
            },
        ),
        migrations.CreateModel(
            name="FindingRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("check_name", models.CharField(max_length=40)),
                ("code", models.CharField(max_length=40)),
                ("subject", models.CharField(max_length=120)),
                ("institution_id", models.UUIDField(null=True)),
                ("severity", models.TextField()),
                ("expected", models.CharField(max_length=200)),
                ("found", models.CharField(max_length=200)),
                ("repair", models.CharField(max_length=40)),
                ("tries", models.SmallIntegerField(db_default=0)),
                ("state", models.TextField()),
                ("assignee_id", models.UUIDField(null=True)),
                ("first_seen", models.DateTimeField()),
                ("last_seen", models.DateTimeField()),
                ("times", models.BigIntegerField()),
                ("steps", models.SmallIntegerField()),
                ("changed_at", models.DateTimeField()),
            ],
            options={
                "db_table": "assurance_finding",
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["open", "assigned"])),
                        fields=["first_seen", "id"],
                        name="assurance_finding_open",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("check_name", "code", "subject"), name="assurance_finding_once"),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["open", "assigned", "closed", "cleared"])),
                        name="assurance_finding_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("severity__in", ["wrong", "late"])), name="assurance_finding_severity"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "assigned"), _negated=True),
                            ("assignee_id__isnull", False),
                            _connector="OR",
                        ),
                        name="assurance_finding_assigned",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("last_seen__gte", models.F("first_seen")),
                            ("steps__gte", 0),
                            ("times__gte", 1),
                            ("tries__gte", 0),
                        ),
                        name="assurance_finding_seen",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SweepRow",
            fields=[
                ("over", models.CharField(max_length=20, primary_key=True, serialize=False)),
                ("changed", models.BigIntegerField(db_default=0)),
                ("place", models.CharField(db_default="", max_length=60)),
                ("passes", models.BigIntegerField(db_default=0)),
                ("passed_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "assurance_sweep",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("over__in", ["whole", "accounts", "payments"])), name="assurance_sweep_over"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="FindingStepRow",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "of", "number", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("number", models.SmallIntegerField()),
                ("at", models.DateTimeField()),
                ("state", models.TextField()),
                ("actor", models.CharField(max_length=60)),
                ("assignee_id", models.UUIDField(null=True)),
                ("outcome", models.TextField(null=True)),
                ("note", models.CharField(max_length=500)),
                (
                    "of",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="history",
                        to="assurance.findingrow",
                    ),
                ),
            ],
            options={
                "db_table": "assurance_finding_step",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("outcome__in", ["mended", "accepted", "mistaken", "repaired", "gone"]),
                                ("state__in", ["closed", "cleared"]),
                            ),
                            models.Q(("outcome", None), ("state__in", ["open", "assigned"])),
                            _connector="OR",
                        ),
                        name="assurance_finding_step_outcome",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="MemoryRow",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "family", "about", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("family", models.CharField(max_length=20)),
                ("about", models.CharField(max_length=60)),
                ("rows", models.IntegerField()),
                ("digest", models.BinaryField(max_length=32)),
                ("seen_at", models.DateTimeField()),
            ],
            options={"db_table": "assurance_memory"},
        ),
        migrations.RunSQL(GUARD),
        migrations.RunSQL(append_only_trigger_sql("assurance_finding_step")),
    ]
