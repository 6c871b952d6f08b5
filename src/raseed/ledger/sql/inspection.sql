-- What checks of the books ask of the ledger, set by set. They change nothing, and no posting waits for them.

-- name: sums_by_code
-- Every balance, added up by ledger and code: the four sums, and what is owed to and owing from those accounts.
SELECT b.ledger, a.code, count(*), sum(b.debits_pending)::numeric, sum(b.debits_posted)::numeric,
    sum(b.credits_pending)::numeric, sum(b.credits_posted)::numeric,
    sum(greatest(b.credits_posted - b.debits_posted, 0))::numeric, sum(greatest(b.debits_posted - b.credits_posted, 0))::numeric
FROM ledger_balance AS b LEFT JOIN ledger_account AS a USING (id)
GROUP BY b.ledger, a.code ORDER BY b.ledger, a.code

-- name: unlike_their_transfers
-- Every balance beside the fold of all transfers, where they differ. A transfer that resolves takes back all that was pending.
WITH change AS (
    SELECT debit_account_id, credit_account_id, ledger, 0::int8 AS pending, amount AS posted
    FROM ledger_transfer WHERE result = 0 AND flags & 14 = 0
    UNION ALL
    SELECT debit_account_id, credit_account_id, ledger, amount, 0 FROM ledger_transfer WHERE result = 0 AND flags & 2 <> 0
    UNION ALL
    SELECT t.debit_account_id, t.credit_account_id, t.ledger, -p.amount, CASE WHEN t.flags & 4 <> 0 THEN t.amount ELSE 0 END
    FROM ledger_transfer AS t JOIN ledger_transfer AS p ON p.id = t.pending_id
    WHERE t.result = 0 AND t.flags & 12 <> 0
), fold AS (
    SELECT side.id, max(ledger) AS ledger, sum(dp) AS dp, sum(d) AS d, sum(cp) AS cp, sum(c) AS c, count(*) AS entries
    FROM change CROSS JOIN LATERAL (VALUES
        (debit_account_id, pending, posted, 0, 0), (credit_account_id, 0, 0, pending, posted)) AS side(id, dp, d, cp, c)
    GROUP BY side.id
)
SELECT coalesce(b.id, f.id), coalesce(b.ledger, f.ledger),
    ARRAY[coalesce(f.dp, 0), coalesce(f.d, 0), coalesce(f.cp, 0), coalesce(f.c, 0), coalesce(f.entries, 0)]::text[],
    ARRAY[coalesce(b.debits_pending, 0), coalesce(b.debits_posted, 0), coalesce(b.credits_pending, 0),
        coalesce(b.credits_posted, 0), coalesce(b.entries, 0)]::text[]
FROM ledger_balance AS b FULL JOIN fold AS f ON f.id = b.id
WHERE b.id IS NULL OR (b.debits_pending, b.debits_posted, b.credits_pending, b.credits_posted, b.entries)
    IS DISTINCT FROM (coalesce(f.dp, 0), coalesce(f.d, 0), coalesce(f.cp, 0), coalesce(f.c, 0), coalesce(f.entries, 0))
ORDER BY 1 LIMIT %(limit)s::int4

-- name: unlike_their_holds
-- Accounts whose pending sums are not the sums of the transfers that are pending.
WITH held AS (
    SELECT side.id, sum(dp) AS dp, sum(cp) AS cp
    FROM ledger_pending CROSS JOIN LATERAL (VALUES
        (debit_account_id, amount, 0), (credit_account_id, 0, amount)) AS side(id, dp, cp)
    GROUP BY side.id
)
SELECT coalesce(b.id, h.id), coalesce(b.ledger, 0), coalesce(h.dp, 0)::numeric, coalesce(h.cp, 0)::numeric,
    coalesce(b.debits_pending, 0), coalesce(b.credits_pending, 0)
FROM (SELECT * FROM ledger_balance WHERE debits_pending <> 0 OR credits_pending <> 0
    OR id IN (SELECT id FROM held)) AS b FULL JOIN held AS h ON h.id = b.id
WHERE (coalesce(b.debits_pending, 0), coalesce(b.credits_pending, 0)) <> (coalesce(h.dp, 0), coalesce(h.cp, 0))
ORDER BY 1 LIMIT %(limit)s::int4

-- name: unfounded_holds
-- What stands as pending without the pending transfer it should be, or though it was resolved.
SELECT p.id, p.ledger, p.amount, t.amount, r.id IS NOT NULL
FROM ledger_pending AS p
LEFT JOIN ledger_transfer AS t ON t.id = p.id AND t.result = 0 AND t.flags & 2 <> 0
LEFT JOIN ledger_transfer AS r ON r.pending_id = p.id AND r.result = 0
    AND r.pending_id <> '00000000-0000-0000-0000-000000000000'
WHERE r.id IS NOT NULL OR t.id IS NULL
    OR (t.debit_account_id, t.credit_account_id, t.amount, t.ledger, t.code)
        IS DISTINCT FROM (p.debit_account_id, p.credit_account_id, p.amount, p.ledger, p.code)
ORDER BY 1 LIMIT %(limit)s::int4

-- name: forgotten_holds
-- Pending transfers that nothing has resolved and that do not stand as pending.
SELECT t.id, t.ledger, t.amount FROM ledger_transfer AS t
WHERE t.result = 0 AND t.flags & 2 <> 0
    AND NOT EXISTS (SELECT FROM ledger_pending AS p WHERE p.id = t.id)
    AND NOT EXISTS (SELECT FROM ledger_transfer AS r WHERE r.pending_id = t.id AND r.result = 0
        AND r.pending_id <> '00000000-0000-0000-0000-000000000000')
ORDER BY 1 LIMIT %(limit)s::int4

-- name: open_holds
-- A page of what is pending, in the order of ids.
SELECT p.id, p.debit_account_id, p.credit_account_id, p.amount, p.ledger, p.code, p.user_data, t.posted_at
FROM ledger_pending AS p LEFT JOIN ledger_transfer AS t ON t.id = p.id
WHERE p.id > %(after)s::uuid ORDER BY p.id LIMIT %(limit)s::int4

-- name: pending_of
-- Which of these are pending.
SELECT id, amount FROM ledger_pending WHERE id = ANY(%(ids)s::uuid[])

-- name: gaps
-- Where the sealed log does not follow on itself, in the order of what is missing.
(SELECT 'batch_unsealed', b.number, 0::int8 FROM ledger_batch AS b
    WHERE b.number <= (SELECT max(batch) FROM ledger_leaf) AND NOT EXISTS (SELECT FROM ledger_leaf AS l WHERE l.batch = b.number)
    ORDER BY b.number LIMIT %(limit)s::int4)
UNION ALL
(SELECT 'leaf_without_batch', l.batch, l.leaf_index FROM ledger_leaf AS l
    WHERE NOT EXISTS (SELECT FROM ledger_batch AS b WHERE b.number = l.batch) ORDER BY l.batch LIMIT %(limit)s::int4)
UNION ALL
(SELECT 'leaf_missing', wanted, leaf_index FROM (
        SELECT leaf_index, coalesce(lag(leaf_index) OVER (ORDER BY leaf_index) + 1, 0) AS wanted FROM ledger_leaf) AS l
    WHERE leaf_index <> wanted ORDER BY wanted LIMIT %(limit)s::int4)
UNION ALL
(SELECT 'checkpoint_missing', wanted, number FROM (
        SELECT number, coalesce(lag(number) OVER (ORDER BY number) + 1, 1) AS wanted FROM ledger_checkpoint) AS c
    WHERE number <> wanted ORDER BY wanted LIMIT %(limit)s::int4)
UNION ALL
(SELECT 'leaves_unsigned', c.leaves, l.leaves FROM (SELECT leaves FROM ledger_checkpoint ORDER BY number DESC LIMIT 1) AS c,
        (SELECT count(*) AS leaves FROM ledger_leaf) AS l
    WHERE c.leaves <> l.leaves)

-- name: batches_unlike
-- Batches that have more or fewer transfers than they were posted with, and transfers whose batch is not there.
SELECT coalesce(b.number, t.number), coalesce(b.transfers, 0), coalesce(t.transfers, 0)
FROM ledger_batch AS b
FULL JOIN (SELECT seq >> 13 AS number, count(*) AS transfers FROM ledger_transfer GROUP BY seq >> 13) AS t ON t.number = b.number
WHERE b.transfers IS DISTINCT FROM t.transfers
ORDER BY 1 LIMIT %(limit)s::int4

-- name: waits_to_be_sealed
-- How many batches posted before an instant are above the last sealed one, and the first of them.
SELECT count(*), min(number) FROM (
    SELECT number FROM ledger_batch
    WHERE number > coalesce((SELECT max(batch) FROM ledger_leaf), 0) AND posted_at < %(before)s::timestamptz
    ORDER BY number LIMIT %(limit)s::int4) AS b

-- name: sealed_batch
SELECT coalesce(max(batch), 0) FROM ledger_checkpoint

-- name: touched
-- What was posted in batches above one and up to another, in their order: which accounts it touched.
SELECT seq >> 13, id, debit_account_id, credit_account_id FROM ledger_transfer
WHERE seq >= ((%(after)s::int8 + 1) << 13) AND seq < ((%(upto)s::int8 + 1) << 13) AND result = 0
ORDER BY seq LIMIT %(limit)s::int4

-- name: accounts_after
-- A page of accounts with these codes, in the order of ids.
SELECT id FROM ledger_account WHERE id > %(after)s::uuid AND code = ANY(%(codes)s::int4[]) ORDER BY id LIMIT %(limit)s::int4

-- name: walked_back
-- Accounts' histories, each walked from its last transfer back to its last mark or its beginning: where the walk ended, what it
-- had to come to, and the four sums that the mark and the walked transfers come to, beside those that are kept.
WITH RECURSIVE start AS (
    SELECT b.*, coalesce(m.transfer_id, '00000000-0000-0000-0000-000000000000') AS stop, coalesce(m.debits_pending, 0) AS dp,
        coalesce(m.debits_posted, 0) AS d, coalesce(m.credits_pending, 0) AS cp, coalesce(m.credits_posted, 0) AS c
    FROM ledger_balance AS b LEFT JOIN LATERAL (
        SELECT * FROM ledger_mark WHERE account_id = b.id ORDER BY seq DESC LIMIT 1) AS m ON true
    WHERE b.id = ANY(%(ids)s::uuid[])
), walk AS (
    SELECT id, stop, last_id AS place, 0 AS step, dp::numeric AS dp, d::numeric AS d, cp::numeric AS cp, c::numeric AS c FROM start
    UNION ALL
    SELECT w.id, w.stop, CASE WHEN e.debits THEN e.debit_prev ELSE e.credit_prev END, w.step + 1,
        w.dp + CASE WHEN e.debits THEN e.pending ELSE 0 END, w.d + CASE WHEN e.debits THEN e.posted ELSE 0 END,
        w.cp + CASE WHEN e.debits THEN 0 ELSE e.pending END, w.c + CASE WHEN e.debits THEN 0 ELSE e.posted END
    FROM walk AS w CROSS JOIN LATERAL (
        SELECT t.debit_prev, t.credit_prev, t.debit_account_id = w.id AS debits,
            CASE WHEN t.flags & 2 <> 0 THEN t.amount
                WHEN t.flags & 12 <> 0 THEN -(SELECT p.amount FROM ledger_transfer AS p WHERE p.id = t.pending_id) ELSE 0 END AS pending,
            CASE WHEN t.flags & 10 <> 0 THEN 0 ELSE t.amount END AS posted
        FROM ledger_transfer AS t
        WHERE t.id = w.place AND t.result = 0 AND w.id IN (t.debit_account_id, t.credit_account_id) LIMIT 1) AS e
    WHERE w.place <> w.stop AND w.step < %(steps)s::int4
), ended AS (SELECT DISTINCT ON (id) * FROM walk ORDER BY id, step DESC)
SELECT s.id, s.ledger, e.place = e.stop, ARRAY[e.dp, e.d, e.cp, e.c]::text[],
    ARRAY[s.debits_pending, s.debits_posted, s.credits_pending, s.credits_posted]::text[], e.step
FROM start AS s JOIN ended AS e ON e.id = s.id
WHERE e.place <> e.stop
    OR (e.dp, e.d, e.cp, e.c) IS DISTINCT FROM
        (s.debits_pending::numeric, s.debits_posted::numeric, s.credits_pending::numeric, s.credits_posted::numeric)
ORDER BY s.id

-- name: account_bounds
SELECT min(id::text)::uuid, max(id::text)::uuid FROM (
    (SELECT id FROM ledger_account ORDER BY id LIMIT 1) UNION ALL (SELECT id FROM ledger_account ORDER BY id DESC LIMIT 1)) AS a

-- name: last_batch
SELECT coalesce(max(number), 0) FROM ledger_batch

-- name: batches_wait
-- Whether something was posted after a batch and before an instant.
SELECT EXISTS (SELECT FROM ledger_batch WHERE number > %(after)s::int8 AND posted_at < %(before)s::timestamptz)
