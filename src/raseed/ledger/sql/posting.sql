-- The statements that post. Arrays come in sorted by account id and are walked in that order, so that locks are always
-- taken in one order; the planner is held to that walk (nested loop over an index) by each function's settings.

-- Whether an account has room for all the adverse amounts of a batch together, whatever else happens in it: its ledger is
-- the one named, it is open and far from overflow, and its limit holds with none of the favourable amounts. Inlined.
CREATE OR REPLACE FUNCTION ledger_has_room(
    debits_pending int8, debits_posted int8, credits_pending int8, credits_posted int8, flags int4, ledger int4,
    named int4, adverse_debits int8, adverse_credits int8)
RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT ledger = named AND (debits_pending | debits_posted | credits_pending | credits_posted) < 2305843009213693952
        AND (flags = 0
            OR (flags = 2 AND debits_pending + debits_posted + adverse_debits <= credits_posted)
            OR (flags = 4 AND credits_pending + credits_posted + adverse_credits <= debits_posted))
$$;

-- Apply a batch to its accounts, in one pass that locks, checks and writes. An account without room is left as it is,
-- though locked, and comes back in `refused`, for the exact rules; the reserved id in prev_id tells it (last_id could not:
-- a repeat may bring the very id that was the last one).
-- batches: the numbers taken after the locks, one for each 8,190 transfers. prev: each account's last transfer before
-- this batch. crossing: accounts whose number of entries passes a multiple of 128. existing: those of check_ids that the
-- books hold already. standing: how the refused accounts stand and then the crossing ones, seven numbers each, so that nobody
-- has to ask again. The first form moves posted amounts of one ledger (all that most batches do), the second any.
CREATE OR REPLACE FUNCTION ledger_apply_plain(
    ids uuid[], named int4, debits int8[], credits int8[], lasts uuid[], counts int4[], check_ids uuid[],
    how_many int4, OUT batches int8[], OUT xid int8, OUT touched int4[], OUT prev uuid[], OUT refused int4[],
    OUT crossing int4[], OUT existing uuid[], OUT standing int8[])
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off
AS $$
BEGIN
    WITH applied AS (
        UPDATE ledger_balance b SET
            debits_posted = b.debits_posted + CASE WHEN ledger_has_room(b.debits_pending, b.debits_posted, b.credits_pending, b.credits_posted, b.flags, b.ledger, named, debits[i], credits[i]) THEN debits[i] ELSE 0 END,
            credits_posted = b.credits_posted + CASE WHEN ledger_has_room(b.debits_pending, b.debits_posted, b.credits_pending, b.credits_posted, b.flags, b.ledger, named, debits[i], credits[i]) THEN credits[i] ELSE 0 END,
            entries = b.entries + CASE WHEN ledger_has_room(b.debits_pending, b.debits_posted, b.credits_pending, b.credits_posted, b.flags, b.ledger, named, debits[i], credits[i]) THEN counts[i] ELSE 0 END,
            last_id = CASE WHEN ledger_has_room(b.debits_pending, b.debits_posted, b.credits_pending, b.credits_posted, b.flags, b.ledger, named, debits[i], credits[i]) THEN lasts[i] ELSE b.last_id END,
            prev_id = CASE WHEN ledger_has_room(b.debits_pending, b.debits_posted, b.credits_pending, b.credits_posted, b.flags, b.ledger, named, debits[i], credits[i]) THEN b.last_id ELSE 'ffffffff-ffff-ffff-ffff-ffffffffffff' END
        FROM generate_series(1, cardinality(ids)) i
        WHERE b.id = ids[i]
        RETURNING i, b.prev_id, b.last_id, b.prev_id <> 'ffffffff-ffff-ffff-ffff-ffffffffffff' AS taken,
                  (b.entries - counts[i]) >> 7 <> b.entries >> 7 AS crosses)
    SELECT array_agg(i), array_agg(CASE WHEN taken THEN prev_id ELSE last_id END), array_agg(i) FILTER (WHERE NOT taken),
           array_agg(i) FILTER (WHERE taken AND crosses)
    INTO touched, prev, refused, crossing FROM applied;
    IF refused IS NOT NULL OR crossing IS NOT NULL THEN
        SELECT array_agg(ARRAY[b.ledger, b.flags, b.debits_pending, b.debits_posted, b.credits_pending, b.credits_posted, b.entries])
        INTO standing FROM unnest(refused || crossing) i JOIN ledger_balance b ON b.id = ids[i];
    END IF;
    SELECT array_agg(nextval('ledger_batch_number')) INTO batches FROM generate_series(1, how_many);
    xid := pg_current_xact_id()::text::int8;
    IF check_ids IS NOT NULL THEN
        SELECT array_agg(t.id) INTO existing
        FROM generate_series(1, cardinality(check_ids)) i JOIN ledger_transfer t ON t.id = check_ids[i];
    END IF;
END $$;

CREATE OR REPLACE FUNCTION ledger_apply_any(
    ids uuid[], ledgers int4[], adverse_debits int8[], adverse_credits int8[], d_debits_pending int8[],
    d_debits_posted int8[], d_credits_pending int8[], d_credits_posted int8[], lasts uuid[], counts int4[],
    check_ids uuid[], how_many int4, OUT batches int8[], OUT xid int8, OUT touched int4[], OUT prev uuid[],
    OUT refused int4[], OUT crossing int4[], OUT existing uuid[], OUT standing int8[])
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off
AS $$
BEGIN
    WITH applied AS (
        UPDATE ledger_balance b SET
            debits_pending = b.debits_pending + CASE WHEN ledger_has_room(b.debits_pending, b.debits_posted, b.credits_pending, b.credits_posted, b.flags, b.ledger, ledgers[i], adverse_debits[i], adverse_credits[i]) THEN d_debits_pending[i] ELSE 0 END,
            debits_posted = b.debits_posted + CASE WHEN ledger_has_room(b.debits_pending, b.debits_posted, b.credits_pending, b.credits_posted, b.flags, b.ledger, ledgers[i], adverse_debits[i], adverse_credits[i]) THEN d_debits_posted[i] ELSE 0 END,
            credits_pending = b.credits_pending + CASE WHEN ledger_has_room(b.debits_pending, b.debits_posted, b.credits_pending, b.credits_posted, b.flags, b.ledger, ledgers[i], adverse_debits[i], adverse_credits[i]) THEN d_credits_pending[i] ELSE 0 END,
            credits_posted = b.credits_posted + CASE WHEN ledger_has_room(b.debits_pending, b.debits_posted, b.credits_pending, b.credits_posted, b.flags, b.ledger, ledgers[i], adverse_debits[i], adverse_credits[i]) THEN d_credits_posted[i] ELSE 0 END,
            entries = b.entries + CASE WHEN ledger_has_room(b.debits_pending, b.debits_posted, b.credits_pending, b.credits_posted, b.flags, b.ledger, ledgers[i], adverse_debits[i], adverse_credits[i]) THEN counts[i] ELSE 0 END,
            last_id = CASE WHEN ledger_has_room(b.debits_pending, b.debits_posted, b.credits_pending, b.credits_posted, b.flags, b.ledger, ledgers[i], adverse_debits[i], adverse_credits[i]) THEN lasts[i] ELSE b.last_id END,
            prev_id = CASE WHEN ledger_has_room(b.debits_pending, b.debits_posted, b.credits_pending, b.credits_posted, b.flags, b.ledger, ledgers[i], adverse_debits[i], adverse_credits[i]) THEN b.last_id ELSE 'ffffffff-ffff-ffff-ffff-ffffffffffff' END
        FROM generate_series(1, cardinality(ids)) i
        WHERE b.id = ids[i]
        RETURNING i, b.prev_id, b.last_id, b.prev_id <> 'ffffffff-ffff-ffff-ffff-ffffffffffff' AS taken,
                  (b.entries - counts[i]) >> 7 <> b.entries >> 7 AS crosses)
    SELECT array_agg(i), array_agg(CASE WHEN taken THEN prev_id ELSE last_id END), array_agg(i) FILTER (WHERE NOT taken),
           array_agg(i) FILTER (WHERE taken AND crosses)
    INTO touched, prev, refused, crossing FROM applied;
    IF refused IS NOT NULL OR crossing IS NOT NULL THEN
        SELECT array_agg(ARRAY[b.ledger, b.flags, b.debits_pending, b.debits_posted, b.credits_pending, b.credits_posted, b.entries])
        INTO standing FROM unnest(refused || crossing) i JOIN ledger_balance b ON b.id = ids[i];
    END IF;
    SELECT array_agg(nextval('ledger_batch_number')) INTO batches FROM generate_series(1, how_many);
    xid := pg_current_xact_id()::text::int8;
    IF check_ids IS NOT NULL THEN
        SELECT array_agg(t.id) INTO existing
        FROM generate_series(1, cardinality(check_ids)) i JOIN ledger_transfer t ON t.id = check_ids[i];
    END IF;
END $$;

-- Lock accounts for a batch that needs the exact rules from the start, and take its numbers.
CREATE OR REPLACE FUNCTION ledger_lock(
    ids uuid[], how_many int4, OUT batches int8[], OUT xid int8, OUT touched int4[], OUT debits_pending int8[], OUT debits_posted int8[],
    OUT credits_pending int8[], OUT credits_posted int8[], OUT entries int8[], OUT last_id uuid[], OUT ledger int4[],
    OUT flags int4[])
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off
AS $$
BEGIN
    SELECT array_agg(i), array_agg(x.debits_pending), array_agg(x.debits_posted), array_agg(x.credits_pending),
           array_agg(x.credits_posted), array_agg(x.entries), array_agg(x.last_id), array_agg(x.ledger), array_agg(x.flags)
    INTO touched, debits_pending, debits_posted, credits_pending, credits_posted, entries, last_id, ledger, flags
    FROM (SELECT i, b.* FROM generate_series(1, cardinality(ids)) i JOIN ledger_balance b ON b.id = ids[i]
          ORDER BY i FOR NO KEY UPDATE OF b) x;
    SELECT array_agg(nextval('ledger_batch_number')) INTO batches FROM generate_series(1, how_many);
    xid := pg_current_xact_id()::text::int8;
END $$;

-- Add to the balances of accounts that this transaction has locked. Answers how many it found.
CREATE OR REPLACE FUNCTION ledger_amend(
    ids uuid[], d_debits_pending int8[], d_debits_posted int8[], d_credits_pending int8[], d_credits_posted int8[],
    d_entries int4[], lasts uuid[])
RETURNS int8 LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off
AS $$
DECLARE found_rows int8;
BEGIN
    UPDATE ledger_balance b SET
        debits_pending = b.debits_pending + d_debits_pending[i], debits_posted = b.debits_posted + d_debits_posted[i],
        credits_pending = b.credits_pending + d_credits_pending[i], credits_posted = b.credits_posted + d_credits_posted[i],
        entries = b.entries + d_entries[i], last_id = lasts[i]
    FROM generate_series(1, cardinality(ids)) i
    WHERE b.id = ids[i];
    GET DIAGNOSTICS found_rows = ROW_COUNT;
    RETURN found_rows;
END $$;

-- Take pending transfers out, for a batch that resolves them: what is not in the table any more is not pending. Whoever wants
-- one of them too waits for this transaction. `places` are those found among the ids, which are sorted.
CREATE OR REPLACE FUNCTION ledger_take(
    ids uuid[], OUT places int4[], OUT debit_ids uuid[], OUT credit_ids uuid[], OUT amounts int8[], OUT user_datas uuid[],
    OUT expiries timestamptz[], OUT ledgers int4[], OUT codes int4[])
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off
AS $$
BEGIN
    WITH taken AS (
        DELETE FROM ledger_pending p USING generate_series(1, cardinality(ids)) i WHERE p.id = ids[i]
        RETURNING i, p.*)
    SELECT array_agg(i), array_agg(debit_account_id), array_agg(credit_account_id), array_agg(amount), array_agg(user_data),
           array_agg(expires_at), array_agg(ledger), array_agg(code)
    INTO places, debit_ids, credit_ids, amounts, user_datas, expiries, ledgers, codes FROM taken;
END $$;

-- Read pending transfers that were resolved: what they were, and the flags of the transfer that resolved them.
CREATE OR REPLACE FUNCTION ledger_resolved(
    ids uuid[], OUT id uuid, OUT debit_account_id uuid, OUT credit_account_id uuid, OUT amount int8, OUT user_data uuid,
    OUT ledger int4, OUT code int4, OUT flags int4)
RETURNS SETOF record LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off
AS $$
BEGIN
    RETURN QUERY SELECT h.id, h.debit_account_id, h.credit_account_id, h.amount, h.user_data, h.ledger, h.code, r.flags::int4
    FROM generate_series(1, cardinality(ids)) i
    JOIN ledger_transfer r ON r.pending_id = ids[i] AND r.result = 0
        AND r.pending_id <> '00000000-0000-0000-0000-000000000000'
    JOIN ledger_transfer h ON h.id = r.pending_id;
END $$;

-- Read the transfers, posted or failed, that the books hold under these ids.
CREATE OR REPLACE FUNCTION ledger_known(ids uuid[]) RETURNS SETOF ledger_transfer
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off
AS $$
BEGIN
    RETURN QUERY SELECT t.* FROM generate_series(1, cardinality(ids)) i JOIN ledger_transfer t ON t.id = ids[i];
END $$;

-- Read balances of a few accounts, as this transaction sees them.
CREATE OR REPLACE FUNCTION ledger_balances(ids uuid[]) RETURNS SETOF ledger_balance
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off
AS $$
BEGIN
    RETURN QUERY SELECT b.* FROM generate_series(1, cardinality(ids)) i JOIN ledger_balance b ON b.id = ids[i];
END $$;

-- Append a small batch of transfers that are all alike but for their ids, accounts, amounts and results, and its digest, in
-- one call.
CREATE OR REPLACE FUNCTION ledger_append_alike(
    batch int8, at timestamptz, batch_digest bytea, first_seq int8, in_ledger int4, of_code int4, on_day date, amounts int8[],
    ids uuid[], debit_ids uuid[], credit_ids uuid[], debit_prevs uuid[], credit_prevs uuid[],
    results int4[])
RETURNS void LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    INSERT INTO ledger_transfer (seq, posted_at, amount, id, debit_account_id, credit_account_id, debit_prev, credit_prev,
        user_data, ledger, code, booked_on, result)
    SELECT first_seq + i - 1, at, amounts[i], ids[i], debit_ids[i], credit_ids[i], debit_prevs[i], credit_prevs[i],
        '00000000-0000-0000-0000-000000000000', in_ledger, of_code, on_day, results[i]
    FROM generate_series(1, cardinality(ids)) i;
    INSERT INTO ledger_batch (number, posted_at, transfers, digest) VALUES (batch, at, cardinality(ids), batch_digest);
END $$;

-- Append any other small batch. Large ones come by COPY.
CREATE OR REPLACE FUNCTION ledger_append(
    batch int8, at timestamptz, batch_digest bytea, seqs int8[], amounts int8[], ids uuid[], debit_ids uuid[], credit_ids uuid[],
    debit_prevs uuid[], credit_prevs uuid[], pending_ids uuid[], user_datas uuid[], ledgers int4[], codes int4[],
    timeouts int4[], dates date[], all_flags int4[], results int4[])
RETURNS void LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    INSERT INTO ledger_transfer (seq, posted_at, amount, id, debit_account_id, credit_account_id, debit_prev, credit_prev,
        pending_id, user_data, ledger, code, timeout_s, booked_on, flags, result)
    SELECT seqs[i], at, amounts[i], ids[i], debit_ids[i], credit_ids[i], debit_prevs[i], credit_prevs[i],
        pending_ids[i], user_datas[i], ledgers[i], codes[i], timeouts[i], dates[i], all_flags[i], results[i]
    FROM generate_series(1, cardinality(ids)) i;
    INSERT INTO ledger_batch (number, posted_at, transfers, digest) VALUES (batch, at, cardinality(ids), batch_digest);
END $$;
