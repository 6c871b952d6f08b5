-- The statements of the outbox that run with every batch of payments, each named.

-- name: keep_events
-- Facts of one name and one institution, each at a place of its own.
INSERT INTO platform_event (id, name, version, institution_id, occurred_at, payload)
SELECT given.id, %(name)s::text, %(version)s::smallint, %(institution)s::uuid, %(now)s::timestamptz, given.payload
FROM unnest(%(ids)s::uuid[], %(payloads)s::jsonb[]) AS given(id, payload)
RETURNING position

-- name: anyone_wants
-- Whether an endpoint of an institution that is on wants events of one of these names.
SELECT EXISTS (
    SELECT FROM platform_webhook_endpoint
    WHERE institution_id = %(institution)s::uuid AND state = 'on' AND events ?| %(names)s::text[])
