-- Statements over display_shown, for generations/rows.py and queries.py.

-- name: copy_in
COPY display_shown (generation, ledger, account_id, booked, held, position) FROM STDIN (FORMAT BINARY)

-- name: add
-- Add to rows by key; answers which were there.
UPDATE display_shown s SET booked = s.booked + d.booked, held = s.held + d.held, position = d.position
FROM unnest(%(ids)s::uuid[], %(booked)s::int8[], %(held)s::int8[], %(positions)s::int8[]) d (id, booked, held, position)
WHERE s.generation = %(generation)s AND s.account_id = d.id
RETURNING s.account_id

-- name: no_index
-- Before pages are read portion by portion: the index on the generation would be read whole for each of them.
SET LOCAL enable_indexscan = off; SET LOCAL enable_indexonlyscan = off; SET LOCAL enable_bitmapscan = off

-- name: pages
SELECT pg_relation_size('display_shown'::regclass) / current_setting('block_size')::int8

-- name: packed
-- All rows of a generation in a range of pages, packed into one value.
SELECT string_agg(int4send(ledger) || uuid_send(account_id) || int8send(booked) || int8send(held) || int8send(position), '')
FROM display_shown WHERE ctid >= %(start)s::tid AND ctid < %(end)s::tid AND generation = %(generation)s

-- name: set
-- Set rows by key, whatever they were; answers those that are other than they were, and whether they are new.
INSERT INTO display_shown AS s (generation, ledger, account_id, booked, held, position)
SELECT %(generation)s, d.ledger, d.id, d.booked, d.held, d.position
FROM unnest(%(ids)s::uuid[], %(ledgers)s::int4[], %(booked)s::int8[], %(held)s::int8[], %(positions)s::int8[])
    d (id, ledger, booked, held, position)
ORDER BY d.id
ON CONFLICT (generation, account_id) DO UPDATE
    SET ledger = excluded.ledger, booked = excluded.booked, held = excluded.held, position = excluded.position
    WHERE (s.ledger, s.booked, s.held) IS DISTINCT FROM (excluded.ledger, excluded.booked, excluded.held)
RETURNING s.account_id, s.xmax = 0

-- name: take_out
DELETE FROM display_shown WHERE generation = %(generation)s AND account_id = ANY(%(ids)s::uuid[]) RETURNING account_id

-- name: rows_of
-- A generation's rows of a few accounts, with the batch that it has come to, in one snapshot.
SELECT g.built_to, s.account_id, s.ledger, s.booked, s.held, s.position
FROM display_generation g
LEFT JOIN display_shown s ON s.generation = g.number AND s.account_id = ANY(%(ids)s::uuid[])
WHERE g.number = %(generation)s

-- name: sweep
-- Take out rows of a generation, so many at a time.
DELETE FROM display_shown WHERE generation = %(generation)s AND account_id IN (
    SELECT account_id FROM display_shown WHERE generation = %(generation)s LIMIT %(most)s)

-- name: for_screens
-- What a page needs in one look: the pointer, and the accounts' rows of what is live and of the canary.
SELECT p.live_id, p.canary_id, p.percent, g.number, g.built_to, s.account_id, s.ledger, s.booked, s.held,
       CASE WHEN p.canary_id IS NULL THEN '{}'
            ELSE ARRAY(SELECT c.account_id FROM display_canary c WHERE c.account_id = ANY(%(ids)s::uuid[])) END
FROM display_pointer p
JOIN display_generation g ON g.number IN (p.live_id, p.canary_id)
LEFT JOIN display_shown s ON s.generation = g.number AND s.account_id = ANY(%(ids)s::uuid[])

-- name: some
-- A few accounts that a generation shows: as many pages by chance as hold enough rows, were they all this generation's.
SELECT account_id FROM display_shown TABLESAMPLE SYSTEM (
    (SELECT least(100, 100.0 * 2 * %(count)s / greatest(1, reltuples)) FROM pg_class WHERE oid = 'display_shown'::regclass))
WHERE generation = %(generation)s ORDER BY random() LIMIT %(count)s
