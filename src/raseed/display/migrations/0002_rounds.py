"""The prover's trees, and what it signed."""

from __future__ import annotations

from pathlib import Path

from django.db import migrations

from raseed.platform.append_only import append_only_trigger_sql

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("display", "0001_generations")]
    operations = [
        migrations.RunSQL((SQL / "rounds.sql").read_text(), migrations.RunSQL.noop),
        migrations.RunSQL(append_only_trigger_sql("display_round"), migrations.RunSQL.noop),
    ]
