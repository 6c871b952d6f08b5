-- What checks of the books ask about orders of bills. They change nothing.

-- name: standings
-- Where these orders are.
SELECT o.id, b.institution_id, o.state, o.amount_minor, o.biller_reference
FROM bills_order AS o JOIN bills_biller AS b ON b.id = o.biller_id WHERE o.id = ANY(%(ids)s::uuid[])

-- name: orders_in
-- A page of the orders in these states, in the order of ids.
SELECT o.id, b.institution_id, o.state, o.amount_minor, o.biller_reference
FROM bills_order AS o JOIN bills_biller AS b ON b.id = o.biller_id
WHERE o.id > %(after)s::uuid AND o.state = ANY(%(states)s::text[]) ORDER BY o.id LIMIT %(limit)s::int4

-- name: unlike_their_parts
-- Bills of which another amount is held than the parts that are held come to: the parts of kind bill alone touch it.
SELECT b.id, of.institution_id, coalesce(p.held, 0)::bigint, b.held_minor
FROM (SELECT * FROM bills_bill WHERE held_minor <> 0
    OR id IN (SELECT bill_id FROM bills_part WHERE is_held AND kind = 'bill')) AS b
JOIN bills_biller AS of ON of.id = b.biller_id
LEFT JOIN (SELECT bill_id, sum(amount_minor) AS held FROM bills_part WHERE is_held AND kind = 'bill' GROUP BY bill_id) AS p
    ON p.bill_id = b.id
WHERE b.held_minor <> coalesce(p.held, 0)
ORDER BY b.id LIMIT %(limit)s::int4
