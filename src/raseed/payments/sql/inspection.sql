-- What checks of the books ask about payments. They change nothing.

-- name: stuck
-- Errands that are older than their lanes' terms let them be, and why; the worst first.
SELECT * FROM (
    SELECT errand.payment_id, errand.institution_id, errand.state, errand.held_at, CASE
        WHEN errand.state = 'referred' THEN
            CASE WHEN errand.held_at + (lane.unknown_max_s + %(referred_s)s::int4) * interval '1 s' <= %(now)s::timestamptz
                THEN 'referred_for_long' END
        WHEN errand.state = 'held' AND errand.held_at + (lane.held_max_s + %(grace_s)s::int4) * interval '1 s' <= %(now)s::timestamptz
            THEN 'held_for_long'
        WHEN errand.state IN ('sent', 'unknown') AND errand.first_sent_at
            + (lane.unknown_max_s + lane.longest_pause_s + %(grace_s)s::int4) * interval '1 s' <= %(now)s::timestamptz
            THEN 'unknown_for_long'
        WHEN lane.retry_at IS NULL AND errand.due_at + %(grace_s)s::int4 * interval '1 s' <= %(now)s::timestamptz
            THEN 'nobody_asks'
        END AS why
    FROM payments_errand AS errand JOIN payments_lane AS lane ON lane.code = errand.lane) AS found
WHERE why IS NOT NULL
ORDER BY held_at, payment_id LIMIT %(limit)s::int4

-- name: without_errand
-- Payments that have not ended and that no errand is about, and those whose errand says another state: one pass over payments.
SELECT p.id, p.from_account_id, p.state, coalesce(e.state, '')
FROM payments_payment AS p LEFT JOIN payments_errand AS e ON e.payment_id = p.id
WHERE (p.state IN ('accepted', 'held', 'sent', 'unknown', 'referred') OR e.payment_id IS NOT NULL)
    AND p.state IS DISTINCT FROM e.state
ORDER BY p.id LIMIT %(limit)s::int4

-- name: open_payments
-- A page of the payments whose errands have not ended, in the order of ids.
SELECT payment_id FROM payments_errand WHERE payment_id > %(after)s::uuid ORDER BY payment_id LIMIT %(limit)s::int4

-- name: payments_from
-- A page of payments in the order in which they came.
SELECT position, id FROM payments_payment WHERE position > %(after)s::int8 ORDER BY position LIMIT %(limit)s::int4

-- name: last_position
SELECT coalesce(max(position), 0) FROM payments_payment

-- name: lock_payment
SELECT state FROM payments_payment WHERE id = %(id)s::uuid FOR UPDATE
