-- The statements of habits: reminders and autopays.

-- name: bills_to_remind_of
-- Who is to be reminded today of which bills that are to be paid in so many days, by the biller's day or the later one that
-- was granted: not of what is paid, under way or told of today, nor of what an autopay will still pay.
SELECT b.id, l.customer_id, b.biller_id, b.amount_minor - b.paid_minor - b.held_minor - b.elsewhere_minor
FROM bills_bill AS b
JOIN bills_biller AS of ON of.id = b.biller_id
JOIN bills_look_up AS l ON l.biller_id = b.biller_id AND l.reference = b.reference
LEFT JOIN bills_reminding AS r ON r.customer_id = l.customer_id
WHERE (b.due_on = %(due)s::date OR b.due_on < %(due)s::date AND b.id IN (
        SELECT s.bill_id FROM bills_sparing AS s WHERE s.kind = 'extended' AND s.last_day = %(due)s::date))
    AND NOT EXISTS (
        SELECT FROM bills_sparing AS s WHERE s.bill_id = b.id AND s.kind = 'extended' AND s.last_day > %(due)s::date)
    AND b.state IN ('open', 'partly_paid')
    AND of.institution_id = %(institution)s::uuid AND of.state = 'active'
    AND b.amount_minor > b.paid_minor + b.held_minor + b.elsewhere_minor
    AND %(days)s::smallint = ANY(COALESCE(r.days, %(by_default)s::smallint[]))
    AND (b.id, l.customer_id) > (%(after_bill)s::uuid, %(after_customer)s::uuid)
    AND NOT EXISTS (
        SELECT FROM bills_notice AS n
        WHERE n.bill_id = b.id AND n.customer_id = l.customer_id AND n.kind = 'reminder' AND n."on" = %(today)s::date)
    AND NOT EXISTS (
        SELECT FROM bills_autopay AS a
        WHERE a.biller_id = b.biller_id AND a.reference = b.reference AND a.customer_id = l.customer_id
            AND a.state = 'active' AND b.amount_minor - b.paid_minor - b.held_minor - b.elsewhere_minor <= a.ceiling_minor
            AND NOT EXISTS (
                SELECT FROM bills_autopay_run AS x
                WHERE x.autopay_id = a.id AND x.bill_id = b.id AND x.outcome IN ('paid', 'given_up')))
ORDER BY b.id, l.customer_id LIMIT %(limit)s
