"""Staff, roles, grants, the ways to prove who one is, and changes that two people make together."""

import django.db.models.deletion
from django.db import migrations, models

from raseed.platform.append_only import append_only_trigger_sql

CHANGE = """
CREATE FUNCTION people_change_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' THEN
        RAISE EXCEPTION '% on people_change refused: what was proposed stays', TG_OP
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.state <> 'open' AND (NEW.payload <> '{}' OR to_jsonb(NEW) - 'payload' <> to_jsonb(OLD) - 'payload') THEN
        RAISE EXCEPTION 'a change is decided once; only its payload may be erased' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.state = 'open' AND to_jsonb(NEW) - ARRAY['state', 'decided_by', 'decided_at', 'decision_note']
            <> to_jsonb(OLD) - ARRAY['state', 'decided_by', 'decided_at', 'decision_note'] THEN
        RAISE EXCEPTION 'what was proposed is not altered' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER people_change_guard BEFORE UPDATE OR DELETE ON people_change
    FOR EACH ROW EXECUTE FUNCTION people_change_guard();
CREATE TRIGGER people_change_keep BEFORE TRUNCATE ON people_change
    FOR EACH STATEMENT EXECUTE FUNCTION people_change_guard();
"""

# When the transaction ends, a change's state is that of its last step, told by the same person at the same instant.
CHANGE_STEPS = """
CREATE FUNCTION people_change_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM people_change AS change
        JOIN people_change_step AS step ON step.change_id = change.id AND step.state = change.state
        WHERE change.id = NEW.id AND step.by = CASE change.state WHEN 'open' THEN change.proposed_by ELSE change.decided_by END
            AND step.at = CASE change.state WHEN 'open' THEN change.proposed_at ELSE change.decided_at END
    ) THEN
        RAISE EXCEPTION 'change % has no step for its state', NEW.id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER people_change_told AFTER INSERT OR UPDATE OF state ON people_change
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION people_change_told();
"""

GRANT = """
CREATE FUNCTION people_grant_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' OR OLD.until IS NOT NULL OR to_jsonb(NEW) - 'until' <> to_jsonb(OLD) - 'until' THEN
        RAISE EXCEPTION '% on people_grant refused: a grant ends once, and stays to be read', TG_OP
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER people_grant_guard BEFORE UPDATE OR DELETE ON people_grant
    FOR EACH ROW EXECUTE FUNCTION people_grant_guard();
CREATE TRIGGER people_grant_keep BEFORE TRUNCATE ON people_grant
    FOR EACH STATEMENT EXECUTE FUNCTION people_grant_guard();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="ChangeRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("kind", models.TextField()),
                ("subject", models.TextField()),
                ("payload", models.JSONField()),
                ("before", models.JSONField()),
                ("reason", models.TextField()),
                ("proposed_by", models.TextField()),
                ("proposer", models.TextField()),
                ("proposed_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("state", models.TextField(default="open")),
                ("decided_by", models.TextField(default="")),
                ("decided_at", models.DateTimeField(null=True)),
                ("decision_note", models.TextField(default="")),
                (
                    "institution",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="people.institutionrow",
                    ),
                ),
            ],
            options={
                "db_table": "people_change",
            },
        ),
        migrations.CreateModel(
            name="ChangeStepRow",
            fields=[
                ("position", models.BigAutoField(primary_key=True, serialize=False)),
                ("state", models.TextField()),
                ("at", models.DateTimeField()),
                ("by", models.TextField()),
                ("note", models.TextField(default="")),
                (
                    "change",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="steps",
                        to="people.changerow",
                    ),
                ),
            ],
            options={
                "db_table": "people_change_step",
            },
        ),
        migrations.CreateModel(
            name="RoleRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("slug", models.TextField()),
                ("names", models.JSONField()),
                ("permissions", models.JSONField()),
                ("created_at", models.DateTimeField()),
                ("removed_at", models.DateTimeField(null=True)),
                (
                    "institution",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="people.institutionrow",
                    ),
                ),
            ],
            options={
                "db_table": "people_role",
            },
        ),
        migrations.CreateModel(
            name="StaffRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("login", models.TextField(unique=True)),
                ("names", models.JSONField()),
                ("language", models.CharField(max_length=2)),
                ("state", models.TextField()),
                ("password", models.TextField(default="")),
                ("totp_secret", models.BinaryField(default=b"")),
                ("totp_step", models.BigIntegerField(default=0)),
                ("session_epoch", models.PositiveIntegerField(default=0)),
                ("created_at", models.DateTimeField()),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.institutionrow"
                    ),
                ),
            ],
            options={
                "db_table": "people_staff",
            },
        ),
        migrations.CreateModel(
            name="RecoveryCodeRow",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("code_hash", models.BinaryField()),
                ("used_at", models.DateTimeField(null=True)),
                (
                    "staff",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="people.staffrow",
                    ),
                ),
            ],
            options={
                "db_table": "people_recovery_code",
            },
        ),
        migrations.CreateModel(
            name="GrantRow",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("since", models.DateTimeField()),
                ("until", models.DateTimeField(null=True)),
                (
                    "role",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="grants", to="people.rolerow"
                    ),
                ),
                (
                    "staff",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="grants",
                        to="people.staffrow",
                    ),
                ),
            ],
            options={
                "db_table": "people_grant",
            },
        ),
        migrations.CreateModel(
            name="TicketRow",
            fields=[
                ("token_hash", models.BinaryField(primary_key=True, serialize=False)),
                ("kind", models.TextField()),
                ("session_epoch", models.PositiveIntegerField()),
                ("expires_at", models.DateTimeField()),
                ("password", models.TextField(default="")),
                ("totp_secret", models.BinaryField(default=b"")),
                (
                    "staff",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="people.staffrow"
                    ),
                ),
            ],
            options={
                "db_table": "people_ticket",
            },
        ),
        migrations.AddIndex(
            model_name="changerow",
            index=models.Index(fields=["institution", "proposed_at", "id"], name="people_change_page"),
        ),
        migrations.AddIndex(
            model_name="changerow",
            index=models.Index(fields=["subject", "proposed_at"], name="people_change_subject"),
        ),
        migrations.AddIndex(
            model_name="changerow",
            index=models.Index(condition=models.Q(("state", "open")), fields=["expires_at"], name="people_change_open"),
        ),
        migrations.AddConstraint(
            model_name="changerow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("decided_at", None), ("decided_by", ""), ("state", "open")),
                    models.Q(
                        ("decided_at__isnull", False),
                        ("state__in", ["applied", "rejected", "withdrawn", "expired"]),
                        models.Q(("decided_by", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="people_change_decided",
            ),
        ),
        migrations.AddConstraint(
            model_name="changerow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ["applied", "rejected"]), _negated=True),
                    models.Q(
                        ("decided_by__startswith", "staff:"),
                        models.Q(("decided_by", models.F("proposed_by")), _negated=True),
                        models.Q(("decided_by", models.F("proposer")), _negated=True),
                        models.Q(("decided_by", models.F("subject")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="people_change_second_person",
            ),
        ),
        migrations.AddConstraint(
            model_name="changerow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "withdrawn"), _negated=True),
                    ("decided_by", models.F("proposed_by")),
                    ("decided_by", models.F("proposer")),
                    _connector="OR",
                ),
                name="people_change_withdrawn_by",
            ),
        ),
        migrations.AddConstraint(
            model_name="changerow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "applied"), _negated=True),
                    ("decided_at__lt", models.F("expires_at")),
                    _connector="OR",
                ),
                name="people_change_in_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="changerow",
            constraint=models.CheckConstraint(
                condition=models.Q(("expires_at__gt", models.F("proposed_at"))), name="people_change_has_time"
            ),
        ),
        migrations.AddConstraint(
            model_name="changesteprow",
            constraint=models.UniqueConstraint(fields=("change", "state"), name="people_change_step_once"),
        ),
        migrations.AddConstraint(
            model_name="rolerow",
            constraint=models.UniqueConstraint(
                condition=models.Q(("removed_at", None)), fields=("institution", "slug"), name="people_role_slug"
            ),
        ),
        migrations.AddConstraint(
            model_name="staffrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["invited", "active", "locked", "left"])), name="people_staff_state"
            ),
        ),
        migrations.AddConstraint(
            model_name="staffrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("language__in", ["ar", "he", "en"])), name="people_staff_language"
            ),
        ),
        migrations.AddConstraint(
            model_name="staffrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "active"), _negated=True),
                    models.Q(models.Q(("password", ""), _negated=True), models.Q(("totp_secret", b""), _negated=True)),
                    _connector="OR",
                ),
                name="people_staff_proven",
            ),
        ),
        migrations.AddConstraint(
            model_name="staffrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ["invited", "left"]), _negated=True),
                    models.Q(("password", ""), ("totp_secret", b"")),
                    _connector="OR",
                ),
                name="people_staff_nothing_kept",
            ),
        ),
        migrations.AddConstraint(
            model_name="recoverycoderow",
            constraint=models.UniqueConstraint(fields=("staff", "code_hash"), name="people_recovery_code_once"),
        ),
        migrations.AddConstraint(
            model_name="grantrow",
            constraint=models.UniqueConstraint(
                condition=models.Q(("until", None)), fields=("staff", "role"), name="people_grant_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="grantrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("until", None), ("until__gte", models.F("since")), _connector="OR"),
                name="people_grant_span",
            ),
        ),
        migrations.AddIndex(
            model_name="ticketrow",
            index=models.Index(fields=["expires_at"], name="people_ticket_expires"),
        ),
        migrations.AddConstraint(
            model_name="ticketrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["invitation", "challenge"])), name="people_ticket_kind"
            ),
        ),
        migrations.AddConstraint(
            model_name="ticketrow",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind", "invitation")), fields=("staff",), name="people_ticket_one_invitation"
            ),
        ),
        migrations.RunSQL(CHANGE),
        migrations.RunSQL(CHANGE_STEPS),
        migrations.RunSQL(GRANT),
        migrations.RunSQL(append_only_trigger_sql("people_change_step")),
    ]
