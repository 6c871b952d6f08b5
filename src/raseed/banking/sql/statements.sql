-- The statements of banking that matter: they lock, or they carry thousands of rows.
-- Locks are taken in this order everywhere: accounts, limit counters, (payments), the ledger; each sorted by id.

-- name: accounts
-- An account with its product and what its books say of currency and zone. Goes before one of the three that follow.
SELECT account.id, account.institution_id, account.owner_id, account.ledger, account.name, account.state,
    account.overdraft_allowed, account.opened_on, account.block_reason, account.product_id, product.kind,
    product.names::text, product.code, product.day_count, books.currency, books.zone

-- name: accounts_by_id
FROM banking_account AS account
JOIN banking_product AS product ON product.id = account.product_id
JOIN banking_books AS books ON books.ledger = account.ledger
WHERE account.id = ANY(%(ids)s::uuid[])

-- name: accounts_by_owner
FROM banking_account AS account
JOIN banking_product AS product ON product.id = account.product_id
JOIN banking_books AS books ON books.ledger = account.ledger
WHERE account.owner_id = %(owner)s::uuid
ORDER BY account.state = 'closed', account.opened_at, account.id

-- name: accounts_by_alias
-- The place in the list asked for comes last: an alias may name accounts at several institutions.
    , wanted.place
FROM unnest(%(kinds)s::text[], %(values)s::text[], %(institutions)s::uuid[])
    WITH ORDINALITY AS wanted(kind, value, institution_id, place)
JOIN banking_alias AS alias ON alias.value = wanted.value AND alias.kind = wanted.kind AND alias.valid_until IS NULL
    AND (wanted.institution_id IS NULL OR alias.institution_id = wanted.institution_id)
JOIN banking_account AS account ON account.id = alias.account_id
JOIN banking_product AS product ON product.id = account.product_id
JOIN banking_books AS books ON books.ledger = account.ledger
ORDER BY wanted.place, alias.id

-- name: aliases_of_accounts
SELECT account_id, kind, value, valid_from, valid_until FROM banking_alias
WHERE account_id = ANY(%(ids)s::uuid[]) ORDER BY id

-- name: lock_accounts_for_posting
-- FOR SHARE: many payments may use an account at once, but its state can't change until they have ended.
SELECT id, state, ledger FROM banking_account WHERE id = ANY(%(ids)s::uuid[]) ORDER BY id FOR SHARE

-- name: lock_account_for_change
-- FOR UPDATE: waits for every payment that is using the account, and keeps new ones out until the change is there.
SELECT state FROM banking_account WHERE id = %(id)s::uuid FOR UPDATE

-- name: quiet_accounts
-- Open accounts of a product that were last seen used on or before a date, the longest quiet first; those that a payment
-- is using at this moment are not quiet. Their counters are read afterwards, under the lock.
SELECT id, quiet_since FROM banking_account
WHERE product_id = %(product)s::uuid AND state = 'open' AND quiet_since <= %(cut_off)s::date
ORDER BY quiet_since, id LIMIT %(limit)s::int4 FOR UPDATE SKIP LOCKED

-- name: dormancy_in_force
-- The rule in force of every product that has one: its months, since when it was noted who uses an account, and the zone.
SELECT product.id, product.institution_id, product.zone, rule.months, rule.watched_since
FROM (SELECT product.id, books.institution_id, books.zone FROM banking_product AS product
      JOIN banking_books AS books ON books.ledger = product.ledger) AS product
CROSS JOIN LATERAL (
    SELECT months, watched_since FROM banking_product_dormancy
    WHERE product_id = product.id AND valid_from <= (%(now)s::timestamptz AT TIME ZONE product.zone)::date
    ORDER BY valid_from DESC, id DESC LIMIT 1
) AS rule
WHERE rule.months IS NOT NULL
ORDER BY product.id

-- name: savings_due
-- Savings accounts whose interest is not credited through the last day of a month that has ended, those that have waited
-- longest first; what is credited leaves the list, what could not be is passed over. Closed ones were credited then.
SELECT savings.account_id, savings.credited_through FROM banking_savings AS savings
JOIN banking_account AS account ON account.id = savings.account_id AND account.state <> 'closed'
WHERE savings.credited_through < %(through)s::date
    AND (savings.credited_through, savings.account_id) > (%(after_day)s::date, %(after)s::uuid)
ORDER BY savings.credited_through, savings.account_id LIMIT %(limit)s::int4

-- name: lock_savings
-- After the accounts, before the ledger; in order of id.
SELECT account_id, credited_through, carried_units FROM banking_savings
WHERE account_id = ANY(%(ids)s::uuid[]) ORDER BY account_id FOR UPDATE

-- name: move_savings
UPDATE banking_savings AS savings SET credited_through = t.day, carried_units = t.carried
FROM unnest(%(accounts)s::uuid[], %(days)s::date[], %(carried)s::bigint[]) AS t(account_id, day, carried)
WHERE savings.account_id = t.account_id

-- name: loans_due
-- Loans with an instalment whose interest is to be charged by a date, in order; see savings_due.
SELECT account_id, next_due_on FROM banking_loan
WHERE next_due_on <= %(by)s::date AND (next_due_on, account_id) > (%(after_day)s::date, %(after)s::uuid)
ORDER BY next_due_on, account_id LIMIT %(limit)s::int4

-- name: accounts_by_alias_part
-- Accounts of an institution with an alias that begins or ends so: two ranges of an index, no scan. A range by the bytes
-- (~>=~, ~<~) rather than LIKE, which a prepared statement with a parameter can't look up.
SELECT DISTINCT account_id FROM (
    (SELECT account_id FROM banking_alias
     WHERE value ~>=~ %(begins)s::text AND value ~<~ %(begins_until)s::text AND institution_id = %(institution)s::uuid
     LIMIT %(limit)s::int4)
    UNION ALL
    (SELECT account_id FROM banking_alias
     WHERE reverse(value) ~>=~ %(ends)s::text AND reverse(value) ~<~ %(ends_until)s::text
        AND institution_id = %(institution)s::uuid
     LIMIT %(limit)s::int4)
) AS found LIMIT %(limit)s::int4

-- name: limits_in_force
-- For each product and business date asked for: the limits in force, and whether it is noted who uses an account because
-- those that nobody uses become dormant.
SELECT wanted.product_id, wanted.day, in_force.per_transfer_minor, in_force.per_day_minor,
    EXISTS (SELECT FROM banking_product_dormancy WHERE product_id = wanted.product_id)
FROM unnest(%(products)s::uuid[], %(days)s::date[]) AS wanted(product_id, day)
LEFT JOIN LATERAL (
    SELECT per_transfer_minor, per_day_minor FROM banking_product_limit
    WHERE product_id = wanted.product_id AND valid_from <= wanted.day
    ORDER BY valid_from DESC, id DESC LIMIT 1
) AS in_force ON true

-- name: own_limits_in_force
-- For each account and business date asked for: its own limits, for the few accounts that have some.
SELECT wanted.account_id, wanted.day, in_force.per_transfer_minor, in_force.per_day_minor
FROM unnest(%(accounts)s::uuid[], %(days)s::date[]) AS wanted(account_id, day)
CROSS JOIN LATERAL (
    SELECT per_transfer_minor, per_day_minor FROM banking_account_limit
    WHERE account_id = wanted.account_id AND valid_from <= wanted.day
    ORDER BY valid_from DESC, id DESC LIMIT 1
) AS in_force

-- name: lock_counters
-- Makes the counters that are missing, moves the window of those whose day is over, locks all, in order of id. A
-- window never moves back: a late-comer counts in the window that is open.
INSERT INTO banking_limit_counter AS counter (account_id, day, used_minor)
SELECT account_id, day, 0 FROM unnest(%(accounts)s::uuid[], %(days)s::date[]) AS t(account_id, day) ORDER BY account_id
ON CONFLICT (account_id) DO UPDATE SET
    day = GREATEST(counter.day, EXCLUDED.day),
    used_minor = CASE WHEN counter.day < EXCLUDED.day THEN 0 ELSE counter.used_minor END
RETURNING account_id, day, used_minor

-- name: write_counters
UPDATE banking_limit_counter AS counter SET day = t.day, used_minor = t.used_minor
FROM unnest(%(accounts)s::uuid[], %(days)s::date[], %(used)s::bigint[]) AS t(account_id, day, used_minor)
WHERE counter.account_id = t.account_id

-- name: give_back_to_counters
UPDATE banking_limit_counter AS counter SET used_minor = GREATEST(counter.used_minor - back.amount_minor, 0)
FROM (
    SELECT account_id, given.day, given.amount_minor
    FROM banking_limit_counter AS locked
    JOIN (
        SELECT account_id, day, sum(amount_minor)::bigint AS amount_minor
        FROM unnest(%(accounts)s::uuid[], %(days)s::date[], %(amounts)s::bigint[]) AS t(account_id, day, amount_minor)
        GROUP BY account_id, day
    ) AS given USING (account_id)
    WHERE locked.day = given.day
    ORDER BY account_id FOR UPDATE OF locked
) AS back
WHERE counter.account_id = back.account_id AND counter.day = back.day

-- name: fees_in_force
SELECT wanted.product_id, wanted.event, wanted.day, COALESCE((
    SELECT amount_minor FROM banking_product_fee AS fee
    WHERE fee.product_id = wanted.product_id AND fee.event = wanted.event AND fee.valid_from <= wanted.day
    ORDER BY valid_from DESC, id DESC LIMIT 1), 0)
FROM unnest(%(products)s::uuid[], %(events)s::text[], %(days)s::date[]) AS wanted(product_id, event, day)

-- name: next_account_numbers
SELECT nextval('banking_account_number') FROM generate_series(1, %(count)s::bigint)

-- name: copy_accounts
COPY banking_account (id, institution_id, owner_id, product_id, ledger, name, state, overdraft_allowed, opened_on, opened_at,
    quiet_since)
FROM STDIN

-- name: copy_savings
COPY banking_savings (account_id, credited_through, carried_units) FROM STDIN

-- name: copy_aliases
COPY banking_alias (account_id, kind, value, institution_id, valid_from) FROM STDIN
