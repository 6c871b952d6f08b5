"""What goes outside: more states and legal steps, and why something is not known."""

from django.db import migrations, models

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
    ]
