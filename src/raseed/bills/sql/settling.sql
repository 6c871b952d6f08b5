-- The statements of settlement and reconciliation, each named.

-- name: staged_debit_days
-- The booked days on which something left the collection account that no settlement has yet.
SELECT DISTINCT e.booked_on FROM ledger_staged AS e
WHERE e.is_debit AND e.booked_on <= %(day)s::date
    AND NOT EXISTS (SELECT FROM bills_settlement_line AS l WHERE l.transfer_id = e.transfer_id)

-- name: take_lines
-- What is staged of the ledger and booked by the end of the day, as lines of a settlement, each saying what it is.
WITH refund AS (
    SELECT * FROM unnest(%(transfers)s::uuid[], %(refunds)s::uuid[], %(orders)s::uuid[]) AS r(transfer_id, id, order_id)
), entry AS (
    SELECT e.*, o.id AS order_id, row_number() OVER (PARTITION BY o.id ORDER BY e.seq) AS nth
    FROM ledger_staged AS e
    LEFT JOIN bills_order AS o
        ON o.id = e.user_data AND o.biller_id = %(biller)s::uuid AND o.state = 'paid' AND NOT e.is_debit
    WHERE e.booked_on <= %(day)s::date
        AND NOT EXISTS (SELECT FROM bills_settlement_line AS l WHERE l.transfer_id = e.transfer_id)
), named AS (
    SELECT e.*, r.id AS refund_id, r.order_id AS refunded_id,
        CASE
            WHEN e.is_debit AND r.id IS NOT NULL THEN 'refund'
            WHEN e.is_debit AND p.transfer_id IS NOT NULL THEN 'payout'
            WHEN e.order_id IS NOT NULL AND e.nth = 1 AND l.order_id IS NULL THEN 'payment'
            ELSE 'other' END AS kind
    FROM entry AS e
    LEFT JOIN refund AS r ON r.transfer_id = e.transfer_id
    LEFT JOIN bills_payout AS p ON p.transfer_id = e.transfer_id
    LEFT JOIN bills_settlement_line AS l ON l.order_id = e.order_id AND l.kind = 'payment'
), taken AS (
    INSERT INTO bills_settlement_line
        (transfer_id, settlement_id, kind, order_id, refund_id, cause_id, amount_minor, booked_on, posted_at, seq)
    SELECT transfer_id, %(settlement)s::uuid, kind,
        CASE kind WHEN 'payment' THEN order_id WHEN 'refund' THEN refunded_id END, refund_id,
        NULLIF(user_data, '00000000-0000-0000-0000-000000000000'),
        CASE WHEN is_debit THEN -amount ELSE amount END, booked_on, posted_at, seq
    FROM named ORDER BY seq
    RETURNING kind, amount_minor
)
SELECT kind, count(*), sum(amount_minor) FROM taken GROUP BY kind

-- name: next_seq
-- After which place the next closing looks: before the first that was left because it is booked later.
SELECT COALESCE(
    (SELECT min(seq) - 1 FROM ledger_staged WHERE booked_on > %(day)s::date),
    (SELECT GREATEST(max(seq), %(after)s::bigint) FROM ledger_staged),
    %(after)s::bigint)

-- name: settlement_lines
-- A page of what was settled, with what was paid of which bills, in the order of the ledger. The planner is told how long it is:
-- for a page of unknown length it would read all orders.
SELECT l.seq, l.kind, l.order_id, l.refund_id, l.transfer_id, l.amount_minor, l.booked_on, l.posted_at, o.reference,
    o.biller_reference, parts.numbers, parts.bill, parts.penalty, parts.waiver, parts.credit, parts.credit_used
FROM (
    SELECT * FROM bills_settlement_line
    WHERE settlement_id = %(settlement)s::uuid AND seq > %(after)s::bigint AND kind IN ('payment', 'refund')
    ORDER BY settlement_id, seq LIMIT 2000) AS l
LEFT JOIN bills_order AS o ON o.id = l.order_id
LEFT JOIN LATERAL (
    SELECT COALESCE(string_agg(b.number, ' ' ORDER BY p.number) FILTER (WHERE p.kind = 'bill'), '') AS numbers,
        COALESCE(sum(p.amount_minor) FILTER (WHERE p.kind = 'bill'), 0)::bigint AS bill,
        COALESCE(sum(p.amount_minor) FILTER (WHERE p.kind = 'penalty'), 0)::bigint AS penalty,
        COALESCE(sum(p.amount_minor) FILTER (WHERE p.kind = 'waiver'), 0)::bigint AS waiver,
        COALESCE(sum(p.amount_minor) FILTER (WHERE p.kind = 'credit'), 0)::bigint AS credit,
        COALESCE(sum(p.amount_minor) FILTER (WHERE p.kind = 'credit_used'), 0)::bigint AS credit_used
    FROM bills_part AS p LEFT JOIN bills_bill AS b ON b.id = p.bill_id
    WHERE p.order_id = l.order_id) AS parts ON true
ORDER BY l.seq

-- name: other_lines
-- What is on the collection account and is neither payment, refund nor payout.
SELECT transfer_id, cause_id, amount_minor FROM bills_settlement_line
WHERE settlement_id = %(settlement)s::uuid AND kind = 'other' ORDER BY seq LIMIT %(most)s::int

-- name: odd_amounts
-- Payments of which the ledger has another amount.
SELECT l.order_id, l.transfer_id, l.amount_minor FROM bills_settlement_line AS l JOIN bills_order AS o ON o.id = l.order_id
WHERE l.settlement_id = %(settlement)s::uuid AND l.kind = 'payment' AND l.amount_minor <> o.amount_minor
ORDER BY l.seq LIMIT %(most)s::int

-- name: paid_without_line
-- Orders that ended paid on a day and are in no settlement.
SELECT o.id, o.amount_minor FROM bills_order AS o
WHERE o.biller_id = %(biller)s::uuid AND o.state = 'paid' AND o.ended_at >= %(begins)s::timestamptz
    AND o.ended_at < %(ends)s::timestamptz
    AND NOT EXISTS (SELECT FROM bills_settlement_line AS l WHERE l.order_id = o.id AND l.kind = 'payment')
ORDER BY o.id LIMIT %(most)s::int

-- name: what_became
-- What became of the payments that breaks are about: their orders' state, and what was settled.
SELECT b.id, o.state, l.amount_minor
FROM bills_break AS b
LEFT JOIN bills_order AS o ON o.id = b.order_id AND o.biller_id = %(biller)s::uuid
LEFT JOIN bills_settlement_line AS l ON l.order_id = o.id AND l.kind = 'payment'
WHERE b.id = ANY(%(ids)s::uuid[])

-- name: received_table
-- Where the lines of a biller's file stand until all of it has been read. Values are as they were written, but for our id.
CREATE TEMPORARY TABLE IF NOT EXISTS bills_received (line bigint GENERATED ALWAYS AS IDENTITY, payment uuid,
    biller_reference text, bills text, amount text, received_at text, minor bigint) ON COMMIT DELETE ROWS

-- name: empty_received
TRUNCATE bills_received RESTART IDENTITY

-- name: first_wrong
-- The first line with a value that can't be right, and which.
SELECT line, CASE
    WHEN amount IS NULL OR amount !~ %(amount)s OR length(amount) > 19 OR ltrim(amount, '0.') = '' THEN 'amount'
    WHEN received_at IS NULL OR received_at !~ %(instant)s THEN 'received_at'
    WHEN biller_reference ~ '[[:cntrl:]]' OR length(biller_reference) > 120 OR (payment IS NULL AND biller_reference IS NULL)
        THEN 'biller_reference'
    ELSE 'bills' END
FROM bills_received
WHERE (amount ~ %(amount)s AND length(amount) <= 19 AND ltrim(amount, '0.') <> '' AND received_at ~ %(instant)s
    AND (biller_reference IS NULL OR (length(biller_reference) <= 120 AND biller_reference !~ '[[:cntrl:]]'))
    AND (payment IS NOT NULL OR biller_reference IS NOT NULL)
    AND (bills IS NULL OR (length(bills) <= 3100 AND bills !~ '[[:cntrl:]]'))) IS NOT TRUE
ORDER BY line LIMIT 1

-- name: count_received
SELECT count(*), COALESCE(sum(replace(amount, '.', '')::bigint), 0), count(*) FILTER (WHERE payment IS NULL) FROM bills_received

-- name: resolve_references
-- Lines that name a payment by the biller's own reference only.
UPDATE bills_received AS r SET payment = o.id
FROM (SELECT DISTINCT ON (biller_reference) id, biller_reference FROM bills_order
      WHERE biller_id = %(biller)s::uuid AND biller_reference <> '' AND state = 'paid'
      ORDER BY biller_reference, ended_at DESC) AS o
WHERE r.payment IS NULL AND r.biller_reference = o.biller_reference

-- name: find_breaks
-- Their lines against a settlement's payments: what agrees is counted in the first row, what does not is named.
WITH theirs AS MATERIALIZED (
    SELECT line, payment, biller_reference, bills, replace(amount, '.', '')::bigint AS minor,
        row_number() OVER (PARTITION BY payment, CASE WHEN payment IS NULL THEN biller_reference END ORDER BY line) AS nth
    FROM bills_received
), compared AS MATERIALIZED (
    SELECT l.order_id, l.transfer_id, l.amount_minor, t.line, t.payment, t.biller_reference, t.bills, t.minor
    FROM (SELECT order_id, transfer_id, amount_minor FROM bills_settlement_line
          WHERE settlement_id = %(settlement)s::uuid AND kind = 'payment') AS l
    FULL JOIN (SELECT * FROM theirs WHERE nth = 1) AS t ON t.payment = l.order_id
), other_bill AS MATERIALIZED (
    SELECT DISTINCT c.order_id
    FROM compared AS c
    JOIN bills_part AS p ON p.order_id = c.order_id AND p.kind = 'bill'
    JOIN bills_bill AS b ON b.id = p.bill_id
    WHERE c.line IS NOT NULL AND c.bills <> ''
        AND strpos(' ' || translate(c.bills, ',;', '  ') || ' ', ' ' || translate(b.number, ',;', '  ') || ' ') = 0
), named AS (
    SELECT 'missing_there' AS kind, order_id::text AS subject, order_id, transfer_id, NULL::bigint AS line,
        ''::text AS their_reference, amount_minor AS ours, NULL::bigint AS theirs, NULL::date AS settled_on
    FROM compared WHERE line IS NULL
    UNION ALL
    SELECT CASE WHEN c.amount_minor <> c.minor THEN 'amount_differs' ELSE 'other_bill' END, c.order_id::text, c.order_id,
        c.transfer_id, c.line, COALESCE(c.biller_reference, ''), c.amount_minor, c.minor, NULL
    FROM compared AS c
    WHERE c.order_id IS NOT NULL AND c.line IS NOT NULL
        AND (c.amount_minor <> c.minor OR c.order_id IN (SELECT order_id FROM other_bill))
    UNION ALL
    SELECT CASE
            WHEN o.id IS NULL OR o.state IN ('open', 'expired') THEN 'unknown_here'
            WHEN o.state = 'held' THEN 'under_way_here'
            WHEN o.state = 'returned' THEN 'returned_here'
            WHEN o.amount_minor <> c.minor THEN 'amount_differs'
            ELSE 'other_day' END,
        COALESCE(c.payment::text, c.biller_reference), c.payment, l.transfer_id, c.line, COALESCE(c.biller_reference, ''),
        o.amount_minor, c.minor, s.day
    FROM compared AS c
    LEFT JOIN bills_order AS o ON o.id = c.payment AND o.biller_id = %(biller)s::uuid
    LEFT JOIN bills_settlement_line AS l ON l.order_id = o.id AND l.kind = 'payment'
    LEFT JOIN bills_settlement AS s ON s.id = l.settlement_id
    WHERE c.order_id IS NULL
    UNION ALL
    SELECT 'twice_there', COALESCE(t.payment::text, t.biller_reference) || ' ' || t.nth, t.payment, NULL, t.line,
        COALESCE(t.biller_reference, ''), NULL, t.minor, NULL
    FROM theirs AS t WHERE t.nth > 1
)
SELECT NULL, NULL, NULL::uuid, NULL::uuid, count(*), NULL, NULL::bigint, NULL::bigint, NULL::date
FROM compared AS c
WHERE c.order_id IS NOT NULL AND c.line IS NOT NULL AND c.amount_minor = c.minor
    AND c.order_id NOT IN (SELECT order_id FROM other_bill)
UNION ALL
SELECT * FROM (SELECT * FROM named ORDER BY line NULLS LAST, subject LIMIT %(most)s::int) AS found

-- name: told_now
-- Breaks that say that a biller lacks a payment, which this file tells of with the right amount.
SELECT b.id FROM bills_break AS b JOIN bills_received AS r ON r.payment = b.order_id
WHERE b.biller_id = %(biller)s::uuid AND b.kind = 'missing_there' AND b.state IN ('open', 'assigned')
    AND b.day <> %(day)s::date AND replace(r.amount, '.', '')::bigint = b.ours_minor
