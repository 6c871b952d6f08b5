-- The statements of what comes in. The first runs on the rail, on a connection of its own; the others in the worker.

-- name: keep_items
-- Keeps the elements of deliveries, each once for its line, with a job for each line that has new ones, in one statement and so in
-- one transaction. What comes again, in the same bytes or others, changes nothing: two deliveries of the same element at one
-- instant wait for each other at the unique key, and all writers take the keys in one order, so that none waits in a circle.
WITH came AS (
    INSERT INTO channels_item (id, line_id, kind, key, content, received_at, state, attempts, next_try_at, problem)
    SELECT given.id, given.line_id, given.kind, given.key, given.content, %(now)s::timestamptz, 'waiting', 0,
        %(now)s::timestamptz, ''
    FROM unnest(
        %(ids)s::uuid[], %(lines)s::uuid[], %(kinds)s::text[], %(keys)s::text[], %(contents)s::bytea[]
    ) AS given (id, line_id, kind, key, content)
    ORDER BY given.line_id, given.key
    ON CONFLICT (line_id, key) DO NOTHING
    RETURNING line_id
), owed AS (
    SELECT procrastinate_defer_jobs_v1(array_agg(
        ROW ('items', 'channels.work_items', 0, NULL, NULL, jsonb_build_object('line_id', line_id::text), NULL)
            ::procrastinate_job_to_defer_v1
    )) AS jobs
    FROM (SELECT DISTINCT line_id FROM came) AS line
    HAVING count(*) > 0
)
SELECT (SELECT count(*) FROM came), (SELECT count(*) FROM owed);

-- name: claim_items
-- Takes what is due of a line for one try each. The claim is a lease: who dies with it leaves the item to be tried again.
WITH due AS (
    SELECT id FROM channels_item
    WHERE line_id = %(line)s::uuid AND state = 'waiting' AND next_try_at <= %(now)s::timestamptz
    ORDER BY next_try_at, id
    LIMIT %(most)s::int
    FOR UPDATE SKIP LOCKED
)
UPDATE channels_item AS item
SET attempts = item.attempts + 1, next_try_at = %(lease_ends)s::timestamptz
FROM due
WHERE item.id = due.id
RETURNING item.id, item.kind, item.content, item.received_at, item.attempts;

-- name: end_items
-- Ends items that were worked, if the claims still stand; returns those that do.
UPDATE channels_item AS item
SET state = 'done', next_try_at = NULL, ended_at = %(now)s::timestamptz, problem = ended.outcome
FROM unnest(%(ids)s::uuid[], %(attempts)s::int[], %(outcomes)s::text[]) AS ended (id, attempts, outcome)
WHERE item.id = ended.id AND item.state = 'waiting' AND item.attempts = ended.attempts
RETURNING item.id;

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
