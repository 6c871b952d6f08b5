-- The ledger's tables. One row a transfer and none an entry: an account's history is a chain through its transfers
-- (account.last_id, then each transfer's debit_prev or credit_prev), with a mark of its balances every 128 entries.
-- So posting writes to no index but that of the ids, and its cost does not grow with the books.

CREATE TABLE ledger_ledger (
    number          int4 PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    institution_id  uuid NOT NULL,
    currency        char(3) NOT NULL,
    scale           int2 NOT NULL CHECK (scale BETWEEN 0 AND 4),
    opened_at       timestamptz NOT NULL,
    UNIQUE (institution_id, currency)
);

-- What of an account never changes.
CREATE TABLE ledger_account (
    id          uuid PRIMARY KEY,
    created_at  timestamptz NOT NULL,
    ledger      int4 NOT NULL REFERENCES ledger_ledger,
    code        int4 NOT NULL CHECK (code > 0),
    flags       int4 NOT NULL,
    user_data   uuid NOT NULL
);

-- What every transfer changes, as narrow as it can be. `flags` repeats the account's, and holds CLOSED (32), which moves.
-- `prev_id` is what last_id was before the latest batch: the batch that wrote it links to it.
CREATE TABLE ledger_balance (
    id               uuid NOT NULL,
    debits_pending   int8 NOT NULL DEFAULT 0,
    debits_posted    int8 NOT NULL DEFAULT 0,
    credits_pending  int8 NOT NULL DEFAULT 0,
    credits_posted   int8 NOT NULL DEFAULT 0,
    entries          int8 NOT NULL DEFAULT 0,
    last_id          uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
    prev_id          uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
    ledger           int4 NOT NULL,
    flags            int4 NOT NULL,
    CONSTRAINT ledger_balance_within_limits CHECK (
        (flags & 2 = 0 OR debits_pending + debits_posted <= credits_posted)
        AND (flags & 4 = 0 OR credits_pending + credits_posted <= debits_posted)
        AND (debits_pending | debits_posted | credits_pending | credits_posted) >= 0)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.5);
CREATE UNIQUE INDEX ledger_balance_pkey ON ledger_balance (id);
ALTER TABLE ledger_balance ADD PRIMARY KEY USING INDEX ledger_balance_pkey;
-- Posting finds its accounts through this one: half the work of a descent in the B-tree, and balances are HOT-updated, so
-- that it is written only when an account is opened.
CREATE INDEX ledger_balance_by_id ON ledger_balance USING hash (id);

-- Every transfer ever asked for that was posted, or refused for the state of the books (result <> 0: the id stays failed
-- and nothing moved). seq = batch * 8192 + place in the batch; the batch number is taken after the locks.
CREATE TABLE ledger_transfer (
    seq                int8 NOT NULL,
    posted_at          timestamptz NOT NULL,
    amount             int8 NOT NULL,
    id                 uuid NOT NULL,
    debit_account_id   uuid NOT NULL,
    credit_account_id  uuid NOT NULL,
    debit_prev         uuid NOT NULL,
    credit_prev        uuid NOT NULL,
    pending_id         uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
    user_data          uuid NOT NULL,
    ledger             int4 NOT NULL,
    code               int4 NOT NULL,
    timeout_s          int4 NOT NULL DEFAULT 0,
    booked_on          date NOT NULL,
    flags              int2 NOT NULL DEFAULT 0,
    result             int2 NOT NULL DEFAULT 0,
    CHECK (result <> 0 OR (amount > 0 AND debit_account_id <> credit_account_id))
);
CREATE UNIQUE INDEX ledger_transfer_pkey ON ledger_transfer (id);
ALTER TABLE ledger_transfer ADD PRIMARY KEY USING INDEX ledger_transfer_pkey;
CREATE INDEX ledger_transfer_seq ON ledger_transfer USING brin (seq) WITH (pages_per_range = 32, autosummarize = on);

-- What is pending: derivable from the transfers, kept for speed. (It once held what was resolved too, until pending.sql.)
CREATE TABLE ledger_pending (
    id                 uuid PRIMARY KEY,
    debit_account_id   uuid NOT NULL,
    credit_account_id  uuid NOT NULL,
    amount             int8 NOT NULL CHECK (amount > 0),
    user_data          uuid NOT NULL,
    expires_at         timestamptz NOT NULL,
    ledger             int4 NOT NULL,
    code               int4 NOT NULL,
    state              int2 NOT NULL CHECK (state BETWEEN 1 AND 4)
) WITH (fillfactor = 80);
CREATE INDEX ledger_pending_expiry ON ledger_pending (expires_at) WHERE state = 1 AND expires_at < 'infinity';

-- An account's balances after every 128th of its entries: where history and as-of look-ups start.
CREATE TABLE ledger_mark (
    account_id       uuid NOT NULL,
    seq              int8 NOT NULL,
    posted_at        timestamptz NOT NULL,
    transfer_id      uuid NOT NULL,
    debits_pending   int8 NOT NULL,
    debits_posted    int8 NOT NULL,
    credits_pending  int8 NOT NULL,
    credits_posted   int8 NOT NULL,
    PRIMARY KEY (account_id, seq)
);
CREATE INDEX ledger_mark_time ON ledger_mark (account_id, posted_at);

-- One row a committed call of post(): what the sealer hashes into the log. digest = SHA-256 over the batch's records.
CREATE TABLE ledger_batch (
    number     int8 PRIMARY KEY,
    posted_at  timestamptz NOT NULL,
    transfers  int4 NOT NULL CHECK (transfers BETWEEN 1 AND 8192),
    digest     bytea NOT NULL CHECK (length(digest) = 32)
);
CREATE SEQUENCE ledger_batch_number AS int8 MINVALUE 1 MAXVALUE 1125899906842623;

-- Nothing in the books is changed or taken out, not even by their owner.
CREATE FUNCTION ledger_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation', HINT = 'Post a reversing transfer instead.';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_transfer FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_batch FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_mark FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_account FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_ledger FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER keeps_rows BEFORE DELETE OR TRUNCATE ON ledger_balance FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER keeps_rows BEFORE DELETE OR TRUNCATE ON ledger_pending FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER keeps_identity BEFORE UPDATE OF id, ledger ON ledger_balance FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
