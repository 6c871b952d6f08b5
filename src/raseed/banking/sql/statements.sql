-- The statements of banking that matter: they lock, or they carry thousands of rows.
-- Locks are taken in this order everywhere: accounts, limit counters, (payments), the ledger; each sorted by id.

-- name: accounts
-- An account with its product and what its books say of currency and zone. Goes before one of the three that follow.
SELECT account.id, account.institution_id, account.owner_id, account.ledger, account.name, account.state,
    account.overdraft_allowed, account.opened_on, account.product_id, product.kind, product.names::text,
    books.currency, books.zone

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

-- name: limits_in_force
-- For each product and business date asked for: the limits in force.
SELECT wanted.product_id, wanted.day, in_force.per_transfer_minor, in_force.per_day_minor
FROM unnest(%(products)s::uuid[], %(days)s::date[]) AS wanted(product_id, day)
JOIN LATERAL (
    SELECT per_transfer_minor, per_day_minor FROM banking_product_limit
    WHERE product_id = wanted.product_id AND valid_from <= wanted.day
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

-- name: next_account_numbers
SELECT nextval('banking_account_number') FROM generate_series(1, %(count)s::bigint)

-- name: copy_accounts
COPY banking_account (id, institution_id, owner_id, product_id, ledger, name, state, overdraft_allowed, opened_on, opened_at)
FROM STDIN

-- name: copy_aliases
COPY banking_alias (account_id, kind, value, institution_id, valid_from) FROM STDIN
