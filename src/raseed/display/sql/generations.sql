-- Generations: the shown balances, and what holds the small tables (made from display/generations/models.py) together.

-- A shown balance: `booked` = credits − debits posted, `held` = debits pending, minor units of the ledger's currency;
-- `position` = the batch of the ledger as of which the row was last written. Lean, for there is one for each customer's account in
-- each generation; half a page is left free, so that rows are updated where they are and no index is touched (HOT). No foreign
-- key: a check for each of millions of rows, of a number that only the projection writes.
CREATE TABLE display_shown (
    generation  int4 NOT NULL,
    ledger      int4 NOT NULL,
    account_id  uuid NOT NULL,
    booked      int8 NOT NULL,
    held        int8 NOT NULL,
    position    int8 NOT NULL,
    CONSTRAINT display_shown_sane CHECK (generation > 0 AND ledger > 0 AND held >= 0 AND position >= 0),
    PRIMARY KEY (generation, account_id)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.1);

-- A generation begins building, and goes through the states in their order only; what it is never changes.
CREATE FUNCTION display_generation_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'building' OR NEW.built_to <> 0 THEN
            RAISE EXCEPTION 'a generation begins building' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP <> 'UPDATE' THEN
        RAISE EXCEPTION '% on display_generation refused: a generation is retired, not taken out', TG_OP
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF (NEW.number, NEW.projector, NEW.opened_at) IS DISTINCT FROM (OLD.number, OLD.projector, OLD.opened_at)
        OR NEW.built_to < OLD.built_to
    THEN
        RAISE EXCEPTION 'what a generation is never changes, and it is not built backwards' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (
        ('building', 'candidate'), ('building', 'failed'), ('building', 'retired'),
        ('candidate', 'live'), ('candidate', 'failed'), ('candidate', 'retired'),
        ('live', 'candidate'), ('live', 'failed'), ('failed', 'retired'))
    THEN
        RAISE EXCEPTION 'a generation that is % does not become %', OLD.state, NEW.state USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER display_generation_guard BEFORE INSERT OR UPDATE OR DELETE ON display_generation
    FOR EACH ROW EXECUTE FUNCTION display_generation_guard();
CREATE TRIGGER display_generation_keep BEFORE TRUNCATE ON display_generation
    FOR EACH STATEMENT EXECUTE FUNCTION display_generation_guard();

-- Each change of the pointer is one epoch; it is never taken out.
CREATE FUNCTION display_pointer_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP NOT IN ('INSERT', 'UPDATE') THEN
        RAISE EXCEPTION '% on display_pointer refused: something is always shown', TG_OP USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'INSERT' AND NEW.epoch <> 1 OR TG_OP = 'UPDATE' AND NEW.epoch <> OLD.epoch + 1 THEN
        RAISE EXCEPTION 'the epoch grows by one with each change of the pointer' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER display_pointer_guard BEFORE INSERT OR UPDATE OR DELETE ON display_pointer
    FOR EACH ROW EXECUTE FUNCTION display_pointer_guard();
CREATE TRIGGER display_pointer_keep BEFORE TRUNCATE ON display_pointer
    FOR EACH STATEMENT EXECUTE FUNCTION display_pointer_guard();

-- At the end of every transaction: what the pointer says is live is live (or broke while it was), nothing else is, and what
-- anybody is shown, or may be shown again at once, is not retired and was built.
CREATE FUNCTION display_pointer_agrees() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE p display_pointer%ROWTYPE;
BEGIN
    SELECT * INTO p FROM display_pointer;
    IF EXISTS (SELECT FROM display_generation g WHERE g.state = 'live' AND g.number IS DISTINCT FROM p.live_id)
        OR EXISTS (SELECT FROM display_generation g WHERE g.number = p.live_id AND g.state NOT IN ('live', 'failed'))
        OR EXISTS (SELECT FROM display_generation g WHERE g.number IN (p.previous_id, p.canary_id)
                       AND g.state NOT IN ('candidate', 'failed'))
    THEN
        RAISE EXCEPTION 'the pointer and the generations disagree' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER display_pointer_agrees AFTER INSERT OR UPDATE ON display_pointer
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION display_pointer_agrees();
CREATE CONSTRAINT TRIGGER display_generation_agrees AFTER UPDATE OF state ON display_generation
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION display_pointer_agrees();
