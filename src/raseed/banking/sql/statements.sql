-- The statements of banking that matter: they lock, or they carry thousands of rows.
-- Locks are taken in this order everywhere: accounts, limit counters, (payments), the ledger; each sorted by id.

-- name: lock_accounts_for_posting
-- FOR SHARE: many payments may use an account at once, but its state can't change until they have ended.
SELECT id FROM banking_account WHERE id = ANY(%(ids)s) ORDER BY id FOR SHARE

-- name: lock_account_for_change
-- FOR UPDATE: waits for every payment that is using the account, and keeps new ones out until the change is there.
SELECT state FROM banking_account WHERE id = %(id)s FOR UPDATE

-- name: limits_in_force
-- For each spend (account, business date): its currency, and the limits of its product in force on that date.
SELECT spend.account_id, spend.day, books.currency, in_force.per_transfer_minor, in_force.per_day_minor
FROM (SELECT DISTINCT account_id, day FROM unnest(%(accounts)s::uuid[], %(days)s::date[]) AS t(account_id, day)) AS spend
JOIN banking_account AS account ON account.id = spend.account_id
JOIN banking_books AS books ON books.ledger = account.ledger
LEFT JOIN LATERAL (
    SELECT per_transfer_minor, per_day_minor FROM banking_product_limit
    WHERE product_id = account.product_id AND valid_from <= spend.day
    ORDER BY valid_from DESC, id DESC LIMIT 1
) AS in_force ON true

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

-- name: fees_in_force
SELECT wanted.product_id, wanted.event, wanted.day, COALESCE((
    SELECT amount_minor FROM banking_product_fee AS fee
    WHERE fee.product_id = wanted.product_id AND fee.event = wanted.event AND fee.valid_from <= wanted.day
    ORDER BY valid_from DESC, id DESC LIMIT 1), 0)
FROM unnest(%(products)s::uuid[], %(events)s::text[], %(days)s::date[]) AS wanted(product_id, event, day)

-- name: accounts_by_alias
-- Place in the list asked for, and the accounts that each alias names now.
SELECT wanted.place, alias.account_id
FROM unnest(%(kinds)s::text[], %(values)s::text[], %(institutions)s::uuid[])
    WITH ORDINALITY AS wanted(kind, value, institution_id, place)
JOIN banking_alias AS alias ON alias.value = wanted.value AND alias.kind = wanted.kind AND alias.valid_until IS NULL
    AND (wanted.institution_id IS NULL OR alias.institution_id = wanted.institution_id)
ORDER BY wanted.place, alias.id

-- name: next_account_numbers
SELECT nextval('banking_account_number') FROM generate_series(1, %(count)s)

-- name: copy_accounts
COPY banking_account (id, institution_id, owner_id, product_id, ledger, name, state, overdraft_allowed, opened_on, opened_at)
FROM STDIN

-- name: copy_aliases
COPY banking_alias (account_id, kind, value, institution_id, valid_from) FROM STDIN
