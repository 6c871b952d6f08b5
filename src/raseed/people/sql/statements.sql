-- The statements of people that matter, each named.

-- name: customers
-- People with the phone number that is theirs now: every page asks for its reader, every statement for the others on it.
SELECT c.id, c.names, i.value, c.language, c.created_at, c.digits, c.session_epoch
FROM people_customer AS c JOIN people_identity AS i ON i.customer_id = c.id
WHERE c.id = ANY(%(ids)s::uuid[]) AND i.channel = 'phone' AND i.scope = '' AND i.until IS NULL

-- name: institution
-- An institution by its id.
SELECT id, slug, names, kind, country, zone, currency_code, default_region
FROM people_institution WHERE id = %(id)s::uuid
