"""The same guard of parts, for less: what must stay is compared as rows."""

from django.db import migrations

PART = """
CREATE OR REPLACE FUNCTION bills_part_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE marked bills_part;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.is_held THEN
            RAISE EXCEPTION 'nothing is held before its order is' USING ERRCODE = 'restrict_violation';
        END IF;
        IF NEW.number > 1 AND NOT EXISTS (
            SELECT FROM bills_part WHERE order_id = NEW.order_id AND number = NEW.number - 1)
        THEN
            RAISE EXCEPTION 'parts are numbered without gaps' USING ERRCODE = 'restrict_violation';
        END IF;
        IF EXISTS (SELECT FROM bills_order WHERE id = NEW.order_id AND state <> 'open') THEN
            RAISE EXCEPTION 'an order that is under way gets no more parts' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        marked := OLD;
        marked.is_held := NEW.is_held;
        IF marked IS NOT DISTINCT FROM NEW THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION '% on bills_part refused: what was ordered stays', TG_OP USING ERRCODE = 'restrict_violation';
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("bills", "0007_portal")]

    operations = [migrations.RunSQL(PART)]
