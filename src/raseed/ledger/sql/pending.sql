-- ledger_pending holds what is pending, and only while it is: posting takes a row out when its transfer is posted, voided or
-- expires. What became of it is in ledger_transfer, found by the index below, which also sees to it that nothing is resolved
-- twice. So the table stays as small as what is pending, however old the books are.
DROP TRIGGER keeps_rows ON ledger_pending;
DELETE FROM ledger_pending WHERE state <> 1;
DROP INDEX ledger_pending_expiry;
ALTER TABLE ledger_pending DROP COLUMN state, SET (fillfactor = 100);
CREATE INDEX ledger_pending_expiry ON ledger_pending (expires_at) WHERE expires_at < 'infinity';
CREATE UNIQUE INDEX ledger_transfer_resolves ON ledger_transfer (pending_id)
    WHERE result = 0 AND pending_id <> '00000000-0000-0000-0000-000000000000';
CREATE TRIGGER keeps_rows BEFORE TRUNCATE ON ledger_pending FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
DROP FUNCTION IF EXISTS ledger_resolve(uuid[], int4[]), ledger_pendings(uuid[]);
