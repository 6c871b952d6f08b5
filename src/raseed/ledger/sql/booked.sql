-- name: booked
-- What an account's transfers come to by booked date, in one statement and so in one view of the books: its four sums now,
-- what was booked before a period and after it, and the period's own postings in booked order. A booked date can be
-- anything a caller chose, so the whole chain is walked. LIMIT 1 holds the planner to one look-up in the index for each step.
WITH RECURSIVE head AS (
    SELECT last_id, debits_pending, debits_posted, credits_pending, credits_posted
    FROM ledger_balance WHERE id = %(account)s::uuid
), chain AS (
    SELECT t.id, t.debit_account_id, t.credit_account_id, t.debit_prev, t.credit_prev, t.amount, t.flags, t.pending_id,
           t.user_data, t.code, t.booked_on, t.seq, t.posted_at, 1 AS step
    FROM head JOIN ledger_transfer t ON t.id = head.last_id
    UNION ALL
    SELECT earlier.*, c.step + 1
    FROM chain c CROSS JOIN LATERAL (
        SELECT t.id, t.debit_account_id, t.credit_account_id, t.debit_prev, t.credit_prev, t.amount, t.flags,
               t.pending_id, t.user_data, t.code, t.booked_on, t.seq, t.posted_at
        FROM ledger_transfer t
        WHERE t.id = CASE WHEN c.debit_account_id = %(account)s::uuid THEN c.debit_prev ELSE c.credit_prev END
        LIMIT 1) earlier
    WHERE c.step < %(steps_max)s::int4
), effect AS (
    SELECT c.booked_on, c.debit_account_id = %(account)s::uuid AS is_debit,
           CASE WHEN c.flags & 10 = 0 THEN c.amount ELSE 0 END AS posted,
           CASE WHEN c.flags & 2 <> 0 THEN c.amount
                WHEN c.flags & 12 <> 0 THEN -(SELECT p.amount FROM ledger_transfer p WHERE p.id = c.pending_id)
                ELSE 0 END AS pending
    FROM chain c
), totals AS (
    SELECT count(*) AS steps,
           COALESCE(sum(pending) FILTER (WHERE is_debit AND booked_on < %(first)s::date), 0)::int8 AS debits_pending_before,
           COALESCE(sum(posted) FILTER (WHERE is_debit AND booked_on < %(first)s::date), 0)::int8 AS debits_before,
           COALESCE(sum(pending) FILTER (WHERE NOT is_debit AND booked_on < %(first)s::date), 0)::int8 AS credits_pending_before,
           COALESCE(sum(posted) FILTER (WHERE NOT is_debit AND booked_on < %(first)s::date), 0)::int8 AS credits_before,
           COALESCE(sum(pending) FILTER (WHERE is_debit AND booked_on > %(last)s::date), 0)::int8 AS debits_pending_after,
           COALESCE(sum(posted) FILTER (WHERE is_debit AND booked_on > %(last)s::date), 0)::int8 AS debits_after,
           COALESCE(sum(pending) FILTER (WHERE NOT is_debit AND booked_on > %(last)s::date), 0)::int8 AS credits_pending_after,
           COALESCE(sum(posted) FILTER (WHERE NOT is_debit AND booked_on > %(last)s::date), 0)::int8 AS credits_after
    FROM effect
), line AS (
    SELECT id, debit_account_id, credit_account_id, amount, user_data, code, booked_on, seq, posted_at
    FROM chain
    WHERE booked_on BETWEEN %(first)s::date AND %(last)s::date AND flags & 10 = 0
    ORDER BY booked_on, seq
    LIMIT %(lines_max)s::int4 + 1
)
SELECT steps, debits_pending_before, debits_before, credits_pending_before, credits_before,
       debits_pending - debits_pending_after, debits_posted - debits_after,
       credits_pending - credits_pending_after, credits_posted - credits_after,
       line.*
FROM head CROSS JOIN totals LEFT JOIN line ON true
ORDER BY line.booked_on, line.seq;

-- name: stage_table
-- Where an account's postings stand for a statement of the caller's, until its transaction ends.
CREATE TEMPORARY TABLE IF NOT EXISTS ledger_staged (transfer_id uuid, seq int8, is_debit boolean, amount int8, user_data uuid,
    code int4, booked_on date, posted_at timestamptz) ON COMMIT DELETE ROWS;

-- name: stage
-- An account's postings after a place in the order of the ledger, in one view of the books. Places of an account's transfers
-- fall along its chain, so the walk ends where they do not come after the place any more.
WITH RECURSIVE chain AS (
    SELECT t.id, t.seq, t.debit_account_id, t.debit_prev, t.credit_prev, t.amount, t.user_data, t.code, t.booked_on,
           t.posted_at, t.flags
    FROM ledger_balance b JOIN ledger_transfer t ON t.id = b.last_id
    WHERE b.id = %(account)s::uuid AND t.seq > %(after)s::int8
    UNION ALL
    SELECT earlier.*
    FROM chain c CROSS JOIN LATERAL (
        SELECT t.id, t.seq, t.debit_account_id, t.debit_prev, t.credit_prev, t.amount, t.user_data, t.code, t.booked_on,
               t.posted_at, t.flags
        FROM ledger_transfer t
        WHERE t.id = CASE WHEN c.debit_account_id = %(account)s::uuid THEN c.debit_prev ELSE c.credit_prev END
        LIMIT 1) earlier
    WHERE earlier.seq > %(after)s::int8
)
INSERT INTO ledger_staged (transfer_id, seq, is_debit, amount, user_data, code, booked_on, posted_at)
SELECT id, seq, debit_account_id = %(account)s::uuid, amount, user_data, code, booked_on, posted_at
FROM chain WHERE flags & 10 = 0 LIMIT %(most)s::int8;
