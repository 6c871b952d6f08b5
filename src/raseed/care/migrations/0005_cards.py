"""The pulse that open desks listen to."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("care", "0004_promises")]

    operations = [
        migrations.RunSQL(
            "CREATE SEQUENCE care_pulse",
            migrations.RunSQL.noop,
        )
    ]
