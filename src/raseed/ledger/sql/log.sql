-- The sealed log: the tables that `raseed.ledger.log` appends to. docs/formats/ledger-log.md says what is hashed.

-- Which log this database holds. Made with its first key, by the sealer.
CREATE TABLE ledger_log (
    one        boolean PRIMARY KEY DEFAULT true CHECK (one),
    id         uuid NOT NULL,
    opened_at  timestamptz NOT NULL
);

-- One row a sealed batch, in the order of the batches' numbers; hash = SHA-256 over 0x00 and the leaf's data.
CREATE TABLE ledger_leaf (
    leaf_index  int8 PRIMARY KEY CHECK (leaf_index >= 0),
    batch       int8 NOT NULL UNIQUE,
    hash        bytea NOT NULL CHECK (length(hash) = 32)
);

-- One row a signed root. `leaves` is the number of leaves under it, `batch` the last of their batches (0 where there is
-- none), `peaks` the roots of the tree's perfect subtrees, from which the next append goes on; `note` is what was signed.
CREATE TABLE ledger_checkpoint (
    number     int8 PRIMARY KEY CHECK (number > 0),
    leaves     int8 NOT NULL CHECK (leaves >= 0),
    batch      int8 NOT NULL CHECK (batch >= 0),
    sealed_at  timestamptz NOT NULL,
    peaks      bytea NOT NULL,
    note       text NOT NULL
);

-- A checkpoint follows on the one before it and covers the leaves there are: no gap, no way back.
CREATE FUNCTION ledger_checkpoint_follows() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE before ledger_checkpoint;
BEGIN
    IF NEW.number > 1 THEN
        SELECT * INTO before FROM ledger_checkpoint WHERE number = NEW.number - 1;
        IF NOT FOUND OR before.leaves > NEW.leaves OR before.batch > NEW.batch THEN
            RAISE EXCEPTION 'checkpoint % does not follow on the one before it', NEW.number USING ERRCODE = 'restrict_violation';
        END IF;
    END IF;
    IF (SELECT batch FROM ledger_leaf WHERE leaf_index = NEW.leaves - 1) IS DISTINCT FROM nullif(NEW.batch, 0)
        OR EXISTS (SELECT FROM ledger_leaf WHERE leaf_index = NEW.leaves) THEN
        RAISE EXCEPTION 'checkpoint % does not cover the leaves there are', NEW.number USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER follows BEFORE INSERT ON ledger_checkpoint FOR EACH ROW EXECUTE FUNCTION ledger_checkpoint_follows();

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_log FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_leaf FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_checkpoint FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
ALTER TABLE ledger_log ENABLE ALWAYS TRIGGER append_only;
ALTER TABLE ledger_leaf ENABLE ALWAYS TRIGGER append_only;
ALTER TABLE ledger_checkpoint ENABLE ALWAYS TRIGGER append_only;
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'raseed_app') THEN
        REVOKE UPDATE, DELETE, TRUNCATE ON ledger_log, ledger_leaf, ledger_checkpoint FROM raseed_app;
    END IF;
END $$;
