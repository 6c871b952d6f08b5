"""The statements that post, with what the caller needs next in the answer. Those of before stay where they were, for processes
that still run the code of before."""

from __future__ import annotations

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("ledger", "0003_pending")]
    operations = [migrations.RunSQL((SQL / "posting.sql").read_text(), migrations.RunSQL.noop)]
