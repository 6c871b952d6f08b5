"""Pending transfers are kept only while they are pending; the statements that post, anew."""

from __future__ import annotations

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_log")]
    operations = [
        migrations.RunSQL((SQL / "pending.sql").read_text(), migrations.RunSQL.noop),
        migrations.RunSQL((SQL / "posting.sql").read_text(), migrations.RunSQL.noop),
    ]
