-- name: limits_for_share
-- The limits in force that somebody has, by themselves or by their roles; nobody changes one until the transaction ends.
SELECT id, holder_kind, holder_id, per_act_minor, per_day_minor, per_customer_minor, per_day_count, per_customer_count,
    window_days, set_at
FROM care_authority_limit
WHERE institution_id = %(institution)s::uuid AND action = %(action)s::text AND currency = %(currency)s::text
    AND ended_at IS NULL
    AND (holder_kind = 'staff' AND holder_id = %(staff)s::uuid
        OR holder_kind = 'role' AND holder_id = ANY(%(roles)s::uuid[]))
ORDER BY id FOR SHARE

-- name: make_counters
-- The two counters that one decision needs, made where they are not there yet.
INSERT INTO care_authority_counter (institution_id, owner_kind, owner_id, action, currency, day_minor, grants)
VALUES (%(institution)s::uuid, 'customer', %(customer)s::uuid, %(action)s::text, %(currency)s::text, 0, 0),
    (%(institution)s::uuid, 'staff', %(staff)s::uuid, %(action)s::text, %(currency)s::text, 0, 0)
ON CONFLICT DO NOTHING

-- name: lock_counters
-- Both, locked in the order of their key: the customer's before the person's, always.
SELECT owner_kind, day, day_minor, grants FROM care_authority_counter
WHERE institution_id = %(institution)s::uuid AND action = %(action)s::text AND currency = %(currency)s::text
    AND (owner_kind = 'customer' AND owner_id = %(customer)s::uuid OR owner_kind = 'staff' AND owner_id = %(staff)s::uuid)
ORDER BY institution_id, owner_kind, owner_id, action, currency FOR NO KEY UPDATE

-- name: customer_given
-- What a customer got of an action by whomever: since the window's beginning, and of late; void deeds left out.
SELECT count(*) FILTER (WHERE at > %(since)s::timestamptz),
    COALESCE(sum(amount_minor) FILTER (WHERE at > %(since)s::timestamptz), 0)::bigint,
    COALESCE(sum(amount_minor) FILTER (WHERE at > %(lately)s::timestamptz), 0)::bigint
FROM care_authority_grant
WHERE institution_id = %(institution)s::uuid AND customer_id = %(customer)s::uuid AND action = %(action)s::text
    AND currency = %(currency)s::text AND void_at IS NULL
    AND at > LEAST(%(since)s::timestamptz, %(lately)s::timestamptz)

-- name: use_customer_counter
-- One more grant to a customer.
UPDATE care_authority_counter SET grants = grants + 1
WHERE institution_id = %(institution)s::uuid AND owner_kind = 'customer' AND owner_id = %(customer)s::uuid
    AND action = %(action)s::text AND currency = %(currency)s::text
RETURNING grants

-- name: use_staff_counter
-- One more grant of somebody's day; the first of a day begins at one.
UPDATE care_authority_counter
SET day_minor = CASE WHEN day = %(day)s::date THEN day_minor ELSE 0 END + %(minor)s::bigint,
    grants = CASE WHEN day = %(day)s::date THEN grants ELSE 0 END + 1,
    day = %(day)s::date
WHERE institution_id = %(institution)s::uuid AND owner_kind = 'staff' AND owner_id = %(staff)s::uuid
    AND action = %(action)s::text AND currency = %(currency)s::text
RETURNING day_minor, grants

-- name: granted
-- What was granted per action, currency, person and day; what failed afterwards is left out.
SELECT g.action, g.currency, g.staff_id, g.day, count(*), sum(g.amount_minor)::bigint, count(*) FILTER (WHERE r.split),
    count(*) FILTER (WHERE r.decided_by IS NOT NULL)
FROM care_authority_grant AS g JOIN care_authority_request AS r ON r.id = g.request_id
WHERE g.institution_id = %(institution)s::uuid AND g.day BETWEEN %(since)s::date AND %(until)s::date AND g.void_at IS NULL
GROUP BY g.action, g.currency, g.staff_id, g.day
ORDER BY g.day DESC, g.action, g.currency, g.staff_id
