-- What reports count. Each statement gives the things that one measure is made of, with what they can be told apart by; a
-- figure is how many of them there are with a value, and the list behind it is these rows themselves (``reports.counting``).
-- Each has: id, subject_kind, subject_id, at. In common: the institution, from when until when, its zone, the instant of now,
-- a team and a channel if only theirs are wanted, and whose figures may be seen (everyone's; those of teams; one's own).
-- ``wall``: what clocks on the wall showed, to the day or the hour; days, months, weekdays and hours are read from it.

-- name: messages
-- Messages that came in, by when they were sent.
SELECT e.id, 'conversation' AS subject_kind, e.conversation_id AS subject_id, e.at,
    date_trunc('hour', e.at AT TIME ZONE %(zone)s) AS wall,
    c.channel::text AS channel, c.line_id AS line, c.team_id AS team
FROM care_entry AS e JOIN care_conversation AS c ON c.id = e.conversation_id
WHERE e.kind = 'in' AND e.at >= %(since)s AND e.at < %(until)s AND c.institution_id = %(institution)s
    AND (%(team)s::uuid IS NULL OR c.team_id = %(team)s) AND (%(channel)s = '' OR c.channel = %(channel)s)

-- name: conversations
-- Conversations, by when they began.
SELECT c.id, 'conversation' AS subject_kind, c.id AS subject_id, c.opened_at AS at,
    (c.opened_at AT TIME ZONE %(zone)s)::date AS wall,
    c.channel::text AS channel, c.line_id AS line, c.team_id AS team
FROM care_conversation AS c
WHERE c.institution_id = %(institution)s AND c.opened_at >= %(since)s AND c.opened_at < %(until)s
    AND (%(team)s::uuid IS NULL OR c.team_id = %(team)s) AND (%(channel)s = '' OR c.channel = %(channel)s)

-- name: answers
-- Answers that were owed: clocks of first and next answers, by when they began, and how each stands now.
SELECT k.id, 'conversation' AS subject_kind, k.subject_id, k.started_at AS at,
    (k.started_at AT TIME ZONE %(zone)s)::date AS wall,
    c.channel::text AS channel, c.line_id AS line, c.team_id AS team,
    CASE WHEN k.stopped_at IS NULL AND (k.breached_at IS NOT NULL OR k.due_at < %(now)s) THEN 'overdue'
        WHEN k.stopped_at IS NULL THEN 'waiting'
        WHEN k.stop_reason <> 'answered' THEN 'unneeded'
        WHEN k.breached_at IS NULL THEN 'in_time' ELSE 'late' END AS standing
FROM care_clock AS k JOIN care_conversation AS c ON c.id = k.subject_id
WHERE k.institution_id = %(institution)s AND k.kind IN ('first_answer', 'next_answer') AND k.subject_kind = 'conversation'
    AND k.started_at >= %(since)s AND k.started_at < %(until)s
    AND (%(team)s::uuid IS NULL OR c.team_id = %(team)s) AND (%(channel)s = '' OR c.channel = %(channel)s)

-- name: cases
-- Cases, by when they were opened.
SELECT k.id, 'case' AS subject_kind, k.id AS subject_id, k.opened_at AS at, k.category::text AS category,
    k.state::text AS standing, k.team_id AS team
FROM care_case AS k
WHERE k.institution_id = %(institution)s AND k.opened_at >= %(since)s AND k.opened_at < %(until)s
    AND (%(team)s::uuid IS NULL OR k.team_id = %(team)s)
    AND (%(channel)s = '' OR EXISTS (SELECT FROM care_conversation AS c WHERE c.case_id = k.id AND c.channel = %(channel)s))

-- name: tagged
-- Conversations by when they began, once for each of their tags.
SELECT c.id, 'conversation' AS subject_kind, c.id AS subject_id, c.opened_at AS at, named.tag::text AS tag, c.team_id AS team
FROM care_conversation AS c CROSS JOIN LATERAL (SELECT DISTINCT unnest(c.tags) AS tag) AS named
WHERE c.institution_id = %(institution)s AND c.opened_at >= %(since)s AND c.opened_at < %(until)s
    AND (%(team)s::uuid IS NULL OR c.team_id = %(team)s) AND (%(channel)s = '' OR c.channel = %(channel)s)

-- name: ended
-- Clocks that ended as they should, answered or settled, by when; to the credit of whoever did it, with the working seconds.
SELECT k.id, k.subject_kind::text AS subject_kind, k.subject_id, k.stopped_at AS at, k.kind::text AS clock, k.team_id AS team,
    CASE WHEN k.stopped_by LIKE 'staff:%%' THEN substr(k.stopped_by, 7)::uuid END AS person,
    CASE WHEN k.breached_at IS NULL THEN 'in_time' ELSE 'late' END AS standing,
    CASE WHEN k.stopped_by = 'staff:' || k.accountable::text THEN 'own' ELSE 'others' END AS whose,
    COALESCE(k.worked_s, CASE WHEN k.unit = 'working' THEN k.used / 1000000 END) AS seconds
FROM care_clock AS k
WHERE k.institution_id = %(institution)s AND k.stopped_at >= %(since)s AND k.stopped_at < %(until)s
    AND (k.kind IN ('first_answer', 'next_answer') AND k.stop_reason = 'answered'
        OR k.kind = 'resolution' AND k.stop_reason IN ('closed', 'done'))
    AND (%(team)s::uuid IS NULL OR k.team_id = %(team)s)
    AND (%(channel)s = '' OR EXISTS (SELECT FROM care_conversation AS c
        WHERE (c.id = k.subject_id OR c.case_id = k.subject_id) AND c.channel = %(channel)s))
    AND (%(everyone)s OR k.team_id = ANY(%(teams)s::uuid[]) OR k.stopped_by = %(my_name)s)

-- name: broken
-- Clocks that ran out, by when; to the name of whoever held them then.
SELECT k.id, k.subject_kind::text AS subject_kind, k.subject_id, k.breached_at AS at, k.kind::text AS clock, k.team_id AS team,
    k.blamed AS person
FROM care_clock AS k
WHERE k.institution_id = %(institution)s AND k.breached_at >= %(since)s AND k.breached_at < %(until)s
    AND k.kind IN ('first_answer', 'next_answer', 'resolution')
    AND (%(team)s::uuid IS NULL OR k.team_id = %(team)s)
    AND (%(channel)s = '' OR EXISTS (SELECT FROM care_conversation AS c
        WHERE (c.id = k.subject_id OR c.case_id = k.subject_id) AND c.channel = %(channel)s))
    AND (%(everyone)s OR k.team_id = ANY(%(teams)s::uuid[]) OR k.blamed = %(me)s::uuid)

-- name: handed
-- What people gave one another: each hand-over once as given and once as taken. Those of the ladder and of shifts are nobody's.
SELECT h.position::text || side.standing AS id, k.subject_kind::text AS subject_kind, k.subject_id, h.at,
    k.kind::text AS clock, k.team_id AS team, side.person, side.standing
FROM care_hand_over AS h JOIN care_clock AS k ON k.id = h.clock_id
    CROSS JOIN LATERAL (VALUES ('given', h.giver), ('taken', h.taker)) AS side (standing, person)
WHERE k.institution_id = %(institution)s AND h.at >= %(since)s AND h.at < %(until)s AND h.by LIKE 'staff:%%'
    AND (%(team)s::uuid IS NULL OR k.team_id = %(team)s)
    AND (%(channel)s = '' OR EXISTS (SELECT FROM care_conversation AS c
        WHERE (c.id = k.subject_id OR c.case_id = k.subject_id) AND c.channel = %(channel)s))
    AND (%(everyone)s OR k.team_id = ANY(%(teams)s::uuid[]) OR side.person = %(me)s::uuid)

-- name: promises
-- Questions kept for later, by the time that was promised first.
SELECT g.id, 'gap' AS subject_kind, g.id AS subject_id, g.first_due_at AS at, g.team_id AS team, g.owner AS person,
    CASE WHEN g.state = 'answered' AND g.answered_at <= g.first_due_at THEN 'kept' WHEN g.state = 'answered' THEN 'late'
        WHEN g.first_due_at < %(now)s THEN 'overdue' ELSE 'waiting' END AS standing
FROM care_gap AS g LEFT JOIN care_conversation AS c ON c.id = g.raised_in
WHERE g.institution_id = %(institution)s AND g.first_due_at >= %(since)s AND g.first_due_at < %(until)s AND g.state <> 'joined'
    AND (%(team)s::uuid IS NULL OR g.team_id = %(team)s) AND (%(channel)s = '' OR c.channel = %(channel)s)
    AND (%(everyone)s OR g.team_id = ANY(%(teams)s::uuid[]) OR g.owner = %(me)s::uuid)

-- name: askers
-- Who was promised an answer to those questions, and whether they were told.
SELECT a.id, 'conversation' AS subject_kind, a.conversation_id AS subject_id, g.first_due_at AS at, g.team_id AS team,
    c.channel::text AS channel,
    CASE WHEN a.state = 'told' AND a.told_at <= g.first_due_at THEN 'kept' WHEN a.state = 'told' THEN 'late'
        WHEN g.state = 'answered' THEN 'untold' WHEN g.first_due_at < %(now)s THEN 'overdue' ELSE 'waiting' END AS standing
FROM care_gap_asker AS a JOIN care_gap AS g ON g.id = a.gap_id JOIN care_conversation AS c ON c.id = a.conversation_id
WHERE g.institution_id = %(institution)s AND g.first_due_at >= %(since)s AND g.first_due_at < %(until)s AND g.state <> 'joined'
    AND a.state <> 'moved' AND (%(team)s::uuid IS NULL OR g.team_id = %(team)s)
    AND (%(channel)s = '' OR c.channel = %(channel)s)

-- name: stopped
-- Replies that the check stopped, and what became of each: the writer's next answer in that conversation, if there was one.
-- It is looked up for each stop by itself, and not at all where nobody asks how they stand; it is picked from all of the
-- writer's answers since, for a LIMIT tempts the planner to walk all entries by time.
SELECT s.id, CASE WHEN s.conversation_id IS NULL THEN '' ELSE 'conversation' END AS subject_kind, s.conversation_id AS subject_id,
    s.at, s.language::text AS language, c.team_id AS team, CASE WHEN s.actor LIKE 'staff:%%' THEN substr(s.actor, 7)::uuid END AS person,
    CASE WHEN s.conversation_id IS NULL THEN 'elsewhere' ELSE COALESCE((
        SELECT CASE (array_agg(e.overridden ORDER BY e.order_at, e.position))[1] WHEN '' THEN 'rewritten' ELSE 'overridden' END
        FROM care_entry AS e
        WHERE e.conversation_id = s.conversation_id AND e.kind = 'out' AND e.actor = s.actor AND e.order_at >= s.at
        HAVING count(*) > 0), 'nothing') END AS standing
FROM care_reply_check AS s LEFT JOIN care_conversation AS c ON c.id = s.conversation_id
WHERE s.institution_id = %(institution)s AND s.at >= %(since)s AND s.at < %(until)s AND s.outcome = 'stopped'
    AND (%(team)s::uuid IS NULL OR c.team_id = %(team)s) AND (%(channel)s = '' OR c.channel = %(channel)s)
    AND (%(everyone)s OR c.team_id = ANY(%(teams)s::uuid[]) OR s.actor = %(my_name)s)

-- name: stopped_kinds
-- The same, once for each kind of what was wrong.
SELECT s.id, CASE WHEN s.conversation_id IS NULL THEN '' ELSE 'conversation' END AS subject_kind, s.conversation_id AS subject_id,
    s.at, s.language::text AS language, c.team_id AS team, s.outcome::text AS standing, named.kind
FROM care_reply_check AS s LEFT JOIN care_conversation AS c ON c.id = s.conversation_id
    CROSS JOIN LATERAL (SELECT DISTINCT split_part(rule, '.', 1) AS kind FROM jsonb_array_elements_text(s.rules) AS rule) AS named
WHERE s.institution_id = %(institution)s AND s.at >= %(since)s AND s.at < %(until)s
    AND (%(team)s::uuid IS NULL OR c.team_id = %(team)s) AND (%(channel)s = '' OR c.channel = %(channel)s)

-- name: overridden
-- Replies that were sent although the check had stopped them, by whom and why.
SELECT s.id, CASE WHEN s.conversation_id IS NULL THEN '' ELSE 'conversation' END AS subject_kind, s.conversation_id AS subject_id,
    s.at, s.language::text AS language, c.team_id AS team, CASE WHEN s.actor LIKE 'staff:%%' THEN substr(s.actor, 7)::uuid END AS person, s.reason::text AS reason
FROM care_reply_check AS s LEFT JOIN care_conversation AS c ON c.id = s.conversation_id
WHERE s.institution_id = %(institution)s AND s.at >= %(since)s AND s.at < %(until)s AND s.outcome = 'overridden'
    AND (%(team)s::uuid IS NULL OR c.team_id = %(team)s) AND (%(channel)s = '' OR c.channel = %(channel)s)
    AND (%(everyone)s OR c.team_id = ANY(%(teams)s::uuid[]) OR s.actor = %(my_name)s)
