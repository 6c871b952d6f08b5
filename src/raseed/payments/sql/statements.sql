-- The statements of payments that carry thousands of rows. Payments are written after accounts and limit counters were
-- locked, and before the ledger posts; a repeated id violates the unique key and rolls all of it back.

-- name: payments_there
-- Nearly always none: who sends for the first time pays for one look at the unique key.
SELECT id FROM payments_payment WHERE id = ANY(%(ids)s::uuid[])

-- name: payments_told
-- Payments with their timelines, each timeline in four arrays of one length.
SELECT p.id, p.state, p.actor_customer_id, p.from_account_id, p.to_account_id, p.recipient_id, p.to_kind, p.to_value,
    p.to_institution_id, p.amount_minor, p.fee_minor, p.currency, p.note, p.route, p.instructed_at, p.booked_on, t.at, t.states,
    t.reasons, t.params
FROM payments_payment AS p CROSS JOIN LATERAL (
    SELECT array_agg(s.at ORDER BY s.number) AS at, array_agg(s.state ORDER BY s.number) AS states,
        array_agg(s.reason_code ORDER BY s.number) AS reasons, array_agg(s.reason_params::text ORDER BY s.number) AS params
    FROM payments_step AS s WHERE s.payment_id = p.id) AS t
WHERE p.id = ANY(%(ids)s::uuid[])

-- name: notes_of_payments
-- For a statement, of ten thousand payments at a time.
SELECT id, note, route FROM payments_payment WHERE id = ANY(%(ids)s::uuid[])

-- name: copy_payments
COPY payments_payment (id, state, actor_customer_id, from_account_id, to_kind, to_value, to_institution_id, to_account_id,
    recipient_id, route, amount_minor, fee_minor, currency, note, instructed_at, booked_on)
FROM STDIN (FORMAT BINARY)

-- name: copy_steps
COPY payments_step (payment_id, number, at, state, reason_code, reason_params) FROM STDIN (FORMAT BINARY)
