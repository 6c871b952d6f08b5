"""What was answered after the end of a payment and says the opposite of it."""

from django.db import migrations, models

GUARD = """
CREATE FUNCTION payments_contradiction_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' THEN
        RAISE EXCEPTION '% on payments_contradiction refused: what was answered stays', TG_OP
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.closed_at IS NOT NULL OR to_jsonb(NEW) - 'closed_at' - 'closed_by' - 'closing_reason'
        <> to_jsonb(OLD) - 'closed_at' - 'closed_by' - 'closing_reason' THEN
        RAISE EXCEPTION 'what was answered after the end is only closed, and once' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payments_contradiction_guard BEFORE UPDATE OR DELETE ON payments_contradiction
    FOR EACH ROW EXECUTE FUNCTION payments_contradiction_guard();
CREATE TRIGGER payments_contradiction_keep BEFORE TRUNCATE ON payments_contradiction
    FOR EACH STATEMENT EXECUTE FUNCTION payments_contradiction_guard();
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0006_standing")]

    operations = [
        migrations.CreateModel(
            name="ContradictionRow",
            fields=[
                ("position", models.BigAutoField(primary_key=True, serialize=False)),
                ("payment_id", models.UUIDField()),
                ("kind", models.TextField()),
                ("lane", models.CharField(max_length=80)),
                ("institution_id", models.UUIDField()),
                ("reference", models.TextField()),
                ("code", models.TextField()),
                ("heard_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(null=True)),
                ("closed_by", models.TextField(db_default="")),
                ("closing_reason", models.TextField(db_default="")),
            ],
            options={
                "db_table": "payments_contradiction",
                "indexes": [models.Index(fields=["institution_id", "position"], name="payments_contradiction_list")],
                "constraints": [
                    models.UniqueConstraint(fields=["payment_id", "kind"], name="payments_contradiction_once"),
                    models.CheckConstraint(
                        name="payments_contradiction_kind",
                        condition=models.Q(("kind__in", ("taken_after_return", "not_taken_after_settling"))),
                    ),
                    models.CheckConstraint(
                        name="payments_contradiction_closed",
                        condition=models.Q(
                            models.Q(("closed_at", None), ("closed_by", ""), ("closing_reason", "")),
                            models.Q(
                                models.Q(("closed_at", None), _negated=True),
                                models.Q(("closed_by", ""), _negated=True),
                                models.Q(("closing_reason", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                    ),
                ],
            },
        ),
        migrations.RunSQL(GUARD),
    ]
