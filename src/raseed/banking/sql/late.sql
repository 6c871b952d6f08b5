-- Late penalties of loans: what was charged, what is spared, and whose turn it is to be counted.

-- name: penalties_charged
-- Of each instalment of some loans, what was charged less what was taken back; and what was taken back of it.
SELECT loan_id, period_end, sum(amount_minor)::bigint, (-sum(LEAST(amount_minor, 0)))::bigint
FROM banking_loan_penalty WHERE loan_id = ANY(%(ids)s::uuid[])
GROUP BY loan_id, period_end

-- name: last_penalty_numbers
SELECT loan_id, max(number) FROM banking_loan_penalty WHERE loan_id = ANY(%(ids)s::uuid[]) GROUP BY loan_id

-- name: spared_loans
-- The days that waivers in force take out, of each loan that they are for.
SELECT account.id, waiver.first_day, LEAST(waiver.last_day, waiver.ended_on)
FROM banking_account AS account
JOIN banking_penalty_waiver AS waiver ON waiver.institution_id = account.institution_id AND waiver.state = 'active'
    AND (waiver.product_id IS NULL OR waiver.product_id = account.product_id)
WHERE account.id = ANY(%(ids)s::uuid[]) AND (
    waiver.scope = 'everyone'
    OR EXISTS (
        SELECT FROM banking_penalty_waiver_member AS member
        WHERE member.waiver_id = waiver.id
            AND member.member_id = CASE waiver.scope WHEN 'loans' THEN account.id ELSE account.owner_id END
    )
)
ORDER BY account.id, waiver.first_day, waiver.id

-- name: loans_to_count
-- Loans with a penalty rule of which an instalment has been charged, that were not counted since the day began where they
-- are, or since a waiver came or went there; in order of id. Loans of imported books have no rule.
-- A count that ran while a waiver was being confirmed did not see it, and is marked as later: so who was counted within the
-- hour after a waiver is counted once more by the next run.
SELECT loan.account_id FROM banking_loan AS loan
JOIN banking_account AS account ON account.id = loan.account_id AND account.state <> 'closed'
JOIN banking_books AS books ON books.ledger = account.ledger
WHERE loan.penalty_rule_id IS NOT NULL AND loan.charged_through > 0 AND loan.account_id > %(after)s::uuid
    AND (
        loan.penalties_counted_at IS NULL
        OR loan.penalties_counted_at
            < (%(now)s::timestamptz AT TIME ZONE books.zone)::date::timestamp AT TIME ZONE books.zone
        OR EXISTS (
            SELECT FROM banking_penalty_waiver AS waiver
            WHERE waiver.institution_id = account.institution_id AND waiver.state = 'active'
                AND waiver.changed_at >= loan.penalties_counted_at - interval '1 hour'
        )
    )
ORDER BY loan.account_id LIMIT %(limit)s::int4

-- name: lock_accounts_for_change
-- As lock_account_for_change, of several: nothing is paid on them until what is charged stands.
SELECT id FROM banking_account WHERE id = ANY(%(ids)s::uuid[]) ORDER BY id FOR UPDATE

-- name: add_waiver_members
-- For whom a waiver is, all at once.
INSERT INTO banking_penalty_waiver_member (waiver_id, member_id)
SELECT %(waiver)s::uuid, given.id FROM unnest(%(ids)s::uuid[]) AS given(id) ORDER BY given.id

-- name: loans_among
-- How many of the ids are loans of an institution (and of a product, if one is meant).
SELECT count(*) FROM banking_account AS account
JOIN banking_loan AS loan ON loan.account_id = account.id
WHERE account.id = ANY(%(ids)s::uuid[]) AND account.institution_id = %(institution)s::uuid
    AND (%(product)s::uuid IS NULL OR account.product_id = %(product)s::uuid)
