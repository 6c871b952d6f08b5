"""What was done and what happened is never changed."""

from __future__ import annotations

from django.db import migrations

from raseed.platform.append_only import append_only_trigger_sql


class Migration(migrations.Migration):
    dependencies = [("platform", "0001_initial")]
    operations = [
        migrations.RunSQL(append_only_trigger_sql("platform_audit")),
        migrations.RunSQL(append_only_trigger_sql("platform_event")),
    ]
