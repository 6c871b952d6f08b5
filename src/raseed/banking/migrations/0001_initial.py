import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="BooksRow",
            fields=[
                ("ledger", models.IntegerField(primary_key=True, serialize=False)),
                ("institution_id", models.UUIDField()),
                ("currency", models.CharField(max_length=3)),
                ("country", models.CharField(max_length=2)),
                ("zone", models.TextField()),
                ("bank_code", models.CharField(max_length=8)),
                ("branch_code", models.CharField(max_length=8)),
                ("is_main", models.BooleanField()),
                ("set_up_at", models.DateTimeField()),
            ],
            options={
                "db_table": "banking_books",
                "constraints": [
                    models.UniqueConstraint(fields=("institution_id", "currency"), name="banking_books_once"),
                    models.UniqueConstraint(
                        condition=models.Q(("is_main", True)), fields=("institution_id",), name="banking_books_one_main"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ProductRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("kind", models.TextField()),
                ("names", models.JSONField()),
                ("offered_at", models.DateTimeField()),
                (
                    "books",
                    models.ForeignKey(
                        db_column="ledger",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="banking.booksrow",
                    ),
                ),
            ],
            options={
                "db_table": "banking_product",
            },
        ),
        migrations.CreateModel(
            name="ProductLimitRow",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("valid_from", models.DateField()),
                ("per_transfer_minor", models.BigIntegerField(null=True)),
                ("per_day_minor", models.BigIntegerField(null=True)),
                ("set_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "product",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="banking.productrow",
                    ),
                ),
            ],
            options={
                "db_table": "banking_product_limit",
            },
        ),
        migrations.CreateModel(
            name="ProductFeeRow",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("event", models.TextField()),
                ("valid_from", models.DateField()),
                ("amount_minor", models.BigIntegerField()),
                ("set_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "product",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="banking.productrow",
                    ),
                ),
            ],
            options={
                "db_table": "banking_product_fee",
            },
        ),
        migrations.CreateModel(
            name="AccountRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("institution_id", models.UUIDField()),
                ("owner_id", models.UUIDField()),
                ("ledger", models.IntegerField()),
                ("name", models.CharField(max_length=120)),
                ("state", models.TextField()),
                ("overdraft_allowed", models.BooleanField()),
                ("opened_on", models.DateField()),
                ("opened_at", models.DateTimeField()),
                (
                    "product",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="banking.productrow",
                    ),
                ),
            ],
            options={
                "db_table": "banking_account",
            },
        ),
        migrations.CreateModel(
            name="LimitCounterRow",
            fields=[
                (
                    "account",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="banking.accountrow",
                    ),
                ),
                ("day", models.DateField()),
                ("used_minor", models.BigIntegerField()),
            ],
            options={
                "db_table": "banking_limit_counter",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("used_minor__gte", 0)), name="banking_limit_counter_not_negative"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="AliasRow",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("kind", models.TextField()),
                ("value", models.CharField(max_length=34)),
                ("institution_id", models.UUIDField()),
                ("valid_from", models.DateTimeField()),
                ("valid_until", models.DateTimeField(null=True)),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="banking.accountrow"
                    ),
                ),
            ],
            options={
                "db_table": "banking_alias",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("value", "kind", "institution_id"), name="banking_alias_given_once"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("kind", "iban")), fields=("value",), name="banking_alias_iban_given_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["phone", "iban", "number"])), name="banking_alias_kind"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("valid_until", None), ("valid_until__gte", models.F("valid_from")), _connector="OR"
                        ),
                        name="banking_alias_ends_after_it_begins",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="InternalAccountRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("role", models.TextField()),
                (
                    "books",
                    models.ForeignKey(
                        db_column="ledger",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="banking.booksrow",
                    ),
                ),
            ],
            options={
                "db_table": "banking_internal_account",
                "constraints": [
                    models.UniqueConstraint(fields=("books", "role"), name="banking_internal_account_once"),
                    models.CheckConstraint(
                        condition=models.Q(("role__in", ["float", "cash", "fees", "opening"])),
                        name="banking_internal_account_role",
                    ),
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="productrow",
            constraint=models.UniqueConstraint(fields=("books", "kind"), name="banking_product_once"),
        ),
        migrations.AddConstraint(
            model_name="productrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["wallet", "current"])), name="banking_product_kind"
            ),
        ),
        migrations.AddIndex(
            model_name="productlimitrow",
            index=models.Index(fields=["product", "valid_from", "id"], name="banking_product_limit_in_force"),
        ),
        migrations.AddConstraint(
            model_name="productlimitrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("per_transfer_minor", None), ("per_transfer_minor__gt", 0), _connector="OR"),
                    models.Q(("per_day_minor", None), ("per_day_minor__gt", 0), _connector="OR"),
                ),
                name="banking_product_limit_positive",
            ),
        ),
        migrations.AddIndex(
            model_name="productfeerow",
            index=models.Index(fields=["product", "event", "valid_from", "id"], name="banking_product_fee_in_force"),
        ),
        migrations.AddConstraint(
            model_name="productfeerow",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount_minor__gte", 0)), name="banking_product_fee_not_negative"
            ),
        ),
        migrations.AddConstraint(
            model_name="productfeerow",
            constraint=models.CheckConstraint(
                condition=models.Q(("event__in", ["transfer_on_us"])), name="banking_product_fee_event"
            ),
        ),
        migrations.AddIndex(
            model_name="accountrow",
            index=models.Index(fields=["owner_id"], name="banking_account_owner"),
        ),
        migrations.AddConstraint(
            model_name="accountrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["open", "blocked", "closed"])), name="banking_account_state"
            ),
        ),
    ]
