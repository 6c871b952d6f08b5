import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="PaymentRow",
            fields=[
                ("position", models.BigAutoField(primary_key=True, serialize=False)),
                ("id", models.UUIDField(unique=True)),
                ("state", models.TextField()),
                ("actor_customer_id", models.UUIDField()),
                ("from_account_id", models.UUIDField()),
                ("to_kind", models.TextField()),
                ("to_value", models.CharField(max_length=34)),
                ("to_institution_id", models.UUIDField(null=True)),
                ("to_account_id", models.UUIDField(null=True)),
                ("recipient_id", models.UUIDField(null=True)),
                ("route", models.TextField()),
                ("amount_minor", models.BigIntegerField()),
                ("fee_minor", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("note", models.CharField(max_length=140)),
                ("instructed_at", models.DateTimeField()),
                ("booked_on", models.DateField()),
            ],
            options={
                "db_table": "payments_payment",
                "indexes": [models.Index(fields=["actor_customer_id", "position"], name="payments_payment_actor")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["accepted", "settled", "refused"])),
                        name="payments_payment_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount_minor__gt", 0)), name="payments_payment_amount_positive"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("fee_minor__gte", 0)), name="payments_payment_fee_not_negative"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "settled"), _negated=True),
                            ("to_account_id__isnull", False),
                            _connector="OR",
                        ),
                        name="payments_payment_settled_somewhere",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="StepRow",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "payment", "number", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("number", models.SmallIntegerField()),
                ("at", models.DateTimeField()),
                ("state", models.TextField()),
                ("reason_code", models.TextField(null=True)),
                ("reason_params", models.JSONField(null=True)),
                (
                    "payment",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="steps",
                        to="payments.paymentrow",
                        to_field="id",
                    ),
                ),
            ],
            options={
                "db_table": "payments_step",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["accepted", "settled", "refused"])),
                        name="payments_step_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("reason_code__isnull", False), ("state", "refused")),
                            models.Q(models.Q(("state", "refused"), _negated=True), ("reason_code__isnull", True)),
                            _connector="OR",
                        ),
                        name="payments_step_refused_with_reason",
                    ),
                    models.CheckConstraint(condition=models.Q(("number__gte", 1)), name="payments_step_numbered"),
                ],
            },
        ),
    ]
