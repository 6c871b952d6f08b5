"""What may change in the tables of savings, loans, rights and limits, held by the database against everyone who writes SQL."""

from django.db import migrations

from raseed.platform.append_only import append_only_trigger_sql

PRODUCTS = """
UPDATE banking_product SET code = kind WHERE code IS NULL;
CREATE FUNCTION banking_product_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.code := COALESCE(NEW.code, NEW.kind);
        RETURN NEW;
    END IF;
    IF TG_OP <> 'UPDATE' THEN
        RAISE EXCEPTION '% on banking_product refused: accounts stand on it', TG_OP USING ERRCODE = 'restrict_violation';
    END IF;
    IF (NEW.id, NEW.ledger, NEW.kind, NEW.code, NEW.day_count, NEW.offered_at)
        IS DISTINCT FROM (OLD.id, OLD.ledger, OLD.kind, OLD.code, OLD.day_count, OLD.offered_at)
    THEN
        RAISE EXCEPTION 'only the names of a product change' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER banking_product_guard BEFORE INSERT OR UPDATE OR DELETE ON banking_product
    FOR EACH ROW EXECUTE FUNCTION banking_product_guard();
CREATE TRIGGER banking_product_keep BEFORE TRUNCATE ON banking_product
    FOR EACH STATEMENT EXECUTE FUNCTION banking_product_guard();
"""

STATES = """
CREATE OR REPLACE FUNCTION banking_account_guard() RETURNS trigger LANGUAGE plpgsql AS $$
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
        (('open', 'blocked'), ('open', 'dormant'), ('open', 'closed'), ('blocked', 'open'), ('dormant', 'open'),
         ('dormant', 'blocked'), ('dormant', 'closed'), ('closed', 'open'))
    THEN
        RAISE EXCEPTION 'an account does not go from % to %', OLD.state, NEW.state
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.quiet_since < OLD.quiet_since THEN
        RAISE EXCEPTION 'the last use of an account does not move back' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.state <> 'blocked' THEN
        NEW.block_reason := NULL;
    END IF;
    RETURN NEW;
END $$;
"""

ALIASES = """
CREATE INDEX banking_alias_begins ON banking_alias (value text_pattern_ops);
CREATE INDEX banking_alias_ends ON banking_alias (reverse(value) text_pattern_ops);
CREATE FUNCTION banking_alias_round() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM banking_alias AS earlier
        WHERE (earlier.value, earlier.kind, earlier.institution_id) = (NEW.value, NEW.kind, NEW.institution_id)
            AND earlier.round = NEW.round - 1 AND earlier.account_id = NEW.account_id AND earlier.valid_until IS NOT NULL
    ) THEN
        RAISE EXCEPTION 'an alias comes back only to the account that had it' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER banking_alias_round BEFORE INSERT ON banking_alias
    FOR EACH ROW WHEN (NEW.round <> 1) EXECUTE FUNCTION banking_alias_round();
"""

RIGHTS = """
CREATE FUNCTION banking_account_right_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' THEN
        RAISE EXCEPTION '% on banking_account_right refused: a right ends, and stays on record', TG_OP
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.valid_until IS NOT NULL
        OR (NEW.id, NEW.account_id, NEW.customer_id, NEW."right", NEW.valid_from)
            IS DISTINCT FROM (OLD.id, OLD.account_id, OLD.customer_id, OLD."right", OLD.valid_from)
    THEN
        RAISE EXCEPTION 'a right changes once: it ends' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER banking_account_right_guard BEFORE UPDATE OR DELETE ON banking_account_right
    FOR EACH ROW EXECUTE FUNCTION banking_account_right_guard();
CREATE TRIGGER banking_account_right_keep BEFORE TRUNCATE ON banking_account_right
    FOR EACH STATEMENT EXECUTE FUNCTION banking_account_right_guard();
"""

SAVINGS = """
CREATE FUNCTION banking_savings_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' THEN
        RAISE EXCEPTION '% on banking_savings refused', TG_OP USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.account_id <> OLD.account_id OR NEW.credited_through < OLD.credited_through THEN
        RAISE EXCEPTION 'interest that was credited stays credited' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER banking_savings_guard BEFORE UPDATE OR DELETE ON banking_savings
    FOR EACH ROW EXECUTE FUNCTION banking_savings_guard();
CREATE TRIGGER banking_savings_keep BEFORE TRUNCATE ON banking_savings
    FOR EACH STATEMENT EXECUTE FUNCTION banking_savings_guard();

CREATE FUNCTION banking_interest_credit_follows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.first_day IS DISTINCT FROM
        (SELECT credited_through + 1 FROM banking_savings WHERE account_id = NEW.account_id)
    THEN
        RAISE EXCEPTION 'interest is credited for the days after those that were' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER banking_interest_credit_follows BEFORE INSERT ON banking_interest_credit
    FOR EACH ROW EXECUTE FUNCTION banking_interest_credit_follows();
"""

LOANS = """
CREATE FUNCTION banking_loan_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before jsonb;
    after jsonb;
BEGIN
    IF TG_OP <> 'UPDATE' THEN
        RAISE EXCEPTION '% on banking_loan refused', TG_OP USING ERRCODE = 'restrict_violation';
    END IF;
    before := to_jsonb(OLD) - 'plan' - 'charged_through' - 'next_due_on';
    after := to_jsonb(NEW) - 'plan' - 'charged_through' - 'next_due_on';
    IF before <> after OR (NEW.plan, NEW.charged_through) < (OLD.plan, OLD.charged_through) THEN
        RAISE EXCEPTION 'the contract of a loan stays, and its course goes forward' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER banking_loan_guard BEFORE UPDATE OR DELETE ON banking_loan
    FOR EACH ROW EXECUTE FUNCTION banking_loan_guard();
CREATE TRIGGER banking_loan_keep BEFORE TRUNCATE ON banking_loan
    FOR EACH STATEMENT EXECUTE FUNCTION banking_loan_guard();

CREATE FUNCTION banking_instalment_fits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.number > (SELECT instalments FROM banking_loan_plan WHERE id = NEW.plan_id) THEN
        RAISE EXCEPTION 'a plan has no more instalments than it says' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER banking_instalment_fits BEFORE INSERT ON banking_instalment
    FOR EACH ROW EXECUTE FUNCTION banking_instalment_fits();

CREATE FUNCTION banking_loan_plan_adds_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM banking_instalment WHERE plan_id = NEW.id
        HAVING (count(*), COALESCE(sum(principal_minor), 0)) IS DISTINCT FROM (NEW.instalments, NEW.principal_minor)
    ) THEN
        RAISE EXCEPTION 'the instalments of a plan add up to its principal' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER banking_loan_plan_adds_up AFTER INSERT ON banking_loan_plan
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION banking_loan_plan_adds_up();
"""

APPEND_ONLY = (
    "banking_holiday",
    "banking_account_limit",
    "banking_product_rate",
    "banking_product_dormancy",
    "banking_interest_credit",
    "banking_loan_plan",
    "banking_instalment",
)


class Migration(migrations.Migration):
    dependencies = [("banking", "0003_products")]

    operations = [
        *(migrations.RunSQL(sql) for sql in (PRODUCTS, STATES, ALIASES, RIGHTS, SAVINGS, LOANS)),
        *(migrations.RunSQL(append_only_trigger_sql(table)) for table in APPEND_ONLY),
    ]
