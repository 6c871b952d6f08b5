-- The statements of what comes in. The first two run on the rail, on a connection of its own; the others in the worker.

-- name: keep_items
-- Keeps the elements of a delivery, each once for its line, and returns how many are new: two deliveries of the same element
-- at one instant wait for each other at the unique key. What comes again, in the same bytes or others, changes nothing.
WITH came AS (
    INSERT INTO channels_item (id, line_id, kind, key, content, received_at, state, attempts, next_try_at, ended_at, problem)
    SELECT came.id, came.line_id, came.kind, came.key, came.content, %(now)s::timestamptz,
        came.state, 0, CASE came.state WHEN 'waiting' THEN %(now)s::timestamptz END,
        CASE came.state WHEN 'waiting' THEN NULL ELSE %(now)s::timestamptz END, came.problem
    FROM unnest(
        %(ids)s::uuid[], %(lines)s::uuid[], %(kinds)s::text[], %(keys)s::text[], %(contents)s::bytea[],
        %(states)s::text[], %(problems)s::text[]
    ) AS came (id, line_id, kind, key, content, state, problem)
    ON CONFLICT (line_id, key) DO NOTHING
    RETURNING line_id, id, state
)
SELECT id, line_id, state FROM came;

-- name: claim_items
-- Takes what is due of a line for one try each. The claim is a lease: who dies with it leaves the item to be tried again.
WITH due AS (
    SELECT position FROM channels_item
    WHERE line_id = %(line)s::uuid AND state = 'waiting' AND next_try_at <= %(now)s::timestamptz
    ORDER BY next_try_at, position
    LIMIT %(most)s::int
    FOR UPDATE SKIP LOCKED
)
UPDATE channels_item AS item
SET attempts = item.attempts + 1, next_try_at = %(lease_ends)s::timestamptz
FROM due
WHERE item.position = due.position
RETURNING item.position, item.id, item.kind, item.content, item.received_at, item.attempts;

-- name: end_items
-- Ends items that were worked, if the claims still stand.
UPDATE channels_item AS item
SET state = 'done', next_try_at = NULL, ended_at = %(now)s::timestamptz, problem = ended.outcome
FROM unnest(%(positions)s::bigint[], %(attempts)s::int[], %(outcomes)s::text[]) AS ended (position, attempts, outcome)
WHERE item.position = ended.position AND item.state = 'waiting' AND item.attempts = ended.attempts
RETURNING item.position;

-- name: keep_message
-- Keeps a message once for its line and the channel's id of it; no row means that it was known.
INSERT INTO channels_message (
    id, line_id, institution_id, channel, provider_id, scope, external_id, aliases, phone, name, username, kind, text,
    reply_to, sent_at, received_at, late
) VALUES (
    %(id)s::uuid, %(line)s::uuid, %(institution)s::uuid, %(channel)s::text, %(provider_id)s::text, %(scope)s::text,
    %(external_id)s::text, %(aliases)s::jsonb, %(phone)s::text, %(name)s::text, %(username)s::text, %(kind)s::text,
    %(text)s::text, %(reply_to)s::text, %(sent_at)s::timestamptz, %(received_at)s::timestamptz, %(late)s::boolean
)
ON CONFLICT (line_id, provider_id) DO NOTHING
RETURNING id;
