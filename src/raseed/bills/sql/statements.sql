-- The statements of bills that matter, each named.

-- name: billers
-- Billers with the digests of their pictures.
SELECT b.id, b.institution_id, b.customer_id, b.collection_account_id, b.account_number, b.code, b.category, b.names::text,
    b.model, b.adapter, b.address, b.currency, b.state, b.fields::text, b.least_minor, b.most_minor, b.generation,
    COALESCE(l.digest, '')
FROM bills_biller AS b LEFT JOIN bills_logo AS l ON l.biller_id = b.id
WHERE b.id = ANY(%(ids)s::uuid[])

-- name: bills
-- Bills with their currency, and the day to which they were extended, if they were.
SELECT b.id, b.biller_id, b.reference, b.number, b.issued_on, b.due_on, b.period, b.amount_minor, b.part_payments, b.state,
    b.paid_minor, b.held_minor, b.elsewhere_minor, b.customer_name, b.seen_at, b.minimum_minor,
    (SELECT max(x.last_day) FROM bills_sparing AS x WHERE x.bill_id = b.id AND x.kind = 'extended'), of.currency
FROM bills_bill AS b JOIN bills_biller AS of ON of.id = b.biller_id
WHERE b.id = ANY(%(ids)s::uuid[])

-- name: bills_at_references
-- The bills of references, of each so many, due first: read as ``bills``.
SELECT b.id, b.biller_id, b.reference, b.number, b.issued_on, b.due_on, b.period, b.amount_minor, b.part_payments, b.state,
    b.paid_minor, b.held_minor, b.elsewhere_minor, b.customer_name, b.seen_at, b.minimum_minor,
    (SELECT max(x.last_day) FROM bills_sparing AS x WHERE x.bill_id = b.id AND x.kind = 'extended'), of.currency
FROM unnest(%(billers)s::uuid[], %(references)s::text[]) AS given(biller_id, reference)
JOIN bills_biller AS of ON of.id = given.biller_id
CROSS JOIN LATERAL (
    SELECT * FROM bills_bill AS its WHERE its.biller_id = given.biller_id AND its.reference = given.reference
    ORDER BY its.due_on, its.issued_on, its.id LIMIT %(most)s) AS b
ORDER BY b.due_on, b.issued_on, b.id

-- name: orders
-- Orders with their parts, in three arrays of one length.
SELECT o.id, b.institution_id, o.biller_id, o.customer_id, o.values::text, o.reference, o.amount_minor, b.currency, o.state,
    o.made_at, o.biller_reference, o.ended_at, t.kinds, t.amounts, t.bills, t.waivers
FROM bills_order AS o JOIN bills_biller AS b ON b.id = o.biller_id CROSS JOIN LATERAL (
    SELECT array_agg(p.kind ORDER BY p.number) AS kinds, array_agg(p.amount_minor ORDER BY p.number) AS amounts,
        array_agg(p.bill_id ORDER BY p.number) AS bills, array_agg(p.waiver_id ORDER BY p.number) AS waivers
    FROM bills_part AS p WHERE p.order_id = o.id) AS t
WHERE o.id = ANY(%(ids)s::uuid[])

-- name: billers_of_orders
SELECT id, biller_id FROM bills_order WHERE id = ANY(%(ids)s::uuid[])

-- name: make_orders
-- Orders under ids that nobody has used; returns those.
INSERT INTO bills_order (id, biller_id, customer_id, "values", reference, amount_minor, state, made_at)
SELECT g.id, g.biller_id, g.customer_id, g.said, g.reference, g.amount_minor, 'open', %(now)s::timestamptz
FROM unnest(%(ids)s::uuid[], %(billers)s::uuid[], %(customers)s::uuid[], %(values)s::jsonb[], %(references)s::text[],
    %(amounts)s::bigint[]) AS g(id, biller_id, customer_id, said, reference, amount_minor)
ORDER BY g.id
ON CONFLICT (id) DO NOTHING
RETURNING id

-- name: add_parts
-- What orders pay, part by part.
INSERT INTO bills_part (order_id, number, kind, bill_id, amount_minor, waiver_id)
SELECT * FROM unnest(%(orders)s::uuid[], %(numbers)s::smallint[], %(kinds)s::text[], %(bills)s::uuid[], %(amounts)s::bigint[],
    %(waivers)s::uuid[])

-- name: lock_orders
-- The orders that payments are to pay, locked in order of id.
SELECT o.id, o.biller_id, o.customer_id, o.amount_minor, o.state, b.currency, b.state, o.made_at, b.institution_id, o.reference
FROM bills_order AS o JOIN bills_biller AS b ON b.id = o.biller_id
WHERE o.id = ANY(%(ids)s::uuid[])
ORDER BY o.id FOR UPDATE OF o

-- name: parts_of_orders
-- What orders pay of which bills.
SELECT order_id, number, kind, bill_id, amount_minor
FROM bills_part WHERE order_id = ANY(%(ids)s::uuid[]) ORDER BY order_id, number

-- name: lock_bills
-- The bills that are paid, read as ``bills`` and locked in order of id; what was decided from them holds until the transaction ends. Their keys
-- stay as they are: orders that are made of them meanwhile, whose parts refer to them, wait for nobody.
SELECT b.id, b.biller_id, b.reference, b.number, b.issued_on, b.due_on, b.period, b.amount_minor, b.part_payments, b.state,
    b.paid_minor, b.held_minor, b.elsewhere_minor, b.customer_name, b.seen_at, b.minimum_minor,
    (SELECT max(x.last_day) FROM bills_sparing AS x WHERE x.bill_id = b.id AND x.kind = 'extended'), of.currency
FROM bills_bill AS b JOIN bills_biller AS of ON of.id = b.biller_id
WHERE b.id = ANY(%(ids)s::uuid[]) ORDER BY b.id FOR NO KEY UPDATE OF b

-- name: lock_told_bills
-- The bills that a biller tells of, or might not tell of any more: locked as they are for paying, in order of id, before they
-- are changed in another order.
SELECT id FROM bills_bill
WHERE biller_id = %(biller)s::uuid AND (number = ANY(%(numbers)s::text[]) OR reference = ANY(%(references)s::text[]))
ORDER BY id FOR NO KEY UPDATE

-- name: hold_bills
-- So much more of each bill is under way.
UPDATE bills_bill AS b SET held_minor = b.held_minor + given.minor
FROM unnest(%(ids)s::uuid[], %(amounts)s::bigint[]) AS given(id, minor)
WHERE b.id = given.id

-- name: turn_orders
-- Orders that got under way.
UPDATE bills_order SET state = 'held' WHERE id = ANY(%(ids)s::uuid[])

-- name: mark_parts
-- Whether the parts of orders that are of a bill are under way.
UPDATE bills_part SET is_held = %(held)s
WHERE order_id = ANY(%(ids)s::uuid[]) AND kind = 'bill' AND bill_id IS NOT NULL

-- name: settle_bills
-- What was under way is paid.
UPDATE bills_bill AS b SET
    held_minor = b.held_minor - given.minor,
    paid_minor = b.paid_minor + given.minor,
    state = CASE
        WHEN b.state IN ('cancelled', 'disputed') THEN b.state
        WHEN b.paid_minor + given.minor + b.elsewhere_minor >= b.amount_minor THEN 'paid'
        ELSE 'partly_paid' END
FROM unnest(%(ids)s::uuid[], %(amounts)s::bigint[]) AS given(id, minor)
WHERE b.id = given.id

-- name: let_bills_go
-- What was under way can be paid again.
UPDATE bills_bill AS b SET held_minor = b.held_minor - given.minor
FROM unnest(%(ids)s::uuid[], %(amounts)s::bigint[]) AS given(id, minor)
WHERE b.id = given.id

-- name: end_orders
-- Orders that were paid or returned.
UPDATE bills_order AS o
SET state = %(state)s, ended_at = GREATEST(given.ended_at, o.made_at), biller_reference = given.reference, proof = given.proof
FROM unnest(%(ids)s::uuid[], %(ended)s::timestamptz[], %(references)s::text[], %(proofs)s::jsonb[])
    AS given(id, ended_at, reference, proof)
WHERE o.id = given.id

-- name: asks
-- What billers are asked for payments: order, biller, values and parts, with the numbers of bills.
SELECT o.id, o.biller_id, o.values, o.amount_minor, p.kind, p.amount_minor, COALESCE(b.number, '')
FROM bills_order AS o
JOIN bills_part AS p ON p.order_id = o.id
LEFT JOIN bills_bill AS b ON b.id = p.bill_id
WHERE o.id = ANY(%(ids)s::uuid[])
ORDER BY o.id, p.number

-- name: keep_bills
-- Bills as their biller tells them now: new ones, and those that changed. What is paid and held here stays; a bill is never
-- lowered below it, nor raised above what was agreed when a dispute was upheld. Returns each bill's number, and whether it was refused for that.
INSERT INTO bills_bill AS b (id, biller_id, reference, number, issued_on, due_on, period, amount_minor, minimum_minor,
    part_payments, paid_minor, held_minor, elsewhere_minor, state, customer_name, seen_at)
SELECT g.id, %(biller)s::uuid, g.reference, g.number, g.issued_on, g.due_on, g.period, g.amount_minor, g.minimum_minor,
    g.part_payments, 0, 0, g.paid_minor,
    CASE WHEN g.paid_minor <= 0 THEN 'open' WHEN g.paid_minor < g.amount_minor THEN 'partly_paid' ELSE 'paid' END,
    g.customer_name, %(now)s::timestamptz
FROM unnest(%(ids)s::uuid[], %(references)s::text[], %(numbers)s::text[], %(issued)s::date[], %(due)s::date[],
    %(periods)s::text[], %(amounts)s::bigint[], %(minimums)s::bigint[], %(parts)s::text[], %(paid)s::bigint[],
    %(names)s::text[])
    AS g(id, reference, number, issued_on, due_on, period, amount_minor, minimum_minor, part_payments, paid_minor,
        customer_name)
ORDER BY g.number
ON CONFLICT (biller_id, number) DO UPDATE SET
    issued_on = EXCLUDED.issued_on, due_on = EXCLUDED.due_on, period = EXCLUDED.period,
    amount_minor = LEAST(EXCLUDED.amount_minor, COALESCE(NULLIF(b.agreed_minor, 0), EXCLUDED.amount_minor)),
    minimum_minor = EXCLUDED.minimum_minor, part_payments = EXCLUDED.part_payments,
    elsewhere_minor = GREATEST(EXCLUDED.elsewhere_minor - b.paid_minor - b.held_minor, 0),
    customer_name = EXCLUDED.customer_name, seen_at = EXCLUDED.seen_at,
    state = CASE
        WHEN b.state = 'disputed' OR b.agreed_minor = 0 THEN b.state
        WHEN GREATEST(EXCLUDED.elsewhere_minor - b.held_minor, b.paid_minor)
            >= LEAST(EXCLUDED.amount_minor, COALESCE(b.agreed_minor, EXCLUDED.amount_minor)) THEN 'paid'
        WHEN GREATEST(EXCLUDED.elsewhere_minor - b.held_minor, b.paid_minor) > 0 THEN 'partly_paid'
        ELSE 'open' END
WHERE b.reference = EXCLUDED.reference AND b.paid_minor + b.held_minor <= EXCLUDED.amount_minor
RETURNING number

-- name: cancel_missing
-- Bills of a reference that their biller does not tell of any more: paid elsewhere or withdrawn. What is under way stays.
UPDATE bills_bill SET state = 'cancelled', seen_at = %(now)s::timestamptz
WHERE biller_id = %(biller)s::uuid AND reference = %(reference)s AND state IN ('open', 'partly_paid')
    AND held_minor = 0 AND number <> ALL(%(numbers)s::text[])

-- name: note_look_ups
-- That people have asked for references.
INSERT INTO bills_look_up (customer_id, biller_id, reference, "values", first_at, last_at)
SELECT DISTINCT ON (g.customer_id, g.biller_id, g.reference)
    g.customer_id, g.biller_id, g.reference, g.said, %(now)s::timestamptz, %(now)s::timestamptz
FROM unnest(%(customers)s::uuid[], %(billers)s::uuid[], %(references)s::text[], %(values)s::jsonb[])
    AS g(customer_id, biller_id, reference, said)
ORDER BY g.customer_id, g.biller_id, g.reference
ON CONFLICT (customer_id, biller_id, reference) DO UPDATE SET last_at = GREATEST(bills_look_up.last_at, EXCLUDED.last_at)

-- name: same_held
-- Whether the same amount of a bill is under way.
SELECT 1 FROM bills_part
WHERE bill_id = %(bill)s::uuid AND amount_minor = %(amount)s::bigint AND is_held AND kind = 'bill'

-- name: intake_table
-- Where the bills of a file stand until the whole of it has been read.
CREATE TEMPORARY TABLE IF NOT EXISTS bills_taken (id uuid, reference text, number text, issued_on date, due_on date,
    period text, amount_minor bigint, minimum_minor bigint, part_payments text, customer_name text) ON COMMIT DELETE ROWS

-- name: copy_intake
COPY bills_taken FROM STDIN

-- name: lock_taken_bills
-- As lock_told_bills, for the bills of a file.
SELECT count(*) FROM (
    SELECT b.id FROM bills_bill AS b JOIN bills_taken AS t ON t.number = b.number
    WHERE b.biller_id = %(biller)s::uuid ORDER BY b.id FOR NO KEY UPDATE OF b) AS locked

-- name: merge_intake
-- The file's bills into the biller's: new ones, and those that changed and may. How many there are, are new, were left.
WITH kept AS (
    INSERT INTO bills_bill AS b (id, biller_id, reference, number, issued_on, due_on, period, amount_minor, minimum_minor,
        part_payments, paid_minor, held_minor, elsewhere_minor, state, customer_name, seen_at)
    SELECT id, %(biller)s::uuid, reference, number, issued_on, due_on, period, amount_minor, minimum_minor, part_payments,
        0, 0, 0, 'open', customer_name, %(now)s::timestamptz
    FROM bills_taken ORDER BY number
    ON CONFLICT (biller_id, number) DO UPDATE SET
        issued_on = EXCLUDED.issued_on, due_on = EXCLUDED.due_on, period = EXCLUDED.period,
        amount_minor = LEAST(EXCLUDED.amount_minor, COALESCE(NULLIF(b.agreed_minor, 0), EXCLUDED.amount_minor)),
        minimum_minor = EXCLUDED.minimum_minor,
        part_payments = EXCLUDED.part_payments, customer_name = EXCLUDED.customer_name, seen_at = EXCLUDED.seen_at,
        state = CASE
            WHEN b.state = 'disputed' OR b.agreed_minor = 0 THEN b.state
            WHEN b.paid_minor + b.elsewhere_minor
                >= LEAST(EXCLUDED.amount_minor, COALESCE(b.agreed_minor, EXCLUDED.amount_minor)) THEN 'paid'
            WHEN b.paid_minor + b.elsewhere_minor > 0 THEN 'partly_paid'
            ELSE 'open' END
    WHERE b.reference = EXCLUDED.reference AND b.paid_minor + b.held_minor <= EXCLUDED.amount_minor
    RETURNING (xmax = 0) AS is_fresh
)
SELECT (SELECT count(*) FROM bills_taken), count(*) FILTER (WHERE is_fresh),
    (SELECT count(*) FROM bills_taken) - count(*)
FROM kept

-- name: left_of_intake
-- Some of the bills of the file that were left as they are.
SELECT t.number FROM bills_taken AS t JOIN bills_bill AS b ON b.biller_id = %(biller)s::uuid AND b.number = t.number
WHERE b.reference <> t.reference OR b.paid_minor + b.held_minor > t.amount_minor
ORDER BY t.number LIMIT %(most)s
