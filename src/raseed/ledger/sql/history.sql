-- name: chain
-- Walk an account's transfers backwards from one of them, newest first. The pending transfer's own amount comes along,
-- because a post or void takes back all of it. LIMIT 1 holds the planner to one look-up in the index for each step, also
-- where its statistics are old: a join it might do by reading all transfers at every step.
WITH RECURSIVE chain AS (
    SELECT t.*, 1 AS step FROM ledger_transfer t WHERE t.id = %(start)s
    UNION ALL
    SELECT earlier.*, c.step + 1
    FROM chain c CROSS JOIN LATERAL (
        SELECT * FROM ledger_transfer t
        WHERE t.id = CASE WHEN c.debit_account_id = %(account)s THEN c.debit_prev ELSE c.credit_prev END
        LIMIT 1) earlier
    WHERE c.step < %(steps)s
)
SELECT c.id, c.debit_account_id, c.credit_account_id, c.amount, c.ledger, c.code, c.flags, c.pending_id, c.timeout_s,
       c.user_data, c.booked_on, c.seq, c.posted_at,
       (SELECT p.amount FROM ledger_transfer p WHERE p.id = c.pending_id AND c.flags & 12 <> 0) AS pending_amount,
       CASE WHEN c.debit_account_id = %(account)s THEN c.debit_prev ELSE c.credit_prev END AS previous_id
FROM chain c
ORDER BY c.step;

-- name: mark_by_seq
-- The first mark of an account at or after a place in the order.
SELECT transfer_id, debits_pending, debits_posted, credits_pending, credits_posted FROM ledger_mark
WHERE account_id = %(account)s AND seq >= %(seq)s ORDER BY seq LIMIT 1;

-- name: mark_by_time
-- The first mark of an account after an instant.
SELECT transfer_id, debits_pending, debits_posted, credits_pending, credits_posted FROM ledger_mark
WHERE account_id = %(account)s AND posted_at > %(at)s ORDER BY posted_at, seq LIMIT 1;

-- name: head
-- An account's balances now, and its last transfer.
SELECT last_id, debits_pending, debits_posted, credits_pending, credits_posted FROM ledger_balance WHERE id = %(account)s;
