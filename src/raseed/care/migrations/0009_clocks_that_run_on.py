"""A clock that an answer stopped runs on where the answer never arrived: nothing else of a stopped one changes (forward only)."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

GUARD = """
CREATE OR REPLACE FUNCTION care_clock_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    reopened constant text[] := ARRAY['stopped_at', 'stop_reason', 'stopped_by', 'next_at', 'counted_from', 'worked_s'];
BEGIN
    IF TG_OP <> 'UPDATE' THEN
        RAISE EXCEPTION '% on care_clock refused: clocks are stopped, not deleted', TG_OP
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.stopped_at IS NOT NULL AND NOT (
        OLD.stop_reason = 'answered' AND NEW.stopped_at IS NULL
        AND to_jsonb(NEW) - reopened = to_jsonb(OLD) - reopened
    ) THEN
        RAISE EXCEPTION 'a clock that was stopped stays as it is, unless the answer that stopped it never arrived' USING ERRCODE = 'restrict_violation';
    END IF;
    IF (NEW.id, NEW.institution_id, NEW.subject_kind, NEW.subject_id, NEW.rule_id, NEW.slug, NEW.kind, NEW.unit, NEW.started_at)
        IS DISTINCT FROM
       (OLD.id, OLD.institution_id, OLD.subject_kind, OLD.subject_id, OLD.rule_id, OLD.slug, OLD.kind, OLD.unit, OLD.started_at)
       OR NEW.used < OLD.used OR NEW.amount < OLD.amount
    THEN
        RAISE EXCEPTION 'what a clock is about, when it began and what is used of it stay' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    """The guard of clocks."""

    dependencies: ClassVar = [("care", "0008_macro_versions_and_tags")]

    operations: ClassVar = [migrations.RunSQL(GUARD)]
