-- The prover's trees and what it signed. The trees themselves lie in files (docs/adr/0069): these rows say which there are.

-- One row a tree: one tree a ledger. `codes` are the ledger codes of customers' accounts that it was built with; `trouble` is
-- the name of what keeps the prover from signing, empty while all is well; `suspects` are accounts that were not as in the
-- ledger when they were held against it; note, batch, as_of and the sums are those of the
-- latest root that was signed, absent before the first.
CREATE TABLE display_tree (
    ledger      int4 PRIMARY KEY,
    tree_id     uuid NOT NULL UNIQUE,
    currency    char(3) NOT NULL,
    scale       int2 NOT NULL CHECK (scale BETWEEN 0 AND 4),
    opened_at   timestamptz NOT NULL,
    codes       int4[] NOT NULL,
    trouble     text NOT NULL DEFAULT '',
    troubled_at timestamptz,
    suspects    uuid[] NOT NULL DEFAULT '{}',
    capacity    int8 NOT NULL DEFAULT 0,
    accounts    int8 NOT NULL DEFAULT 0,
    owed        int8 NOT NULL DEFAULT 0 CHECK (owed >= 0),
    owing       int8 NOT NULL DEFAULT 0 CHECK (owing >= 0),
    batch       int8 NOT NULL DEFAULT 0,
    as_of       timestamptz,
    signed_at   timestamptz,
    note        text NOT NULL DEFAULT '',
    CHECK ((note = '') = (signed_at IS NULL) AND (note = '') = (as_of IS NULL)),
    CHECK ((trouble = '') = (troubled_at IS NULL))
) WITH (fillfactor = 20);

-- What was signed, kept: one root a minute, each that a key's change or a rebuilt tree begins with.
CREATE TABLE display_round (
    id         int8 PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    tree_id    uuid NOT NULL REFERENCES display_tree (tree_id),
    why        text NOT NULL CHECK (why IN ('minute', 'key', 'built')),
    signed_at  timestamptz NOT NULL,
    as_of      timestamptz NOT NULL,
    batch      int8 NOT NULL,
    capacity   int8 NOT NULL,
    accounts   int8 NOT NULL,
    owed       int8 NOT NULL,
    owing      int8 NOT NULL,
    note       text NOT NULL
);
CREATE INDEX display_round_by_tree ON display_round (tree_id, id);

-- A tree stays that of its ledger, and what is signed goes forward only.
CREATE FUNCTION display_tree_goes_on() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.ledger, NEW.tree_id, NEW.currency, NEW.scale) IS DISTINCT FROM (OLD.ledger, OLD.tree_id, OLD.currency, OLD.scale)
        OR NEW.batch < OLD.batch OR NEW.as_of < OLD.as_of OR (OLD.note <> '' AND NEW.note = '') THEN
        RAISE EXCEPTION 'tree % can only go on', OLD.tree_id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER goes_on BEFORE UPDATE ON display_tree FOR EACH ROW EXECUTE FUNCTION display_tree_goes_on();
CREATE FUNCTION display_tree_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on display_tree refused: a tree stays', TG_OP USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER stays BEFORE DELETE OR TRUNCATE ON display_tree FOR EACH STATEMENT EXECUTE FUNCTION display_tree_stays();
