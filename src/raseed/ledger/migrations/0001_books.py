"""The ledger's tables, triggers and posting statements, all written as SQL."""

from __future__ import annotations

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    initial = True
    operations = [
        migrations.RunSQL((SQL / "schema.sql").read_text(), migrations.RunSQL.noop),
        migrations.RunSQL((SQL / "posting.sql").read_text(), migrations.RunSQL.noop),
    ]
