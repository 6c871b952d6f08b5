"""The pulse that open desks listen to."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("care", "0003_authority")]

    operations = [
        migrations.RunSQL(
            "CREATE SEQUENCE care_pulse",
            migrations.RunSQL.noop,
        )
    ]
