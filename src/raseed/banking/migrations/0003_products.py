import django.db.models.deletion
import django.db.models.functions.comparison
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("banking", "0002_guards"),
    ]

    operations = [
        migrations.CreateModel(
            name="AccountLimitRow",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("valid_from", models.DateField()),
                ("per_transfer_minor", models.BigIntegerField(null=True)),
                ("per_day_minor", models.BigIntegerField(null=True)),
                ("set_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "db_table": "banking_account_limit",
            },
        ),
        migrations.CreateModel(
            name="AccountRightRow",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("customer_id", models.UUIDField()),
                ("right", models.TextField()),
                ("valid_from", models.DateTimeField()),
                ("valid_until", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "banking_account_right",
            },
        ),
        migrations.CreateModel(
            name="HolidayRow",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "institution_id", "day", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("institution_id", models.UUIDField()),
                ("day", models.DateField()),
                ("declared_at", models.DateTimeField()),
            ],
            options={
                "db_table": "banking_holiday",
            },
        ),
        migrations.CreateModel(
            name="InstalmentRow",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("number", models.SmallIntegerField()),
                ("period_end", models.DateField()),
                ("due_on", models.DateField()),
                ("principal_minor", models.BigIntegerField()),
                ("interest_minor", models.BigIntegerField()),
            ],
            options={
                "db_table": "banking_instalment",
            },
        ),
        migrations.CreateModel(
            name="InterestCreditRow",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("first_day", models.DateField()),
                ("last_day", models.DateField()),
                ("accrued_units", models.DecimalField(decimal_places=0, max_digits=38)),
                ("carried_units", models.BigIntegerField()),
                ("amount_minor", models.BigIntegerField()),
                ("transfer_id", models.UUIDField(null=True)),
                ("credited_at", models.DateTimeField()),
            ],
            options={
                "db_table": "banking_interest_credit",
            },
        ),
        migrations.CreateModel(
            name="LoanPlanRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("number", models.SmallIntegerField()),
                ("starts_on", models.DateField()),
                ("principal_minor", models.BigIntegerField()),
                ("instalments", models.SmallIntegerField()),
                ("from_account_id", models.UUIDField(null=True)),
                ("repaid_minor", models.BigIntegerField()),
                ("accrued_minor", models.BigIntegerField()),
                ("credited_before_minor", models.BigIntegerField()),
                ("made_at", models.DateTimeField()),
            ],
            options={
                "db_table": "banking_loan_plan",
            },
        ),
        migrations.CreateModel(
            name="LoanRow",
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
                ("pay_account_id", models.UUIDField()),
                ("principal_minor", models.BigIntegerField()),
                ("fee_minor", models.BigIntegerField()),
                ("annual_rate_ppm", models.IntegerField()),
                ("instalments", models.SmallIntegerField()),
                ("first_due_on", models.DateField()),
                ("method", models.TextField()),
                ("every_months", models.SmallIntegerField()),
                ("day_count", models.TextField()),
                ("last_of_month", models.BooleanField()),
                ("business_days", models.TextField()),
                ("granted_on", models.DateField()),
                ("granted_at", models.DateTimeField()),
                ("plan", models.SmallIntegerField(db_default=1)),
                ("charged_through", models.SmallIntegerField(db_default=0)),
                ("next_due_on", models.DateField(null=True)),
            ],
            options={
                "db_table": "banking_loan",
            },
        ),
        migrations.CreateModel(
            name="ProductDormancyRow",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("valid_from", models.DateField()),
                ("months", models.SmallIntegerField(null=True)),
                ("watched_since", models.DateField(null=True)),
                ("set_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "db_table": "banking_product_dormancy",
            },
        ),
        migrations.CreateModel(
            name="ProductRateRow",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("valid_from", models.DateField()),
                ("annual_rate_ppm", models.IntegerField()),
                ("set_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "db_table": "banking_product_rate",
            },
        ),
        migrations.CreateModel(
            name="SavingsRow",
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
                ("credited_through", models.DateField()),
                ("carried_units", models.BigIntegerField()),
            ],
            options={
                "db_table": "banking_savings",
            },
        ),
        migrations.RemoveConstraint(
            model_name="accountrow",
            name="banking_account_state",
        ),
        migrations.RemoveConstraint(
            model_name="aliasrow",
            name="banking_alias_given_once",
        ),
        migrations.RemoveConstraint(
            model_name="internalaccountrow",
            name="banking_internal_account_role",
        ),
        migrations.RemoveConstraint(
            model_name="productfeerow",
            name="banking_product_fee_event",
        ),
        migrations.RemoveConstraint(
            model_name="productrow",
            name="banking_product_once",
        ),
        migrations.RemoveConstraint(
            model_name="productrow",
            name="banking_product_kind",
        ),
        migrations.AddField(
            model_name="accountrow",
            name="block_reason",
            field=models.TextField(null=True),
        ),
        migrations.AddField(
            model_name="accountrow",
            name="quiet_since",
            field=models.DateField(
                db_default=django.db.models.functions.comparison.Cast(
                    django.db.models.functions.datetime.Now(), models.DateField()
                )
            ),
        ),
        migrations.AddField(
            model_name="aliasrow",
            name="round",
            field=models.SmallIntegerField(db_default=1),
        ),
        migrations.AddField(
            model_name="productrow",
            name="code",
            field=models.TextField(null=True),
        ),
        migrations.AddField(
            model_name="productrow",
            name="day_count",
            field=models.TextField(null=True),
        ),
        migrations.AddIndex(
            model_name="accountrow",
            index=models.Index(
                condition=models.Q(("state", "open")),
                fields=["product", "quiet_since", "id"],
                name="banking_account_quiet",
            ),
        ),
        migrations.AddConstraint(
            model_name="accountrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["open", "blocked", "dormant", "closed"])),
                name="banking_account_state",
            ),
        ),
        migrations.AddConstraint(
            model_name="accountrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("block_reason", None),
                    models.Q(
                        (
                            "block_reason__in",
                            [
                                "customer_asked",
                                "lost_or_stolen",
                                "suspected_fraud",
                                "court_order",
                                "deceased",
                                "papers_expired",
                                "other",
                            ],
                        ),
                        ("state", "blocked"),
                    ),
                    _connector="OR",
                ),
                name="banking_account_block_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="aliasrow",
            constraint=models.UniqueConstraint(
                fields=("value", "kind", "institution_id", "round"), name="banking_alias_given_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="internalaccountrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("role__in", ["float", "cash", "fees", "opening", "interest_expense", "interest_income"])
                ),
                name="banking_internal_account_role",
            ),
        ),
        migrations.AddConstraint(
            model_name="productfeerow",
            constraint=models.CheckConstraint(
                condition=models.Q(("event__in", ["transfer_on_us", "loan_grant"])), name="banking_product_fee_event"
            ),
        ),
        migrations.AddConstraint(
            model_name="productrow",
            constraint=models.UniqueConstraint(fields=("books", "code"), name="banking_product_code_once"),
        ),
        migrations.AddConstraint(
            model_name="productrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["wallet", "current", "savings", "loan"])), name="banking_product_kind"
            ),
        ),
        migrations.AddConstraint(
            model_name="productrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("day_count__in", ["act_360", "act_365"]), ("day_count__isnull", False), ("kind", "savings")
                    ),
                    models.Q(("day_count", None), models.Q(("kind", "savings"), _negated=True)),
                    _connector="OR",
                ),
                name="banking_product_day_count",
            ),
        ),
        migrations.AddField(
            model_name="accountlimitrow",
            name="account",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="banking.accountrow"
            ),
        ),
        migrations.AddField(
            model_name="accountrightrow",
            name="account",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="banking.accountrow"
            ),
        ),
        migrations.AddField(
            model_name="interestcreditrow",
            name="account",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="banking.accountrow"
            ),
        ),
        migrations.AddField(
            model_name="instalmentrow",
            name="plan",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="banking.loanplanrow"
            ),
        ),
        migrations.AddIndex(
            model_name="loanrow",
            index=models.Index(
                condition=models.Q(("next_due_on__isnull", False)),
                fields=["next_due_on", "account"],
                name="banking_loan_due",
            ),
        ),
        migrations.AddConstraint(
            model_name="loanrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("annual_rate_ppm__gte", 0),
                    ("fee_minor__gte", 0),
                    ("first_due_on__gt", models.F("granted_on")),
                    ("instalments__gt", 0),
                    ("principal_minor__gt", 0),
                ),
                name="banking_loan_terms",
            ),
        ),
        migrations.AddConstraint(
            model_name="loanrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("method__in", ["annuity", "equal_principal"])), name="banking_loan_method"
            ),
        ),
        migrations.AddConstraint(
            model_name="loanrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("every_months__in", [1, 2, 3, 4, 6, 12])), name="banking_loan_every_months"
            ),
        ),
        migrations.AddConstraint(
            model_name="loanrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("day_count__in", ["act_365", "act_360", "30e_360"])), name="banking_loan_day_count"
            ),
        ),
        migrations.AddConstraint(
            model_name="loanrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("business_days__in", ["unchanged", "following", "modified_following", "preceding"])
                ),
                name="banking_loan_business_days",
            ),
        ),
        migrations.AddField(
            model_name="loanplanrow",
            name="loan",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="banking.loanrow"
            ),
        ),
        migrations.AddField(
            model_name="productdormancyrow",
            name="product",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="banking.productrow"
            ),
        ),
        migrations.AddField(
            model_name="productraterow",
            name="product",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="banking.productrow"
            ),
        ),
        migrations.AddIndex(
            model_name="savingsrow",
            index=models.Index(fields=["credited_through", "account"], name="banking_savings_due"),
        ),
        migrations.AddConstraint(
            model_name="savingsrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("carried_units__gte", 0)), name="banking_savings_carried"
            ),
        ),
        migrations.AddIndex(
            model_name="accountlimitrow",
            index=models.Index(fields=["account", "valid_from", "id"], name="banking_account_limit_in_force"),
        ),
        migrations.AddConstraint(
            model_name="accountlimitrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("per_transfer_minor", None), ("per_transfer_minor__gt", 0), _connector="OR"),
                    models.Q(("per_day_minor", None), ("per_day_minor__gt", 0), _connector="OR"),
                ),
                name="banking_account_limit_positive",
            ),
        ),
        migrations.AddIndex(
            model_name="accountrightrow",
            index=models.Index(
                condition=models.Q(("valid_until", None)), fields=["customer_id"], name="banking_account_right_holder"
            ),
        ),
        migrations.AddConstraint(
            model_name="accountrightrow",
            constraint=models.UniqueConstraint(
                condition=models.Q(("valid_until", None)),
                fields=("account", "customer_id"),
                name="banking_account_right_one_now",
            ),
        ),
        migrations.AddConstraint(
            model_name="accountrightrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("right__in", ["may_see", "may_pay"])), name="banking_account_right_given"
            ),
        ),
        migrations.AddConstraint(
            model_name="accountrightrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("valid_until", None), ("valid_until__gte", models.F("valid_from")), _connector="OR"
                ),
                name="banking_account_right_span",
            ),
        ),
        migrations.AddConstraint(
            model_name="interestcreditrow",
            constraint=models.UniqueConstraint(fields=("account", "first_day"), name="banking_interest_credit_once"),
        ),
        migrations.AddConstraint(
            model_name="interestcreditrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("accrued_units__gte", 0),
                    ("amount_minor__gte", 0),
                    ("carried_units__gte", 0),
                    ("first_day__lte", models.F("last_day")),
                    models.Q(
                        models.Q(("amount_minor", 0), ("transfer_id", None)),
                        models.Q(("amount_minor__gt", 0), ("transfer_id__isnull", False)),
                        _connector="OR",
                    ),
                ),
                name="banking_interest_credit_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="instalmentrow",
            constraint=models.UniqueConstraint(fields=("plan", "number"), name="banking_instalment_numbered"),
        ),
        migrations.AddConstraint(
            model_name="instalmentrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("interest_minor__gte", 0), ("number__gt", 0), ("principal_minor__gte", 0)),
                name="banking_instalment_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="loanplanrow",
            constraint=models.UniqueConstraint(fields=("loan", "number"), name="banking_loan_plan_numbered"),
        ),
        migrations.AddConstraint(
            model_name="loanplanrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("accrued_minor__gte", 0),
                    ("instalments__gte", 0),
                    ("number__gt", 0),
                    ("principal_minor__gte", 0),
                    ("repaid_minor__gte", 0),
                ),
                name="banking_loan_plan_whole",
            ),
        ),
        migrations.AddIndex(
            model_name="productdormancyrow",
            index=models.Index(fields=["product", "valid_from", "id"], name="banking_product_dormancy_now"),
        ),
        migrations.AddConstraint(
            model_name="productdormancyrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("months", None), ("watched_since", None)),
                    models.Q(
                        ("months__gt", 0),
                        ("watched_since__isnull", False),
                        ("watched_since__lte", models.F("valid_from")),
                    ),
                    _connector="OR",
                ),
                name="banking_product_dormancy_whole",
            ),
        ),
        migrations.AddIndex(
            model_name="productraterow",
            index=models.Index(fields=["product", "valid_from", "id"], name="banking_product_rate_in_force"),
        ),
        migrations.AddConstraint(
            model_name="productraterow",
            constraint=models.CheckConstraint(
                condition=models.Q(("annual_rate_ppm__gte", 0)), name="banking_product_rate_not_negative"
            ),
        ),
    ]
