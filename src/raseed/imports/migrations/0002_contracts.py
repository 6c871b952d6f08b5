"""Loans and standing orders of imported books. Append-only."""

import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models

from raseed.platform.append_only import append_only_trigger_sql


class Migration(migrations.Migration):
    dependencies = [
        ("imports", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="LoanContractRow",
            fields=[
                ("loan_id", models.UUIDField(primary_key=True, serialize=False)),
                ("source_id", models.CharField(max_length=100)),
                ("line_no", models.PositiveIntegerField()),
                ("account_id", models.UUIDField()),
                ("granted_on", models.DateField()),
                ("amount_minor", models.BigIntegerField()),
                ("months", models.PositiveSmallIntegerField()),
                ("payment_minor", models.BigIntegerField()),
                ("status", models.TextField()),
                (
                    "run",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="imports.runrow",
                    ),
                ),
            ],
            options={
                "db_table": "imports_loan",
            },
        ),
        migrations.CreateModel(
            name="LoanPaymentRow",
            fields=[
                ("transfer_id", models.UUIDField(primary_key=True, serialize=False)),
                (
                    "line",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="imports.linerow"
                    ),
                ),
                (
                    "loan",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="imports.loancontractrow"
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="imports.runrow",
                    ),
                ),
            ],
            options={
                "db_table": "imports_loan_payment",
            },
        ),
        migrations.CreateModel(
            name="OrderRow",
            fields=[
                ("standing_order_id", models.UUIDField(primary_key=True, serialize=False)),
                ("source_id", models.CharField(max_length=100)),
                ("line_no", models.PositiveIntegerField()),
                ("account_id", models.UUIDField()),
                ("bank", models.TextField()),
                ("to_account", models.TextField()),
                ("amount_minor", models.BigIntegerField()),
                ("purpose", models.TextField()),
                ("day", models.PositiveSmallIntegerField(null=True)),
                ("loan_id", models.UUIDField(null=True)),
                (
                    "run",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="imports.runrow",
                    ),
                ),
            ],
            options={
                "db_table": "imports_order",
            },
        ),
        migrations.AddConstraint(
            model_name="loancontractrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "amount_minor",
                        django.db.models.expressions.CombinedExpression(
                            models.F("payment_minor"), "*", models.F("months")
                        ),
                    ),
                    ("amount_minor__gt", 0),
                ),
                name="imports_loan_adds_up",
            ),
        ),
        migrations.AddConstraint(
            model_name="orderrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount_minor__gt", 0)), name="imports_order_amount_positive"
            ),
        ),
        *(
            migrations.RunSQL(append_only_trigger_sql(table), migrations.RunSQL.noop)
            for table in ("imports_loan", "imports_loan_payment", "imports_order")
        ),
    ]
