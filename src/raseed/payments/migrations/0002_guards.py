"""What may change in payments' tables: a timeline grows by legal steps, and a payment's state is its last step's."""

from django.db import migrations

from raseed.platform.append_only import append_only_trigger_sql

PAYMENT = """
CREATE FUNCTION payments_payment_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' THEN
        RAISE EXCEPTION '% on payments_payment refused: what was instructed stays', TG_OP
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF to_jsonb(NEW) - 'state' <> to_jsonb(OLD) - 'state' THEN
        RAISE EXCEPTION 'only the state of a payment changes' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.state <> NEW.state AND (OLD.state, NEW.state) NOT IN (('accepted', 'settled'), ('accepted', 'refused')) THEN
        RAISE EXCEPTION 'a payment does not go from % to %', OLD.state, NEW.state
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payments_payment_guard BEFORE UPDATE OR DELETE ON payments_payment
    FOR EACH ROW EXECUTE FUNCTION payments_payment_guard();
CREATE TRIGGER payments_payment_keep BEFORE TRUNCATE ON payments_payment
    FOR EACH STATEMENT EXECUTE FUNCTION payments_payment_guard();
"""

# A statement's steps are checked as a set, so that a batch of thousands costs one query: each must follow a legal
# predecessor, and the last one must say what the payment says.
STEP = """
CREATE FUNCTION payments_step_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE wrong uuid;
BEGIN
    SELECT added.payment_id INTO wrong
    FROM added
    LEFT JOIN payments_step AS earlier
        ON earlier.payment_id = added.payment_id AND earlier.number = added.number - 1
    LEFT JOIN payments_step AS later
        ON later.payment_id = added.payment_id AND later.number = added.number + 1
    LEFT JOIN payments_payment AS payment ON payment.id = added.payment_id
    WHERE payment.id IS NULL
        OR (added.number = 1) <> (earlier.number IS NULL)
        OR (COALESCE(earlier.state, ''), added.state)
            NOT IN (('', 'accepted'), ('accepted', 'settled'), ('accepted', 'refused'))
        OR added.at < earlier.at
        OR (later.number IS NULL AND payment.state IS DISTINCT FROM added.state)
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'an illegal step in the timeline of payment %', wrong USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER payments_step_guard AFTER INSERT ON payments_step
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION payments_step_guard();
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0001_initial")]

    operations = [
        migrations.RunSQL(PAYMENT),
        migrations.RunSQL(STEP),
        migrations.RunSQL(append_only_trigger_sql("payments_step")),
    ]
