-- The statements of what goes outside. Locks are taken in this order: lanes, errands, rows of the routes, accounts, limit
-- counters, payments; the ledger posts last.

-- name: lanes_there
SELECT code, closed_at IS NOT NULL FROM payments_lane WHERE code = ANY(%(codes)s::text[])

-- name: make_lanes
INSERT INTO payments_lane (code, institution_id, in_flight_max, deadline_ms, first_pause_s, longest_pause_s, unknown_max_s,
    held_max_s, failures, openings, last_code)
SELECT code, institution_id, %(in_flight_max)s::int4, %(deadline_ms)s::int4, %(first_pause_s)s::int4,
    %(longest_pause_s)s::int4, %(unknown_max_s)s::int4, %(held_max_s)s::int4, 0, 0, ''
FROM unnest(%(codes)s::text[], %(institutions)s::uuid[]) AS t(code, institution_id) ORDER BY code
ON CONFLICT (code) DO NOTHING

-- name: add_errands
INSERT INTO payments_errand (payment_id, lane, institution_id, state, attempt, unknowns, held_at, due_at, last_code)
SELECT payment_id, lane, institution_id, 'held', 0, 0, at, at, ''
FROM unnest(%(ids)s::uuid[], %(lanes)s::text[], %(institutions)s::uuid[], %(held)s::timestamptz[])
    AS t(payment_id, lane, institution_id, at)

-- name: wake_couriers
SELECT pg_notify('payments_errand', '')

-- name: take_probes
-- Open breakers whose pause is over let one errand through, by one courier: whoever moves the pause on has it.
UPDATE payments_lane AS lane SET retry_at = %(now)s::timestamptz + lane.deadline_ms * interval '2 ms' + %(margin)s::interval
WHERE code IN (
    SELECT code FROM payments_lane AS open
    WHERE retry_at <= %(now)s::timestamptz AND EXISTS (
        SELECT FROM payments_errand AS errand WHERE errand.lane = open.code AND errand.due_at <= %(now)s::timestamptz)
    ORDER BY code FOR UPDATE SKIP LOCKED)
RETURNING code

-- name: claim_errands
-- What is due, of each lane as much as it may have in the air. Those that leave for the first time are SENT from here on.
WITH due AS (
    SELECT waiting.payment_id, waiting.state, lane.deadline_ms, lane.in_flight_max,
        lane.code = ANY(%(probing)s::text[]) AS probes
    FROM payments_lane AS lane
    CROSS JOIN LATERAL (
        SELECT errand.payment_id, errand.state, errand.due_at FROM payments_errand AS errand
        WHERE errand.lane = lane.code AND errand.due_at <= %(now)s::timestamptz
            AND (lane.closed_at IS NULL OR errand.state <> 'held')
        ORDER BY errand.due_at, errand.payment_id
        LIMIT CASE
            WHEN lane.code = ANY(%(probing)s::text[]) THEN 1
            WHEN lane.retry_at IS NOT NULL THEN 0
            ELSE greatest(lane.in_flight_max - coalesce((%(busy)s::text::jsonb ->> lane.code)::int4, 0), 0)
        END
        FOR UPDATE SKIP LOCKED
    ) AS waiting
    ORDER BY waiting.due_at
    LIMIT %(most)s::int4
)
UPDATE payments_errand AS errand
SET attempt = errand.attempt + 1, state = CASE errand.state WHEN 'held' THEN 'sent' ELSE errand.state END,
    first_sent_at = coalesce(errand.first_sent_at, greatest(%(now)s::timestamptz, errand.held_at)),
    due_at = %(now)s::timestamptz + due.deadline_ms * interval '2 ms' + %(margin)s::interval
FROM due JOIN payments_payment AS payment ON payment.id = due.payment_id
WHERE errand.payment_id = due.payment_id
RETURNING errand.payment_id, errand.lane, errand.attempt, errand.first_sent_at, due.state = 'held', due.deadline_ms,
    due.in_flight_max, due.probes, payment.route, payment.amount_minor, payment.currency

-- name: overdue_held
-- What never left and won't: its lane is closed, or it was held for as long as it may be.
SELECT errand.payment_id, lane.closed_at IS NOT NULL FROM payments_errand AS errand
JOIN payments_lane AS lane ON lane.code = errand.lane
WHERE errand.state = 'held'
    AND (lane.closed_at IS NOT NULL OR errand.held_at + lane.held_max_s * interval '1 s' <= %(now)s::timestamptz)
ORDER BY errand.held_at, errand.payment_id LIMIT %(limit)s::int4

-- name: overdue_unknown
-- What its lane's open breaker keeps from being asked about, though its time is over. What a courier has is left to it.
SELECT errand.payment_id, errand.state FROM payments_errand AS errand JOIN payments_lane AS lane ON lane.code = errand.lane
WHERE lane.retry_at IS NOT NULL AND errand.due_at <= %(now)s::timestamptz AND errand.state IN ('sent', 'unknown')
    AND errand.first_sent_at + (lane.unknown_max_s + lane.longest_pause_s) * interval '1 s' <= %(now)s::timestamptz
ORDER BY errand.payment_id LIMIT %(limit)s::int4 FOR UPDATE OF errand SKIP LOCKED

-- name: being_asked
-- Those that a courier has taken up and has not concluded, while its lease lasts.
SELECT payment_id FROM payments_errand AS errand
WHERE payment_id = ANY(%(ids)s::uuid[]) AND due_at > %(now)s::timestamptz AND NOT EXISTS (
    SELECT FROM payments_attempt AS attempt
    WHERE attempt.payment_id = errand.payment_id AND attempt.number = errand.attempt)

-- name: lock_errands
SELECT payment_id, lane, state, attempt, unknowns, first_sent_at FROM payments_errand
WHERE payment_id = ANY(%(ids)s::uuid[]) ORDER BY payment_id FOR UPDATE

-- name: lane_terms
SELECT code, in_flight_max, deadline_ms, first_pause_s, longest_pause_s, unknown_max_s, held_max_s FROM payments_lane
WHERE code = ANY(%(codes)s::text[])

-- name: move_payments
-- The next state of each payment, and the next step of its timeline: never earlier than the one before, whatever the clocks of
-- two machines say.
WITH moved AS (
    UPDATE payments_payment AS payment SET state = t.state
    FROM unnest(%(ids)s::uuid[], %(states)s::text[]) AS t(id, state) WHERE payment.id = t.id
)
INSERT INTO payments_step (payment_id, number, at, state, reason_code, reason_params)
SELECT t.id, last.number + 1, greatest(%(at)s::timestamptz, last.at), t.state, t.code, t.params::jsonb
FROM unnest(%(ids)s::uuid[], %(states)s::text[], %(codes)s::text[], %(params)s::text[]) AS t(id, state, code, params)
CROSS JOIN LATERAL (
    SELECT number, at FROM payments_step WHERE payment_id = t.id ORDER BY number DESC LIMIT 1
) AS last

-- name: remove_errands
DELETE FROM payments_errand WHERE payment_id = ANY(%(ids)s::uuid[]) RETURNING payment_id, lane

-- name: put_off_errands
UPDATE payments_errand AS errand SET state = t.state, unknowns = errand.unknowns + 1, due_at = t.due_at, last_code = t.code
FROM unnest(%(ids)s::uuid[], %(states)s::text[], %(due)s::timestamptz[], %(codes)s::text[]) AS t(id, state, due_at, code)
WHERE errand.payment_id = t.id

-- name: add_attempts
INSERT INTO payments_attempt (payment_id, number, asked, began_at, took_ms, answer, code, reference)
SELECT * FROM unnest(%(ids)s::uuid[], %(numbers)s::int4[], %(asked)s::text[], %(began)s::timestamptz[], %(took)s::int4[],
    %(answers)s::text[], %(codes)s::text[], %(references)s::text[])
ON CONFLICT (payment_id, number) DO NOTHING

-- name: lock_lanes
-- Lanes that stayed silent, and those that answered where not all was well before; locked in order of code.
SELECT code, failures, openings, opened_at, retry_at FROM payments_lane
WHERE code = ANY(%(silent)s::text[])
    OR (code = ANY(%(answered)s::text[]) AND (failures > 0 OR retry_at IS NOT NULL))
ORDER BY code FOR UPDATE

-- name: lane_answers
UPDATE payments_lane SET failures = 0, openings = 0, opened_at = NULL, retry_at = NULL WHERE code = %(code)s::text

-- name: lane_fails
UPDATE payments_lane SET failures = %(failures)s::int4, openings = %(openings)s::int4, opened_at = %(opened_at)s::timestamptz,
    retry_at = %(retry_at)s::timestamptz, last_code = %(last_code)s::text
WHERE code = %(code)s::text

-- name: count_errands
SELECT lane, state, count(*) FROM payments_errand WHERE lane = ANY(%(lanes)s::text[]) GROUP BY lane, state

-- name: keep_contradiction
-- An answer that came after the end and says the opposite; the same again is the same.
INSERT INTO payments_contradiction (payment_id, kind, lane, institution_id, reference, code, heard_at)
SELECT %(id)s::uuid, %(kind)s::text, code, institution_id, %(reference)s::text, %(code)s::text, %(now)s::timestamptz
FROM payments_lane WHERE code = %(lane)s::text
ON CONFLICT (payment_id, kind) DO NOTHING
RETURNING institution_id
