"""Standing orders and their runs, with what may change in them."""

from django.db import migrations, models

from raseed.platform.append_only import append_only_trigger_sql

# What was asked for stays but for amount, note and end; occurrences are passed in order, and an order that has ended stays so.
STANDING = """
CREATE FUNCTION payments_standing_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' THEN
        RAISE EXCEPTION '% on payments_standing refused: an order that was given stays', TG_OP
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF (NEW.position, NEW.id, NEW.actor_customer_id, NEW.from_account_id, NEW.institution_id, NEW.to_kind, NEW.to_value,
        NEW.to_institution_id, NEW.to_bank, NEW.currency, NEW.purpose, NEW.first_on, NEW.every, NEW.unit, NEW.last_of_month,
        NEW.business_days, NEW.given, NEW.made_at)
        IS DISTINCT FROM
        (OLD.position, OLD.id, OLD.actor_customer_id, OLD.from_account_id, OLD.institution_id, OLD.to_kind, OLD.to_value,
        OLD.to_institution_id, OLD.to_bank, OLD.currency, OLD.purpose, OLD.first_on, OLD.every, OLD.unit, OLD.last_of_month,
        OLD.business_days, OLD.given, OLD.made_at)
    THEN
        RAISE EXCEPTION 'who, whom and when of a standing order do not change' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.state = 'ended' AND to_jsonb(NEW) <> to_jsonb(OLD) THEN
        RAISE EXCEPTION 'a standing order that has ended stays as it is' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.state <> NEW.state AND (OLD.state, NEW.state) NOT IN
        (('active', 'paused'), ('active', 'waiting'), ('active', 'ended'), ('waiting', 'active'), ('waiting', 'ended'),
         ('paused', 'active'), ('paused', 'waiting'), ('paused', 'ended'))
    THEN
        RAISE EXCEPTION 'a standing order does not go from % to %', OLD.state, NEW.state USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.next_number < OLD.next_number
        OR (NEW.next_number = OLD.next_number AND NEW.tries < OLD.tries AND OLD.state NOT IN ('paused', 'waiting')) THEN
        RAISE EXCEPTION 'a standing order goes forward' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payments_standing_guard BEFORE UPDATE OR DELETE ON payments_standing
    FOR EACH ROW EXECUTE FUNCTION payments_standing_guard();
CREATE TRIGGER payments_standing_keep BEFORE TRUNCATE ON payments_standing
    FOR EACH STATEMENT EXECUTE FUNCTION payments_standing_guard();
"""

# A run is of the occurrence that its order stands at, or stood at in this very statement's transaction.
RUN = """
CREATE FUNCTION payments_standing_run_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM payments_standing WHERE id = NEW.order_id AND next_number IN (NEW.number, NEW.number + 1)) THEN
        RAISE EXCEPTION 'a run is of the occurrence to come' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.outcome = 'paid' AND NOT EXISTS (SELECT FROM payments_payment WHERE id = NEW.payment_id) THEN
        RAISE EXCEPTION 'a run that paid has its payment' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payments_standing_run_guard BEFORE INSERT ON payments_standing_run
    FOR EACH ROW EXECUTE FUNCTION payments_standing_run_guard();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0005_outside"),
    ]

    operations = [
        migrations.CreateModel(
            name="StandingRow",
            fields=[
                ("position", models.BigAutoField(primary_key=True, serialize=False)),
                ("id", models.UUIDField(unique=True)),
                ("state", models.TextField()),
                ("actor_customer_id", models.UUIDField()),
                ("from_account_id", models.UUIDField()),
                ("institution_id", models.UUIDField()),
                ("to_kind", models.TextField()),
                ("to_value", models.CharField(max_length=34)),
                ("to_institution_id", models.UUIDField(null=True)),
                ("to_bank", models.CharField(max_length=34)),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("note", models.CharField(max_length=140)),
                ("purpose", models.TextField()),
                ("first_on", models.DateField()),
                ("every", models.SmallIntegerField()),
                ("unit", models.TextField()),
                ("last_of_month", models.BooleanField()),
                ("until", models.DateField(null=True)),
                ("count", models.SmallIntegerField(null=True)),
                ("business_days", models.TextField()),
                ("next_number", models.IntegerField()),
                ("next_planned_on", models.DateField(null=True)),
                ("next_due_on", models.DateField(null=True)),
                ("try_on", models.DateField(null=True)),
                ("tries", models.SmallIntegerField()),
                ("refused_code", models.TextField(null=True)),
                ("refused_params", models.JSONField(null=True)),
                ("given", models.JSONField()),
                ("made_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("ended_by", models.TextField(null=True)),
            ],
            options={
                "db_table": "payments_standing",
                "indexes": [
                    models.Index(fields=["actor_customer_id", "position"], name="payments_standing_actor"),
                    models.Index(fields=["from_account_id", "position"], name="payments_standing_from"),
                    models.Index(
                        condition=models.Q(("state", "active")), fields=["try_on", "id"], name="payments_standing_due"
                    ),
                    models.Index(
                        condition=models.Q(("state", "waiting"), models.Q(("to_kind", "outside"), _negated=True)),
                        fields=["id"],
                        name="payments_standing_waiting",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["active", "waiting", "paused", "ended"])),
                        name="payments_standing_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("to_kind__in", ("phone", "iban", "number", "outside"))),
                        name="payments_standing_to_kind",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("state__in", ["waiting", "ended"]),
                                ("to_kind", "outside"),
                                models.Q(("to_bank", ""), _negated=True),
                            ),
                            models.Q(models.Q(("to_kind", "outside"), _negated=True), ("to_bank", "")),
                            _connector="OR",
                        ),
                        name="payments_standing_outside",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("purpose__in", ["", "household", "insurance", "loan", "leasing"])),
                        name="payments_standing_purpose",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("unit__in", ["months", "weeks"])), name="payments_standing_unit"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("business_days__in", ["unchanged", "following", "modified_following", "preceding"])
                        ),
                        name="payments_standing_business_days",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("amount_minor__gt", 0),
                            ("every__gt", 0),
                            ("next_number__gt", 0),
                            ("tries__gte", 0),
                            models.Q(("count", None), ("count__gt", 0), _connector="OR"),
                            models.Q(("until", None), ("until__gte", models.F("first_on")), _connector="OR"),
                        ),
                        name="payments_standing_whole",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("next_due_on__isnull", False),
                                ("next_planned_on__isnull", False),
                                ("state", "active"),
                                ("try_on__isnull", False),
                            ),
                            models.Q(models.Q(("state", "active"), _negated=True), ("try_on", None)),
                            _connector="OR",
                        ),
                        name="payments_standing_due_while_active",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("ended_at", None), ("state", "ended"), _connector="XOR"),
                        name="payments_standing_ends",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="StandingRunRow",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "order_id", "number", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("order_id", models.UUIDField()),
                ("number", models.IntegerField()),
                ("planned_on", models.DateField()),
                ("due_on", models.DateField()),
                ("outcome", models.TextField()),
                ("payment_id", models.UUIDField(null=True)),
                ("refused_code", models.TextField(null=True)),
                ("refused_params", models.JSONField(null=True)),
                ("at", models.DateTimeField()),
            ],
            options={
                "db_table": "payments_standing_run",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("payment_id__isnull", False)),
                        fields=("payment_id",),
                        name="payments_standing_run_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("outcome", "paid"), ("payment_id__isnull", False), ("refused_code", None)),
                            models.Q(("outcome", "skipped"), ("refused_code__isnull", False)),
                            _connector="OR",
                        ),
                        name="payments_standing_run_outcome",
                    ),
                ],
            },
        ),
        migrations.RunSQL(STANDING),
        migrations.RunSQL(RUN),
        migrations.RunSQL(append_only_trigger_sql("payments_standing_run")),
    ]
