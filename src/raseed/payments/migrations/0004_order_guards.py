"""What may change in the tables of orders; and the guard of timelines, which looks up less in a batch."""

from django.db import migrations

# As before, a statement's steps are checked as a set. What precedes a step is nearly always in the same statement, so it is
# found there, in one pass; only a step that goes on with an older timeline is looked up. CASE looks things up for those
# steps alone that need it, by index, whatever plan was made while the tables were small.
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
                OR (state_before, state) NOT IN (('accepted', 'settled'), ('accepted', 'refused'))
            ELSE NOT EXISTS (
                SELECT FROM payments_step AS earlier
                WHERE earlier.payment_id = told.payment_id AND earlier.number = told.number - 1 AND earlier.at <= told.at
                    AND (earlier.state, told.state) IN (('accepted', 'settled'), ('accepted', 'refused')))
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
"""

# An order is accepted only if its blocks and entries are all there and add up; after that its content stands.
ORDER = """
CREATE FUNCTION payments_order_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE counted bigint;
BEGIN
    IF TG_OP <> 'UPDATE' THEN
        RAISE EXCEPTION '% on payments_order refused: an order that came stays', TG_OP USING ERRCODE = 'restrict_violation';
    END IF;
    IF (NEW.id, NEW.actor_customer_id, NEW.file_name, NEW.file_bytes, NEW.content_hash, NEW.received_at)
        IS DISTINCT FROM (OLD.id, OLD.actor_customer_id, OLD.file_name, OLD.file_bytes, OLD.content_hash, OLD.received_at)
        OR (OLD.state NOT IN ('received', 'validating')
            AND (NEW.institution_id, NEW.message_id, NEW.payment_count, NEW.problem_count, NEW.validated_at)
                IS DISTINCT FROM
                (OLD.institution_id, OLD.message_id, OLD.payment_count, OLD.problem_count, OLD.validated_at))
        OR (OLD.confirmed_at IS NOT NULL AND NEW.confirmed_at IS DISTINCT FROM OLD.confirmed_at)
        OR (NEW.claims AND NOT OLD.claims)
    THEN
        RAISE EXCEPTION 'the content of an order does not change' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.state <> NEW.state AND (OLD.state, NEW.state) NOT IN
        (('received', 'validating'), ('validating', 'refused'), ('validating', 'accepted'), ('accepted', 'executing'),
         ('accepted', 'withdrawn'), ('executing', 'done'), ('executing', 'withdrawn'))
    THEN
        RAISE EXCEPTION 'an order does not go from % to %', OLD.state, NEW.state USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.state = 'validating' AND NEW.state = 'accepted' THEN
        SELECT sum(payment_count) INTO counted FROM payments_order_block WHERE order_id = NEW.id;
        IF counted IS DISTINCT FROM NEW.payment_count OR EXISTS (
            SELECT FROM payments_order_block AS block
            LEFT JOIN (
                SELECT entry.block, count(*) AS payment_count, sum(amount_minor) AS sum_minor, min(position) AS first_position,
                    max(position) AS last_position
                FROM payments_order_entry AS entry WHERE order_id = NEW.id GROUP BY entry.block
            ) AS found ON found.block = block.number
            WHERE block.order_id = NEW.id
                AND (block.payment_count, block.sum_minor, block.first_position, block.first_position + block.payment_count - 1)
                    IS DISTINCT FROM (found.payment_count, found.sum_minor, found.first_position, found.last_position))
        THEN
            RAISE EXCEPTION 'the payments of order % do not add up', NEW.id USING ERRCODE = 'restrict_violation';
        END IF;
    END IF;
    IF OLD.state = 'executing' AND NEW.state = 'done' AND EXISTS (
        SELECT FROM payments_order_block
        WHERE order_id = NEW.id AND next_position < first_position + payment_count)
    THEN
        RAISE EXCEPTION 'order % has payments that have not ended', NEW.id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payments_order_guard BEFORE UPDATE OR DELETE ON payments_order
    FOR EACH ROW EXECUTE FUNCTION payments_order_guard();
CREATE TRIGGER payments_order_keep BEFORE TRUNCATE ON payments_order
    FOR EACH STATEMENT EXECUTE FUNCTION payments_order_guard();
"""

# Content is written (and, after an interrupted reading, removed again) while the file is being read, and at no other time.
CONTENT = """
CREATE FUNCTION {table}_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE late uuid;
BEGIN
    IF TG_OP NOT IN ('INSERT', 'DELETE') THEN
        RAISE EXCEPTION '% on {table} refused', TG_OP USING ERRCODE = 'restrict_violation';
    END IF;
    SELECT changed.order_id INTO late FROM (SELECT DISTINCT order_id FROM changed) AS changed
    LEFT JOIN payments_order ON payments_order.id = changed.order_id
    WHERE payments_order.state IS NULL OR payments_order.state <> ALL ('{{{states}}}'::text[]) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '% on {table} refused: order % is not at that point', TG_OP, late USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER {table}_insert AFTER INSERT ON {table}
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION {table}_guard();
"""
REMOVAL = """
CREATE TRIGGER {table}_delete AFTER DELETE ON {table}
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION {table}_guard();
CREATE TRIGGER {table}_keep BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION {table}_guard();
"""
NO_UPDATE = """
CREATE TRIGGER {table}_stands BEFORE UPDATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION {table}_guard();
"""

# A block's progress goes forward only, and only while its order is being carried out.
BLOCK = """
CREATE FUNCTION payments_order_block_progress() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(NEW) - '{next_position,settled_count,settled_minor,refused_count,fees_minor}'::text[]
            <> to_jsonb(OLD) - '{next_position,settled_count,settled_minor,refused_count,fees_minor}'::text[]
        OR NEW.next_position < OLD.next_position OR NEW.settled_count < OLD.settled_count
        OR NEW.settled_minor < OLD.settled_minor OR NEW.refused_count < OLD.refused_count OR NEW.fees_minor < OLD.fees_minor
        OR NOT EXISTS (SELECT FROM payments_order WHERE id = NEW.order_id AND state = 'executing')
    THEN
        RAISE EXCEPTION 'only the progress of a block changes, forwards, while its order is carried out'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payments_order_block_progress BEFORE UPDATE ON payments_order_block
    FOR EACH ROW EXECUTE FUNCTION payments_order_block_progress();
"""

# The raw file comes with its order, and goes some time after the order has ended; it is compressed already.
FILE = """
CREATE FUNCTION payments_order_file_removal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'DELETE' THEN
        RAISE EXCEPTION '% on payments_order_file refused', TG_OP USING ERRCODE = 'restrict_violation';
    END IF;
    IF EXISTS (
        SELECT FROM removed JOIN payments_order ON payments_order.id = removed.order_id WHERE payments_order.ended_at IS NULL)
    THEN
        RAISE EXCEPTION '% on payments_order_file refused: its order has not ended', TG_OP
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER payments_order_file_delete AFTER DELETE ON payments_order_file
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION payments_order_file_removal();
CREATE TRIGGER payments_order_file_keep BEFORE TRUNCATE ON payments_order_file
    FOR EACH STATEMENT EXECUTE FUNCTION payments_order_file_removal();
ALTER TABLE payments_order_file ALTER COLUMN piece SET STORAGE EXTERNAL;
"""


def guarded(table: str, states: str, *parts: str) -> str:
    """Return the guard of a table of an order's content."""
    return "".join((CONTENT, *parts)).format(table=table, states=states)


class Migration(migrations.Migration):
    dependencies = [("payments", "0003_orders")]

    operations = [
        migrations.RunSQL(STEP),
        migrations.RunSQL(ORDER),
        migrations.RunSQL(guarded("payments_order_entry", "validating", REMOVAL, NO_UPDATE)),
        migrations.RunSQL(guarded("payments_order_problem", "validating", REMOVAL, NO_UPDATE)),
        migrations.RunSQL(guarded("payments_order_block", "validating", REMOVAL)),
        migrations.RunSQL(BLOCK),
        migrations.RunSQL(guarded("payments_order_file", "received", NO_UPDATE)),
        migrations.RunSQL(FILE),
    ]
