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

-- name: settle_accountable
-- Write down who answers now for what is open in a team's hands, where that is somebody else than before.
UPDATE care_conversation SET accountable = %(to)s::uuid
WHERE institution_id = %(institution)s::uuid AND team_id = %(team)s::uuid
    AND assignee IS NOT DISTINCT FROM %(assignee)s::uuid
    AND state IN ('open', 'waiting') AND accountable <> %(to)s::uuid
RETURNING id, version

-- name: open_groups
-- In whose hands what is open is.
SELECT institution_id, team_id, assignee FROM care_conversation
WHERE state IN ('open', 'waiting')
GROUP BY institution_id, team_id, assignee
