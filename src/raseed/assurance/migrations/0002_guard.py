"""Releases of systems that show balances: their timelines grow by legal steps only, and what was seen stays."""

import django.db.models.deletion
from django.db import migrations, models

from raseed.platform.append_only import append_only_trigger_sql

MOVES = """
    ('', 'registered'), ('registered', 'abandoned'), ('registered', 'baselined'), ('baselined', 'abandoned'),
    ('baselined', 'baselined'), ('baselined', 'canary'), ('baselined', 'cutting_over'),
    ('baselined', 'refused'), ('baselined', 'shadowed_green'), ('baselined', 'shadowed_red'),
    ('shadowed_green', 'abandoned'), ('shadowed_green', 'baselined'), ('shadowed_green', 'canary'),
    ('shadowed_green', 'cutting_over'), ('shadowed_green', 'refused'), ('shadowed_green', 'shadowed_green'),
    ('shadowed_green', 'shadowed_red'), ('shadowed_red', 'abandoned'), ('shadowed_red', 'baselined'),
    ('shadowed_red', 'canary'), ('shadowed_red', 'cutting_over'), ('shadowed_red', 'refused'),
    ('shadowed_red', 'shadowed_green'), ('shadowed_red', 'shadowed_red'), ('canary', 'canary'),
    ('canary', 'cutting_over'), ('canary', 'rolling_back'), ('cutting_over', 'live'),
    ('cutting_over', 'rolling_back'), ('live', 'rolling_back'), ('live', 'verifying'),
    ('verifying', 'rolling_back'), ('verifying', 'verified'), ('verified', 'rolling_back'),
    ('rolling_back', 'rolled_back')
"""
"""The same table as in ``guard/domain.py``; a test compares them."""

RELEASE = f"""
CREATE FUNCTION assurance_guard_release_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP NOT IN ('UPDATE', 'INSERT') THEN
        RAISE EXCEPTION '% on assurance_guard_release refused: a release stays', TG_OP
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'registered' OR NEW.forced_by IS NOT NULL THEN
            RAISE EXCEPTION 'a release begins registered' USING ERRCODE = 'restrict_violation';
        END IF;
        IF NEW.pointer IS DISTINCT FROM (
            SELECT CASE kind WHEN 'generation' THEN ':shown-balances' ELSE code END
            FROM assurance_guard_system WHERE code = NEW.system_id)
        THEN
            RAISE EXCEPTION 'a release moves what its system shows' USING ERRCODE = 'restrict_violation';
        END IF;
        IF EXISTS (SELECT FROM assurance_guard_release WHERE pointer = NEW.pointer AND state = 'rolling_back') THEN
            RAISE EXCEPTION 'another release is being rolled back' USING ERRCODE = 'unique_violation',
                CONSTRAINT = 'assurance_guard_one_open_release';
        END IF;
        RETURN NEW;
    END IF;
    IF to_jsonb(NEW) - 'state' - 'forced_by' - 'wanted' <> to_jsonb(OLD) - 'state' - 'forced_by' - 'wanted' THEN
        RAISE EXCEPTION 'what was registered stays' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.forced_by IS NOT NULL AND NEW.forced_by IS DISTINCT FROM OLD.forced_by
        AND NOT (NEW.forced_by IS NULL AND NEW.state IN ('baselined', 'shadowed_green', 'shadowed_red'))
    THEN
        RAISE EXCEPTION 'who forced a release stays' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.state <> NEW.state AND (OLD.state, NEW.state) NOT IN ({MOVES}) THEN
        RAISE EXCEPTION 'a release does not go from % to %', OLD.state, NEW.state
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.state IN ('baselined', 'shadowed_red') AND NEW.state IN ('canary', 'cutting_over')
        AND NEW.forced_by IS NULL
    THEN
        RAISE EXCEPTION 'without a green shadow nothing goes live unless two people force it'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER assurance_guard_release_guard BEFORE INSERT OR UPDATE OR DELETE ON assurance_guard_release
    FOR EACH ROW EXECUTE FUNCTION assurance_guard_release_guard();
CREATE TRIGGER assurance_guard_release_keep BEFORE TRUNCATE ON assurance_guard_release
    FOR EACH STATEMENT EXECUTE FUNCTION assurance_guard_release_guard();
"""  # noqa: S608  (only our own table of moves is put in)

STEP = f"""
CREATE FUNCTION assurance_guard_step_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE earlier text; since timestamptz; now_is text;
BEGIN
    SELECT state, at INTO earlier, since FROM assurance_guard_step
    WHERE release_id = NEW.release_id AND number = NEW.number - 1;
    SELECT state INTO now_is FROM assurance_guard_release WHERE id = NEW.release_id;
    IF (NEW.number = 1) <> (earlier IS NULL) OR NEW.number < 1 OR NEW.at < since OR now_is IS DISTINCT FROM NEW.state
        OR (COALESCE(earlier, ''), NEW.state) NOT IN ({MOVES})
    THEN
        RAISE EXCEPTION 'an illegal step in the timeline of release %', NEW.release_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER assurance_guard_step_guard BEFORE INSERT ON assurance_guard_step
    FOR EACH ROW EXECUTE FUNCTION assurance_guard_step_guard();
"""  # noqa: S608  (only our own table of moves is put in)

RUN = """
CREATE FUNCTION assurance_guard_run_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' OR OLD.ended_at IS NOT NULL OR (NEW.id, NEW.release_id, NEW.kind, NEW.began_at)
        IS DISTINCT FROM (OLD.id, OLD.release_id, OLD.kind, OLD.began_at)
    THEN
        RAISE EXCEPTION '% on assurance_guard_run refused: a comparison ends once, and stays', TG_OP
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER assurance_guard_run_guard BEFORE UPDATE OR DELETE ON assurance_guard_run
    FOR EACH ROW EXECUTE FUNCTION assurance_guard_run_guard();
CREATE TRIGGER assurance_guard_run_keep BEFORE TRUNCATE ON assurance_guard_run
    FOR EACH STATEMENT EXECUTE FUNCTION assurance_guard_run_guard();
"""


class Migration(migrations.Migration):
    dependencies = [("assurance", "0001_books")]

    operations = [
        migrations.CreateModel(
            name="ReportRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("release_id", models.UUIDField(db_index=True)),
                ("at", models.DateTimeField()),
                ("digest", models.CharField(max_length=64)),
                ("signature", models.TextField()),
                ("content", models.BinaryField()),
            ],
            options={
                "db_table": "assurance_guard_report",
            },
        ),
        migrations.CreateModel(
            name="StepRow",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "release_id", "number", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("release_id", models.UUIDField()),
                ("number", models.SmallIntegerField()),
                ("state", models.TextField()),
                ("at", models.DateTimeField()),
                ("actor", models.TextField()),
                ("reason", models.CharField(max_length=500)),
                ("facts", models.JSONField()),
            ],
            options={
                "db_table": "assurance_guard_step",
            },
        ),
        migrations.CreateModel(
            name="TallyRow",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "run_id", "issuer", "kind", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("run_id", models.UUIDField()),
                ("issuer", models.CharField(max_length=80)),
                ("kind", models.TextField()),
                ("count", models.BigIntegerField()),
            ],
            options={
                "db_table": "assurance_guard_tally",
            },
        ),
        migrations.CreateModel(
            name="DifferenceRow",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("run_id", models.UUIDField(db_index=True)),
                ("account", models.CharField(max_length=80)),
                ("issuer", models.CharField(max_length=80)),
                ("kind", models.TextField()),
                ("shown_minor", models.BigIntegerField(null=True)),
                ("true_minor", models.BigIntegerField(null=True)),
                ("currency", models.CharField(max_length=3)),
                ("shown_currency", models.CharField(max_length=3)),
                ("note", models.CharField(max_length=80)),
            ],
            options={
                "db_table": "assurance_guard_difference",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "kind__in",
                                [
                                    "rounding",
                                    "sign",
                                    "missing",
                                    "stale",
                                    "currency",
                                    "swapped",
                                    "scale",
                                    "other",
                                    "unexpected",
                                    "other_account",
                                    "not_integer",
                                    "unreadable",
                                    "no_answer",
                                ],
                            )
                        ),
                        name="assurance_guard_kind",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="RunRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("release_id", models.UUIDField(db_index=True)),
                ("kind", models.TextField()),
                ("began_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("total", models.BigIntegerField(default=0)),
                ("compared", models.BigIntegerField(default=0)),
                ("position", models.BigIntegerField(default=0)),
                ("sample_permille", models.SmallIntegerField(default=1000)),
                ("is_clean", models.BooleanField(default=False)),
                ("facts", models.JSONField(default=dict)),
            ],
            options={
                "db_table": "assurance_guard_run",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("kind__in", ["baseline", "shadow_live", "shadow_true", "canary", "verify", "restored"])
                        ),
                        name="assurance_guard_run_kind",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at", None)),
                        fields=("release_id", "kind"),
                        name="assurance_guard_one_open_run",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SystemRow",
            fields=[
                ("code", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("kind", models.TextField()),
                ("institution_id", models.UUIDField()),
                ("name", models.CharField(max_length=80)),
                ("mapping", models.TextField()),
                ("terms", models.JSONField()),
                ("registered_at", models.DateTimeField()),
            ],
            options={
                "db_table": "assurance_guard_system",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["generation", "http"])), name="assurance_guard_system_kind"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="TrialRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("release_id", models.UUIDField(db_index=True)),
                ("leg", models.TextField()),
                ("back", models.BooleanField()),
                ("at", models.DateTimeField()),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("verdict", models.TextField()),
                ("code", models.CharField(max_length=80)),
                ("facts", models.JSONField()),
            ],
            options={
                "db_table": "assurance_guard_trial",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("verdict__in", ["right", "wrong", "refused"])),
                        name="assurance_guard_trial_verdict",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ReleaseRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("pointer", models.CharField(max_length=40)),
                ("candidate", models.CharField(max_length=80)),
                ("state", models.TextField()),
                ("forced_by", models.UUIDField(null=True)),
                ("registered_at", models.DateTimeField()),
                ("mapping", models.TextField()),
                ("terms", models.JSONField()),
                ("wanted", models.TextField(default="")),
                (
                    "system",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="assurance.systemrow"
                    ),
                ),
            ],
            options={
                "db_table": "assurance_guard_release",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "state__in",
                                (
                                    "registered",
                                    "baselined",
                                    "shadowed_green",
                                    "shadowed_red",
                                    "canary",
                                    "cutting_over",
                                    "live",
                                    "verifying",
                                    "verified",
                                    "rolling_back",
                                    "rolled_back",
                                    "refused",
                                    "abandoned",
                                ),
                            )
                        ),
                        name="assurance_guard_release_state",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(
                            ("state__in", ["abandoned", "refused", "rolled_back", "rolling_back", "verified"]),
                            _negated=True,
                        ),
                        fields=("pointer",),
                        name="assurance_guard_one_open_release",
                    ),
                ],
            },
        ),
        migrations.RunSQL(RELEASE),
        migrations.RunSQL(STEP),
        migrations.RunSQL(RUN),
        *(
            migrations.RunSQL(append_only_trigger_sql(table))
            for table in (
                "assurance_guard_step",
                "assurance_guard_difference",
                "assurance_guard_trial",
                "assurance_guard_report",
            )
        ),
    ]
