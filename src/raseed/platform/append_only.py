"""SQL that makes a table append-only: rows go in and are never changed, not even by the owner of the table."""

from __future__ import annotations

import re
from typing import Final

_TABLE: Final = re.compile(r"[a-z_][a-z0-9_]{0,40}\Z")


def append_only_trigger_sql(table: str) -> str:
    """Return SQL, for a migration, that refuses UPDATE, DELETE and TRUNCATE of ``table`` to everyone (decision 13).

    The triggers hold against the owner too; the app role also loses the privileges. What DDL or a superuser does is
    for ``ledger verify`` to catch. A refused statement raises SQLSTATE 23001 (Django: ``IntegrityError``).
    """
    if not _TABLE.match(table):
        raise ValueError(f"not a plain table name: {table!r}")
    return f"""
CREATE FUNCTION {table}_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on {table} refused: it is append-only', TG_OP
        USING ERRCODE = 'restrict_violation', HINT = 'Mend a mistake by adding a row.';
END $$;
CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION {table}_refuse_change();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_append_only;
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'raseed_app') THEN
        REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM raseed_app;
    END IF;
END $$;
"""  # noqa: S608  (the name was matched against a plain pattern)
