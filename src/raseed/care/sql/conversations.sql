-- name: counts
-- How many conversations are in each list of somebody's inbox: one walk over those that are not closed.
SELECT
    count(*) FILTER (
        WHERE assignee = %(me)s::uuid OR (accountable = %(me)s::uuid AND unanswered_since IS NOT NULL)
    )::int,
    count(*) FILTER (WHERE team_id = ANY (%(teams)s::uuid[]))::int,
    count(*) FILTER (WHERE assignee IS NULL)::int,
    count(*) FILTER (WHERE unanswered_since IS NOT NULL)::int,
    count(*) FILTER (WHERE state = 'waiting')::int,
    count(*) FILTER (WHERE breached_at IS NOT NULL AND unanswered_since IS NOT NULL)::int,
    count(*)::int
FROM care_conversation
WHERE institution_id = %(institution)s::uuid AND state IN ('open', 'waiting')

-- name: found_latest
-- Entries that what was typed fits, among the latest of all: quick for words that many write.
SELECT conversation_id, id, at FROM (
    SELECT conversation_id, id, at, words FROM care_entry
    WHERE kind IN ('in', 'out') ORDER BY at DESC, id DESC LIMIT %(among)s::int
) AS latest
WHERE words @@ %(query)s::tsquery
ORDER BY at DESC, id DESC
LIMIT %(most)s::int

-- name: found_anywhere
-- Entries that what was typed fits, by the index: quick for words that few write; at most so many are put in order.
SELECT conversation_id, id, at FROM (
    SELECT conversation_id, id, at FROM care_entry WHERE words @@ %(query)s::tsquery LIMIT %(candidates)s::int
) AS found
ORDER BY at DESC, id DESC
LIMIT %(most)s::int

-- name: settle_accountable
-- Write down who answers now for what waits for an answer in a team's hands, where that is somebody else than before.
UPDATE care_conversation SET accountable = %(to)s::uuid
WHERE institution_id = %(institution)s::uuid AND team_id = %(team)s::uuid
    AND assignee IS NOT DISTINCT FROM %(assignee)s::uuid
    AND unanswered_since IS NOT NULL AND accountable <> %(to)s::uuid
RETURNING id, version

-- name: owed_groups
-- In whose hands what waits for an answer is.
SELECT institution_id, team_id, assignee FROM care_conversation
WHERE unanswered_since IS NOT NULL
GROUP BY institution_id, team_id, assignee
