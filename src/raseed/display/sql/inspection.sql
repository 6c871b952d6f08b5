-- What checks of the books ask of shown balances, generations and trees. They change nothing.

-- name: never_change
-- What of the small tables never changes once it is there, a row each, in order: what it is about, and what it says.
SELECT 'generation:' || number, jsonb_build_array(number, projector, opened_at)::text FROM display_generation
UNION ALL
SELECT 'pointer:' || epoch, jsonb_build_array(one, live_id, previous_id, canary_id, percent, changed_at,
    (SELECT jsonb_agg(account_id ORDER BY account_id) FROM display_canary))::text FROM display_pointer
UNION ALL
SELECT 'tree:' || ledger, jsonb_build_array(ledger, tree_id, currency, scale, opened_at)::text FROM display_tree
UNION ALL
SELECT 'rounds:' || id / 1000, said FROM (SELECT id, to_jsonb(r)::text AS said FROM display_round AS r ORDER BY id) AS rounds

-- name: rows_by_generation
-- How many rows there are, by generation, and the latest batch that any of them names: one pass over all shown balances.
SELECT generation, count(*), max(position) FROM display_shown GROUP BY generation ORDER BY generation

-- name: shown_rows
-- What is kept to be shown of these accounts, in all generations.
SELECT generation, ledger, account_id, booked, held, position FROM display_shown WHERE account_id = ANY(%(ids)s::uuid[])
ORDER BY account_id, generation

-- name: trees
-- The trees, with what was signed last.
SELECT ledger, tree_id, trim(currency), scale, codes, trouble, suspects, capacity, accounts, owed, owing, batch, as_of, signed_at, note
FROM display_tree ORDER BY ledger

-- name: rounds
-- The latest that was signed and kept.
SELECT id, tree_id, capacity, owed, owing, batch, as_of, note FROM display_round ORDER BY id DESC LIMIT %(limit)s::int4
