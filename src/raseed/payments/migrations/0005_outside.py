"""What goes outside: more states and legal steps, and why something is not known."""

from django.db import migrations, models

from raseed.platform.append_only import append_only_trigger_sql

STATES = ["accepted", "held", "sent", "unknown", "referred", "settled", "returned", "refused"]
REASONED = ["referred", "refused", "returned", "unknown"]
LEGAL = """(('accepted', 'settled'), ('accepted', 'refused'), ('accepted', 'held'), ('held', 'sent'), ('held', 'returned'),
        ('sent', 'settled'), ('sent', 'returned'), ('sent', 'unknown'), ('unknown', 'settled'), ('unknown', 'returned'),
        ('unknown', 'referred'), ('referred', 'settled'), ('referred', 'returned'))"""

PAYMENT = f"""
CREATE OR REPLACE FUNCTION payments_payment_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' THEN
        RAISE EXCEPTION '% on payments_payment refused: what was instructed stays', TG_OP
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF to_jsonb(NEW) - 'state' <> to_jsonb(OLD) - 'state' THEN
        RAISE EXCEPTION 'only the state of a payment changes' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.state <> NEW.state AND (OLD.state, NEW.state) NOT IN
        {LEGAL}
    THEN
        RAISE EXCEPTION 'a payment does not go from % to %', OLD.state, NEW.state
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
"""

# As in 0004, with more legal steps: what precedes a step is in the same statement, or is looked up by index.
STEP = """
CREATE OR REPLACE FUNCTION payments_step_guard() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off AS $$
DECLARE wrong uuid;
BEGIN
    SELECT told.payment_id INTO wrong
    FROM (
        SELECT payment_id, number, at, state, lag(number) OVER timeline AS number_before,
            lag(state) OVER timeline AS state_before, lag(at) OVER timeline AS at_before,
            lead(number) OVER timeline IS NULL AS is_last
        FROM added WINDOW timeline AS (PARTITION BY payment_id ORDER BY number)
    ) AS told
    WHERE CASE
            WHEN number = 1 THEN state <> 'accepted'
            WHEN number_before IS NOT NULL THEN number_before <> number - 1 OR at < at_before
                OR (state_before, state) NOT IN LEGAL
            ELSE NOT EXISTS (
                SELECT FROM payments_step AS earlier
                WHERE earlier.payment_id = told.payment_id AND earlier.number = told.number - 1 AND earlier.at <= told.at
                    AND (earlier.state, told.state) IN LEGAL)
        END
        OR CASE WHEN is_last THEN
            (SELECT payment.state FROM payments_payment AS payment WHERE payment.id = told.payment_id)
                IS DISTINCT FROM told.state
        END
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'an illegal step in the timeline of payment %', wrong USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
""".replace("LEGAL", LEGAL)

# A payment that is held has its errand, in the same state; the errand goes with the payment's end. Looked at when the
# transaction ends, so that each of the two may be written first.
ERRAND = """
CREATE FUNCTION payments_errand_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE errand_state text; payment_state text; its uuid;
BEGIN
    its := CASE TG_TABLE_NAME WHEN 'payments_payment' THEN (to_jsonb(NEW) ->> 'id')::uuid
        ELSE (to_jsonb(COALESCE(NEW, OLD)) ->> 'payment_id')::uuid END;
    SELECT state INTO payment_state FROM payments_payment WHERE id = its;
    SELECT state INTO errand_state FROM payments_errand WHERE payment_id = its;
    IF (payment_state IN ('held', 'sent', 'unknown', 'referred') AND errand_state IS DISTINCT FROM payment_state)
        OR (payment_state NOT IN ('held', 'sent', 'unknown', 'referred') AND errand_state IS NOT NULL)
        OR payment_state IS NULL
    THEN
        RAISE EXCEPTION 'payment % is %, its errand %', its, payment_state, errand_state
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER payments_errand_guard AFTER INSERT OR UPDATE OF state OR DELETE ON payments_errand
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payments_errand_guard();
CREATE CONSTRAINT TRIGGER payments_payment_has_errand AFTER INSERT OR UPDATE ON payments_payment
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.state IN ('held', 'sent', 'unknown', 'referred'))
    EXECUTE FUNCTION payments_errand_guard();
ALTER TABLE payments_errand SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500);
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0004_order_guards")]

    operations = [
        migrations.RemoveConstraint("PaymentRow", "payments_payment_state"),
        migrations.RemoveConstraint("PaymentRow", "payments_payment_settled_somewhere"),
        migrations.RemoveConstraint("StepRow", "payments_step_state"),
        migrations.RemoveConstraint("StepRow", "payments_step_refused_with_reason"),
        migrations.AddConstraint(
            "PaymentRow",
            models.CheckConstraint(condition=models.Q(("state__in", STATES)), name="payments_payment_state"),
        ),
        migrations.AddConstraint(
            "PaymentRow",
            models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ["accepted", "refused"]), ("to_account_id__isnull", False), _connector="OR"
                ),
                name="payments_payment_goes_somewhere",
            ),
        ),
        migrations.AddConstraint(
            "StepRow",
            models.CheckConstraint(condition=models.Q(("state__in", STATES)), name="payments_step_state"),
        ),
        migrations.AddConstraint(
            "StepRow",
            models.CheckConstraint(
                condition=models.Q(
                    models.Q(("reason_code__isnull", False), ("state__in", REASONED)),
                    models.Q(models.Q(("state__in", REASONED), _negated=True), ("reason_code__isnull", True)),
                    _connector="OR",
                ),
                name="payments_step_says_why",
            ),
        ),
        migrations.RunSQL(PAYMENT),
        migrations.RunSQL(STEP),
        # TABLES
        migrations.CreateModel(
            name="AttemptRow",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "payment_id", "number", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("payment_id", models.UUIDField()),
                ("number", models.IntegerField()),
                ("asked", models.TextField()),
                ("began_at", models.DateTimeField()),
                ("took_ms", models.IntegerField()),
                ("answer", models.TextField()),
                ("code", models.TextField()),
                ("reference", models.TextField()),
            ],
            options={
                "db_table": "payments_attempt",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("asked__in", ["ask", "ask_again", "ask_after_all"])),
                        name="payments_attempt_asked",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("answer__in", ("yes", "no", "unknown"))), name="payments_attempt_answer"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("number__gte", 1), ("took_ms__gte", 0)), name="payments_attempt_numbered"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ErrandRow",
            fields=[
                ("payment_id", models.UUIDField(primary_key=True, serialize=False)),
                ("lane", models.CharField(max_length=80)),
                ("institution_id", models.UUIDField()),
                ("state", models.TextField()),
                ("attempt", models.IntegerField(default=0)),
                ("unknowns", models.IntegerField(default=0)),
                ("held_at", models.DateTimeField()),
                ("first_sent_at", models.DateTimeField(null=True)),
                ("due_at", models.DateTimeField(null=True)),
                ("last_code", models.TextField(default="")),
            ],
            options={
                "db_table": "payments_errand",
                "indexes": [
                    models.Index(
                        condition=models.Q(("due_at__isnull", False)),
                        fields=["lane", "due_at"],
                        name="payments_errand_due",
                    ),
                    models.Index(fields=["institution_id", "state", "held_at"], name="payments_errand_state"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["referred", "unknown", "sent", "held"])),
                        name="payments_errand_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("due_at", None), ("state", "referred")),
                            models.Q(
                                models.Q(("state", "referred"), _negated=True),
                                models.Q(("due_at", None), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="payments_errand_due_or_a_persons",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("attempt", 0), ("first_sent_at", None), ("state", "held")),
                            models.Q(
                                models.Q(("state", "held"), _negated=True),
                                ("attempt__gte", 1),
                                ("first_sent_at__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="payments_errand_sent_when",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="LaneRow",
            fields=[
                ("code", models.CharField(max_length=80, primary_key=True, serialize=False)),
                ("institution_id", models.UUIDField()),
                ("in_flight_max", models.IntegerField()),
                ("deadline_ms", models.IntegerField()),
                ("first_pause_s", models.IntegerField()),
                ("longest_pause_s", models.IntegerField()),
                ("unknown_max_s", models.IntegerField()),
                ("held_max_s", models.IntegerField()),
                ("failures", models.IntegerField(default=0)),
                ("openings", models.IntegerField(default=0)),
                ("opened_at", models.DateTimeField(null=True)),
                ("retry_at", models.DateTimeField(null=True)),
                ("last_code", models.TextField(default="")),
                ("closed_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "payments_lane",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("deadline_ms__gte", 1),
                            ("first_pause_s__gte", 1),
                            ("held_max_s__gte", 0),
                            ("in_flight_max__gte", 1),
                            ("longest_pause_s__gte", models.F("first_pause_s")),
                            ("unknown_max_s__gte", 0),
                        ),
                        name="payments_lane_terms",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("opened_at", None), ("openings", 0), ("retry_at", None)),
                            models.Q(("opened_at__isnull", False), ("openings__gte", 1), ("retry_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="payments_lane_breaker",
                    ),
                ],
            },
        ),
        migrations.RunSQL(append_only_trigger_sql("payments_attempt")),
        migrations.RunSQL(ERRAND),
    ]
