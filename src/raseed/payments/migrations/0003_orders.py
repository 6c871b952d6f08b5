import django.db.models.expressions
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0002_guards"),
    ]

    operations = [
        migrations.CreateModel(
            name="OrderBlockRow",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "order_id", "number", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("order_id", models.UUIDField()),
                ("number", models.IntegerField()),
                ("payment_information_id", models.CharField(max_length=35)),
                ("from_account_id", models.UUIDField()),
                ("currency", models.CharField(max_length=3)),
                ("execution_on", models.DateField()),
                ("due_at", models.DateTimeField()),
                ("batch_booking", models.BooleanField(null=True)),
                ("first_position", models.IntegerField()),
                ("payment_count", models.IntegerField()),
                ("sum_minor", models.BigIntegerField()),
                ("next_position", models.IntegerField()),
                ("settled_count", models.IntegerField()),
                ("settled_minor", models.BigIntegerField()),
                ("refused_count", models.IntegerField()),
                ("fees_minor", models.BigIntegerField()),
            ],
            options={
                "db_table": "payments_order_block",
            },
        ),
        migrations.CreateModel(
            name="OrderEntryRow",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "order_id", "position", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("order_id", models.UUIDField()),
                ("position", models.IntegerField()),
                ("block", models.IntegerField()),
                ("line", models.IntegerField()),
                ("payment_id", models.UUIDField()),
                ("instruction_id", models.CharField(max_length=35, null=True)),
                ("end_to_end_id", models.CharField(max_length=35)),
                ("uetr", models.CharField(max_length=36, null=True)),
                ("to_kind", models.TextField()),
                ("to_value", models.CharField(max_length=34)),
                ("amount_minor", models.BigIntegerField()),
                ("note", models.CharField(max_length=140)),
            ],
            options={
                "db_table": "payments_order_entry",
            },
        ),
        migrations.CreateModel(
            name="OrderFileRow",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "order_id", "number", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("order_id", models.UUIDField()),
                ("number", models.IntegerField()),
                ("piece", models.BinaryField()),
            ],
            options={
                "db_table": "payments_order_file",
            },
        ),
        migrations.CreateModel(
            name="OrderProblemRow",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "order_id", "number", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("order_id", models.UUIDField()),
                ("number", models.IntegerField()),
                ("line", models.IntegerField(null=True)),
                ("place", models.TextField()),
                ("code", models.TextField()),
                ("params", models.JSONField()),
            ],
            options={
                "db_table": "payments_order_problem",
            },
        ),
        migrations.CreateModel(
            name="OrderRow",
            fields=[
                ("position", models.BigAutoField(primary_key=True, serialize=False)),
                ("id", models.UUIDField(unique=True)),
                ("state", models.TextField()),
                ("claims", models.BooleanField()),
                ("actor_customer_id", models.UUIDField()),
                ("institution_id", models.UUIDField(null=True)),
                ("file_name", models.CharField(max_length=120)),
                ("file_bytes", models.BigIntegerField()),
                ("content_hash", models.BinaryField()),
                ("message_id", models.CharField(max_length=35, null=True)),
                ("message_created_at", models.CharField(max_length=40, null=True)),
                ("payment_count", models.IntegerField()),
                ("problem_count", models.IntegerField()),
                ("payments_digest", models.BinaryField(null=True)),
                ("similar_to", models.UUIDField(null=True)),
                ("read_bytes", models.BigIntegerField()),
                ("received_at", models.DateTimeField()),
                ("validated_at", models.DateTimeField(null=True)),
                ("confirmed_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("ended_by", models.TextField(null=True)),
                ("touched_at", models.DateTimeField()),
                ("run_began_at", models.DateTimeField(null=True)),
                ("run_began_done", models.BigIntegerField()),
            ],
            options={
                "db_table": "payments_order",
            },
        ),
        migrations.AddIndex(
            model_name="paymentrow",
            index=models.Index(fields=["from_account_id", "position"], name="payments_payment_from"),
        ),
        migrations.AddIndex(
            model_name="paymentrow",
            index=models.Index(
                condition=models.Q(("recipient_id__isnull", False)),
                fields=["recipient_id", "position"],
                name="payments_payment_recipient",
            ),
        ),
        migrations.AddConstraint(
            model_name="orderblockrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("fees_minor__gte", 0),
                    (
                        "next_position",
                        django.db.models.expressions.CombinedExpression(
                            django.db.models.expressions.CombinedExpression(
                                models.F("first_position"), "+", models.F("settled_count")
                            ),
                            "+",
                            models.F("refused_count"),
                        ),
                    ),
                    (
                        "next_position__lte",
                        django.db.models.expressions.CombinedExpression(
                            models.F("first_position"), "+", models.F("payment_count")
                        ),
                    ),
                    ("refused_count__gte", 0),
                    ("settled_count__gte", 0),
                    ("settled_minor__gte", 0),
                    ("settled_minor__lte", models.F("sum_minor")),
                ),
                name="payments_order_block_adds_up",
            ),
        ),
        migrations.AddConstraint(
            model_name="orderentryrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount_minor__gt", 0)), name="payments_order_entry_amount_positive"
            ),
        ),
        migrations.AddIndex(
            model_name="orderrow",
            index=models.Index(fields=["actor_customer_id", "position"], name="payments_order_actor"),
        ),
        migrations.AddIndex(
            model_name="orderrow",
            index=models.Index(
                condition=models.Q(("state__in", ["received", "validating", "accepted", "executing"])),
                fields=["touched_at"],
                name="payments_order_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="orderrow",
            constraint=models.UniqueConstraint(
                condition=models.Q(("claims", True)),
                fields=("actor_customer_id", "content_hash"),
                name="payments_order_content_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="orderrow",
            constraint=models.UniqueConstraint(
                condition=models.Q(("claims", True)),
                fields=("actor_customer_id", "message_id"),
                name="payments_order_message_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="orderrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ["received", "validating", "refused", "accepted", "executing", "done", "withdrawn"])
                ),
                name="payments_order_state",
            ),
        ),
        migrations.AddConstraint(
            model_name="orderrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("ended_at", None), ("state__in", ["refused", "done", "withdrawn"]), _connector="XOR"
                ),
                name="payments_order_ends",
            ),
        ),
        migrations.AddConstraint(
            model_name="orderrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("claims", True),
                    models.Q(("confirmed_at", None), ("state__in", ["refused", "withdrawn"])),
                    _connector="OR",
                ),
                name="payments_order_claims_what_it_moves",
            ),
        ),
        migrations.AddConstraint(
            model_name="orderrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ["received", "validating", "refused"]),
                    models.Q(
                        ("institution_id__isnull", False),
                        ("message_id__isnull", False),
                        ("payment_count__gt", 0),
                        ("problem_count", 0),
                    ),
                    _connector="OR",
                ),
                name="payments_order_read_before_accepted",
            ),
        ),
    ]
