-- The statements of terms: penalties, waivers, disputes, credit, and orders whose day is over.

-- name: late_parts
-- What was settled of late penalties on bills, and what of it was waived: by orders that are paid or under way.
SELECT p.bill_id, p.kind, p.amount_minor, o.made_at, o.id
FROM bills_part AS p JOIN bills_order AS o ON o.id = p.order_id
WHERE p.bill_id = ANY(%(ids)s::uuid[]) AND p.kind IN ('penalty', 'waiver') AND o.state IN ('held', 'paid')

-- name: waivers_for
-- The waivers that cover days since one, of a biller, for a customer: the first made first.
SELECT w.id, w.first_day, LEAST(w.last_day, COALESCE(w.ended_on, w.last_day))
FROM bills_waiver AS w
WHERE w.institution_id = %(institution)s::uuid AND w.state = 'active' AND w.last_day >= %(since)s::date
    AND (w.biller_id IS NULL OR w.biller_id = %(biller)s::uuid)
    AND (w.for_everyone OR EXISTS (
        SELECT FROM bills_waiver_customer AS c WHERE c.waiver_id = w.id AND c.customer_id = %(customer)s::uuid))
ORDER BY w.made_at, w.id

-- name: add_waiver_customers
-- Whom a waiver is for, all at once.
INSERT INTO bills_waiver_customer (waiver_id, customer_id)
SELECT %(waiver)s::uuid, given.id FROM unnest(%(ids)s::uuid[]) AS given(id) ORDER BY given.id

-- name: spared_days
-- The days that don't count for bills: on which they were disputed, where that was decided, and those that were let off.
SELECT bill_id, opened_on, ended_on FROM bills_dispute
WHERE bill_id = ANY(%(ids)s::uuid[]) AND state IN ('lowered', 'rejected')
UNION ALL
SELECT bill_id, first_day, last_day FROM bills_sparing WHERE bill_id = ANY(%(ids)s::uuid[])

-- name: credits_left
-- What can be used of credits.
SELECT c.biller_id, c.reference, c.kept_minor - c.used_minor - c.held_minor
FROM bills_credit AS c JOIN unnest(%(billers)s::uuid[], %(references)s::text[]) AS given(biller_id, reference)
    ON c.biller_id = given.biller_id AND c.reference = given.reference

-- name: lock_credits
-- What can be used of credits, locked in their order.
SELECT c.biller_id, c.reference, c.kept_minor - c.used_minor - c.held_minor
FROM bills_credit AS c JOIN unnest(%(billers)s::uuid[], %(references)s::text[]) AS given(biller_id, reference)
    ON c.biller_id = given.biller_id AND c.reference = given.reference
ORDER BY c.biller_id, c.reference FOR UPDATE OF c

-- name: move_credits
-- So much more (or less) of each credit is held, and so much more is used.
UPDATE bills_credit AS c SET held_minor = c.held_minor + given.held, used_minor = c.used_minor + given.used
FROM unnest(%(billers)s::uuid[], %(references)s::text[], %(held)s::bigint[], %(used)s::bigint[])
    AS given(biller_id, reference, held, used)
WHERE c.biller_id = given.biller_id AND c.reference = given.reference

-- name: keep_credits
-- What was paid over bills is kept.
INSERT INTO bills_credit AS c (biller_id, reference, kept_minor, used_minor, held_minor)
SELECT given.biller_id, given.reference, given.minor, 0, 0
FROM unnest(%(billers)s::uuid[], %(references)s::text[], %(amounts)s::bigint[]) AS given(biller_id, reference, minor)
ORDER BY given.biller_id, given.reference
ON CONFLICT (biller_id, reference) DO UPDATE SET kept_minor = c.kept_minor + EXCLUDED.kept_minor

-- name: expire_orders
-- Orders that nobody sent in time, so many at once; those that are being paid at this instant are left to that.
UPDATE bills_order SET state = 'expired', ended_at = GREATEST(%(now)s::timestamptz, made_at)
WHERE id IN (
    SELECT id FROM bills_order WHERE state = 'open' AND made_at < %(before)s::timestamptz
    ORDER BY made_at LIMIT %(most)s FOR UPDATE SKIP LOCKED)
RETURNING id
