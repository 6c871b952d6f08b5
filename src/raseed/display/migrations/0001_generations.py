"""Generations of shown balances, the pointer, cohorts, and the shown balances themselves."""

from __future__ import annotations

from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="CanaryRow",
            fields=[
                ("account_id", models.UUIDField(primary_key=True, serialize=False)),
            ],
            options={
                "db_table": "display_canary",
            },
        ),
        migrations.CreateModel(
            name="GenerationRow",
            fields=[
                ("number", models.IntegerField(primary_key=True, serialize=False)),
                ("projector", models.TextField()),
                ("state", models.TextField()),
                ("built_to", models.BigIntegerField(db_default=0)),
                ("accounts", models.BigIntegerField(db_default=0)),
                ("opened_at", models.DateTimeField()),
                ("reason", models.TextField(db_default="")),
            ],
            options={
                "db_table": "display_generation",
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("number__gt", 0)), name="display_generation_number"),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["building", "candidate", "live", "retired", "failed"])),
                        name="display_generation_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("accounts__gte", 0), ("built_to__gte", 0)), name="display_generation_counts"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "live")), fields=("state",), name="display_generation_one_live"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PointerRow",
            fields=[
                ("one", models.BooleanField(default=True, primary_key=True, serialize=False)),
                ("percent", models.SmallIntegerField(db_default=0)),
                ("epoch", models.BigIntegerField(db_default=1)),
                ("changed_at", models.DateTimeField()),
                (
                    "canary",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="display.generationrow",
                    ),
                ),
                (
                    "live",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="display.generationrow",
                    ),
                ),
                (
                    "previous",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="display.generationrow",
                    ),
                ),
            ],
            options={
                "db_table": "display_pointer",
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("one", True)), name="display_pointer_one"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("previous", None),
                                models.Q(("previous", models.F("live")), _negated=True),
                                _connector="OR",
                            ),
                            models.Q(
                                ("canary", None), models.Q(("canary", models.F("live")), _negated=True), _connector="OR"
                            ),
                        ),
                        name="display_pointer_apart",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("percent__gte", 0),
                            ("percent__lte", 100),
                            models.Q(("percent", 0), ("canary__isnull", False), _connector="OR"),
                        ),
                        name="display_pointer_percent",
                    ),
                ],
            },
        ),
        migrations.RunSQL((SQL / "generations.sql").read_text(), migrations.RunSQL.noop),
    ]
