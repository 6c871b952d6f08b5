"""The same guards, for less: what must stay is compared as rows, and a payment and its errand are looked up together."""

from django.db import migrations

LEGAL = """(('accepted', 'settled'), ('accepted', 'refused'), ('accepted', 'held'), ('held', 'sent'), ('held', 'returned'),
        ('sent', 'settled'), ('sent', 'returned'), ('sent', 'unknown'), ('unknown', 'settled'), ('unknown', 'returned'),
        ('unknown', 'referred'), ('referred', 'settled'), ('referred', 'returned'))"""

PAYMENT = f"""
CREATE OR REPLACE FUNCTION payments_payment_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE moved payments_payment;
BEGIN
    IF TG_OP <> 'UPDATE' THEN
        RAISE EXCEPTION '% on payments_payment refused: what was instructed stays', TG_OP
            USING ERRCODE = 'restrict_violation';
    END IF;
    moved := OLD;
    moved.state := NEW.state;
    IF moved IS DISTINCT FROM NEW THEN
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

# The triggers stay: both sides fire when the transaction ends, so that each of the two may be written first.
ERRAND = """
CREATE OR REPLACE FUNCTION payments_errand_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE errand_state text; payment_state text; its uuid;
BEGIN
    IF TG_TABLE_NAME = 'payments_payment' THEN
        its := NEW.id;
    ELSIF TG_OP = 'DELETE' THEN
        its := OLD.payment_id;
    ELSE
        its := NEW.payment_id;
    END IF;
    SELECT payment.state, errand.state INTO payment_state, errand_state
    FROM payments_payment AS payment LEFT JOIN payments_errand AS errand ON errand.payment_id = payment.id
    WHERE payment.id = its;
    IF payment_state IN ('held', 'sent', 'unknown', 'referred') THEN
        IF errand_state = payment_state THEN
            RETURN NULL;
        END IF;
    ELSIF payment_state IS NOT NULL AND errand_state IS NULL THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'payment % is %, its errand %', its, payment_state, errand_state USING ERRCODE = 'restrict_violation';
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0007_contradictions")]

    operations = [migrations.RunSQL(PAYMENT), migrations.RunSQL(ERRAND)]
