"""What may change in banking's tables, held by the database against everyone who writes SQL."""

from django.db import migrations

from raseed.platform.append_only import append_only_trigger_sql

STATES = """
CREATE FUNCTION banking_account_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' THEN
        RAISE EXCEPTION '% on banking_account refused: accounts are closed, never removed', TG_OP
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF (NEW.id, NEW.institution_id, NEW.owner_id, NEW.product_id, NEW.ledger, NEW.overdraft_allowed, NEW.opened_on,
        NEW.opened_at)
        IS DISTINCT FROM
       (OLD.id, OLD.institution_id, OLD.owner_id, OLD.product_id, OLD.ledger, OLD.overdraft_allowed, OLD.opened_on,
        OLD.opened_at)
    THEN
        RAISE EXCEPTION 'only the name and the state of an account change' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.state <> NEW.state AND (OLD.state, NEW.state) NOT IN
        (('open', 'blocked'), ('blocked', 'open'), ('open', 'closed'), ('closed', 'open'))
    THEN
        RAISE EXCEPTION 'an account does not go from % to %', OLD.state, NEW.state
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER banking_account_guard BEFORE UPDATE OR DELETE ON banking_account
    FOR EACH ROW EXECUTE FUNCTION banking_account_guard();
CREATE TRIGGER banking_account_keep BEFORE TRUNCATE ON banking_account
    FOR EACH STATEMENT EXECUTE FUNCTION banking_account_guard();
"""

ALIASES = """
CREATE FUNCTION banking_alias_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' THEN
        RAISE EXCEPTION '% on banking_alias refused: an alias ends, and is never given again', TG_OP
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.valid_until IS NOT NULL
        OR (NEW.id, NEW.account_id, NEW.kind, NEW.value, NEW.institution_id, NEW.valid_from)
            IS DISTINCT FROM (OLD.id, OLD.account_id, OLD.kind, OLD.value, OLD.institution_id, OLD.valid_from)
    THEN
        RAISE EXCEPTION 'an alias changes once: it ends' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER banking_alias_guard BEFORE UPDATE OR DELETE ON banking_alias
    FOR EACH ROW EXECUTE FUNCTION banking_alias_guard();
CREATE TRIGGER banking_alias_keep BEFORE TRUNCATE ON banking_alias
    FOR EACH STATEMENT EXECUTE FUNCTION banking_alias_guard();
"""

NUMBERS = "CREATE SEQUENCE banking_account_number AS bigint MINVALUE 10000001 MAXVALUE 9999999999 CACHE 1;"


class Migration(migrations.Migration):
    dependencies = [("banking", "0001_initial")]

    operations = [
        migrations.RunSQL(STATES),
        migrations.RunSQL(ALIASES),
        migrations.RunSQL(NUMBERS),
        *(
            migrations.RunSQL(append_only_trigger_sql(table))
            for table in ("banking_internal_account", "banking_product_limit", "banking_product_fee")
        ),
    ]
