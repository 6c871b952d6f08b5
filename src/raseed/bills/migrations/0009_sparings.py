"""Days of one bill that were let off: a penalty waived, or a bill that may be paid later."""

import django.db.models.deletion
from django.db import migrations, models

from raseed.platform.append_only import append_only_trigger_sql


class Migration(migrations.Migration):
    dependencies = [("bills", "0008_part_guard")]

    operations = [
        migrations.CreateModel(
            name="SparingRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("kind", models.TextField()),
                ("first_day", models.DateField()),
                ("last_day", models.DateField()),
                ("actor", models.CharField(max_length=60)),
                ("reason", models.CharField(max_length=500)),
                ("made_at", models.DateTimeField()),
                (
                    "bill",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="bills.billrow"
                    ),
                ),
            ],
            options={
                "db_table": "bills_sparing",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["waived", "extended"])), name="bills_sparing_kind"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("last_day__gte", models.F("first_day"))), name="bills_sparing_span"
                    ),
                ],
            },
        ),
        migrations.RunSQL(append_only_trigger_sql("bills_sparing")),
    ]
