-- The statements of payment orders from files. An order's row is locked before anything that its payments lock.

-- name: hold_order
-- One process at a time works on an order. Held by the connection, so it is let go of when the process dies, however.
SELECT pg_try_advisory_lock(hashtextextended('payments_order:' || %(id)s::uuid::text, 0))

-- name: let_go_of_order
SELECT pg_advisory_unlock(hashtextextended('payments_order:' || %(id)s::uuid::text, 0))

-- name: copy_order_file
COPY payments_order_file (order_id, number, piece) FROM STDIN (FORMAT BINARY)

-- name: order_file_piece
SELECT piece FROM payments_order_file WHERE order_id = %(id)s::uuid AND number = %(number)s::int4

-- name: copy_order_entries
COPY payments_order_entry (order_id, position, block, line, payment_id, instruction_id, end_to_end_id, uetr, to_kind,
    to_value, amount_minor, note)
FROM STDIN (FORMAT BINARY)

-- name: order_entries
SELECT position, payment_id, to_kind, to_value, amount_minor, note FROM payments_order_entry
WHERE order_id = %(id)s::uuid AND position >= %(first)s::int4 AND position < %(end)s::int4 ORDER BY position

-- name: take_block
-- Whether the order is still to be carried out, and where its block is: what else was read must not be used if it moved.
SELECT ordered.state, block.next_position FROM payments_order AS ordered
JOIN payments_order_block AS block ON block.order_id = ordered.id AND block.number = %(number)s::int4
WHERE ordered.id = %(id)s::uuid FOR UPDATE

-- name: advance_block
UPDATE payments_order_block SET next_position = next_position + %(settled)s::int4 + %(refused)s::int4,
    settled_count = settled_count + %(settled)s::int4, settled_minor = settled_minor + %(settled_minor)s::int8,
    refused_count = refused_count + %(refused)s::int4, fees_minor = fees_minor + %(fees_minor)s::int8
WHERE order_id = %(id)s::uuid AND number = %(number)s::int4

-- name: unfinished_orders
-- Orders that somebody should be working on, and nobody has for a while: their job was lost, or their date has come.
SELECT id, state FROM payments_order AS ordered
WHERE touched_at < %(before)s::timestamptz AND (state IN ('received', 'validating') OR (state = 'executing' AND EXISTS (
    SELECT FROM payments_order_block
    WHERE order_id = ordered.id AND due_at <= %(now)s::timestamptz AND next_position < first_position + payment_count)))
ORDER BY touched_at LIMIT %(limit)s::int4

-- name: order_results
-- What became of each payment of an order; those that have not ended have no state.
SELECT entry.position, entry.block, entry.instruction_id, entry.end_to_end_id, entry.uetr, entry.payment_id, payment.state,
    step.at, step.reason_code, step.reason_params::text
FROM payments_order_entry AS entry
LEFT JOIN payments_payment AS payment ON payment.id = entry.payment_id
LEFT JOIN payments_step AS step ON step.payment_id = payment.id AND step.state = payment.state
WHERE entry.order_id = %(id)s::uuid AND entry.position >= %(first)s::int4
ORDER BY entry.position LIMIT %(limit)s::int4

-- name: purge_order_files
DELETE FROM payments_order_file WHERE order_id IN (
    SELECT ordered.id FROM payments_order AS ordered
    WHERE ordered.ended_at < %(before)s::timestamptz
        AND EXISTS (SELECT FROM payments_order_file WHERE order_id = ordered.id)
    ORDER BY ordered.ended_at LIMIT %(limit)s::int4)
