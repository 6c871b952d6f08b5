-- The statements of payments that carry thousands of rows. Payments are written after accounts and limit counters were
-- locked, and before the ledger posts; a repeated id violates the unique key and rolls all of it back.

-- name: payments_there
-- Nearly always none: who sends for the first time pays for one look at the unique key.
SELECT id FROM payments_payment WHERE id = ANY(%(ids)s::uuid[])

-- name: notes_of_payments
-- For a statement, of ten thousand payments at a time.
SELECT id, note, route FROM payments_payment WHERE id = ANY(%(ids)s::uuid[])

-- name: copy_payments
COPY payments_payment (id, state, actor_customer_id, from_account_id, to_kind, to_value, to_institution_id, to_account_id,
    recipient_id, route, amount_minor, fee_minor, currency, note, instructed_at, booked_on)
FROM STDIN (FORMAT BINARY)

-- name: copy_steps
COPY payments_step (payment_id, number, at, state, reason_code, reason_params) FROM STDIN (FORMAT BINARY)
