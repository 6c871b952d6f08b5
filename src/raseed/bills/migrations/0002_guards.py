"""What may change in the tables of bills, held by the database against everyone who writes SQL."""

from django.db import migrations

from raseed.platform.append_only import append_only_trigger_sql

BILLER = """
CREATE FUNCTION bills_biller_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' THEN
        RAISE EXCEPTION '% on bills_biller refused: billers are suspended, never removed', TG_OP
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF (NEW.id, NEW.institution_id, NEW.customer_id, NEW.collection_account_id, NEW.code, NEW.currency, NEW.registered_at)
        IS DISTINCT FROM
       (OLD.id, OLD.institution_id, OLD.customer_id, OLD.collection_account_id, OLD.code, OLD.currency, OLD.registered_at)
    THEN
        RAISE EXCEPTION 'whose a biller is, its code and its currency stay' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER bills_biller_guard BEFORE UPDATE OR DELETE ON bills_biller
    FOR EACH ROW EXECUTE FUNCTION bills_biller_guard();
CREATE TRIGGER bills_biller_keep BEFORE TRUNCATE ON bills_biller
    FOR EACH STATEMENT EXECUTE FUNCTION bills_biller_guard();

CREATE FUNCTION bills_biller_key_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' THEN
        RAISE EXCEPTION '% on bills_biller_key refused: keys end, what they signed stays', TG_OP
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF to_jsonb(NEW) - 'valid_until' <> to_jsonb(OLD) - 'valid_until' OR OLD.valid_until IS NOT NULL THEN
        RAISE EXCEPTION 'a key only ends, and once' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER bills_biller_key_guard BEFORE UPDATE OR DELETE ON bills_biller_key
    FOR EACH ROW EXECUTE FUNCTION bills_biller_key_guard();
CREATE TRIGGER bills_biller_key_keep BEFORE TRUNCATE ON bills_biller_key
    FOR EACH STATEMENT EXECUTE FUNCTION bills_biller_key_guard();
"""

BILL = """
CREATE FUNCTION bills_bill_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' THEN
        RAISE EXCEPTION '% on bills_bill refused: bills are cancelled, never removed', TG_OP
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF (NEW.id, NEW.biller_id, NEW.number) IS DISTINCT FROM (OLD.id, OLD.biller_id, OLD.number) THEN
        RAISE EXCEPTION 'whose a bill is and its number stay' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.reference <> OLD.reference AND (OLD.paid_minor > 0 OR OLD.held_minor > 0) THEN
        RAISE EXCEPTION 'a bill on which something was paid stays with its customer' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER bills_bill_guard BEFORE UPDATE OR DELETE ON bills_bill
    FOR EACH ROW EXECUTE FUNCTION bills_bill_guard();
CREATE TRIGGER bills_bill_keep BEFORE TRUNCATE ON bills_bill
    FOR EACH STATEMENT EXECUTE FUNCTION bills_bill_guard();
"""

ORDER = """
CREATE FUNCTION bills_order_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'open' THEN
            RAISE EXCEPTION 'an order of bills begins open' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP <> 'UPDATE' THEN
        RAISE EXCEPTION '% on bills_order refused: what was ordered stays', TG_OP USING ERRCODE = 'restrict_violation';
    END IF;
    IF (NEW.id, NEW.biller_id, NEW.customer_id, NEW.values, NEW.reference, NEW.amount_minor, NEW.made_at)
        IS DISTINCT FROM
       (OLD.id, OLD.biller_id, OLD.customer_id, OLD.values, OLD.reference, OLD.amount_minor, OLD.made_at)
    THEN
        RAISE EXCEPTION 'what was ordered stays' USING ERRCODE = 'restrict_violation';
    END IF;
    IF (OLD.state, NEW.state) NOT IN (('open', 'held'), ('held', 'paid'), ('held', 'returned')) THEN
        RAISE EXCEPTION 'an order of bills does not go from % to %', OLD.state, NEW.state
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER bills_order_guard BEFORE INSERT OR UPDATE OR DELETE ON bills_order
    FOR EACH ROW EXECUTE FUNCTION bills_order_guard();
CREATE TRIGGER bills_order_keep BEFORE TRUNCATE ON bills_order
    FOR EACH STATEMENT EXECUTE FUNCTION bills_order_guard();

CREATE FUNCTION bills_order_whole() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT COALESCE(sum(CASE WHEN kind IN ('waiver', 'credit_used') THEN -amount_minor ELSE amount_minor END), 0)
        FROM bills_part WHERE order_id = NEW.id) <> NEW.amount_minor
    THEN
        RAISE EXCEPTION 'the parts of order % are not its amount', NEW.id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER bills_order_whole AFTER INSERT ON bills_order
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION bills_order_whole();

CREATE FUNCTION bills_part_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.is_held THEN
            RAISE EXCEPTION 'nothing is held before its order is' USING ERRCODE = 'restrict_violation';
        END IF;
        IF NEW.number > 1 AND NOT EXISTS (
            SELECT FROM bills_part WHERE order_id = NEW.order_id AND number = NEW.number - 1)
        THEN
            RAISE EXCEPTION 'parts are numbered without gaps' USING ERRCODE = 'restrict_violation';
        END IF;
        IF EXISTS (SELECT FROM bills_order WHERE id = NEW.order_id AND state <> 'open') THEN
            RAISE EXCEPTION 'an order that is under way gets no more parts' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP <> 'UPDATE' OR to_jsonb(NEW) - 'is_held' <> to_jsonb(OLD) - 'is_held' THEN
        RAISE EXCEPTION '% on bills_part refused: what was ordered stays', TG_OP USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER bills_part_guard BEFORE INSERT OR UPDATE OR DELETE ON bills_part
    FOR EACH ROW EXECUTE FUNCTION bills_part_guard();
CREATE TRIGGER bills_part_keep BEFORE TRUNCATE ON bills_part
    FOR EACH STATEMENT EXECUTE FUNCTION bills_part_guard();
"""


class Migration(migrations.Migration):
    dependencies = [("bills", "0001_initial")]

    operations = [
        migrations.RunSQL(BILLER),
        migrations.RunSQL(BILL),
        migrations.RunSQL(ORDER),
        migrations.RunSQL(append_only_trigger_sql("bills_finding")),
        migrations.RunSQL(append_only_trigger_sql("bills_intake")),
    ]
