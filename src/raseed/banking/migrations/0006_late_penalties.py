"""Late penalties of loans: rules of products, what was charged, waivers; and an account of the institution's for them."""

import django.db.models.deletion
from django.db import migrations, models

from raseed.platform.append_only import append_only_trigger_sql

LOAN = """
CREATE OR REPLACE FUNCTION banking_loan_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    course text[] := '{plan,charged_through,next_due_on,penalties_counted_at,penalties_counted_credits_minor}';
BEGIN
    IF TG_OP <> 'UPDATE' THEN
        RAISE EXCEPTION '% on banking_loan refused', TG_OP USING ERRCODE = 'restrict_violation';
    END IF;
    IF to_jsonb(OLD) - course <> to_jsonb(NEW) - course
        OR (NEW.plan, NEW.charged_through) < (OLD.plan, OLD.charged_through)
        OR (OLD.penalties_counted_at IS NOT NULL
            AND (NEW.penalties_counted_at IS NULL OR NEW.penalties_counted_at < OLD.penalties_counted_at))
    THEN
        RAISE EXCEPTION 'the contract of a loan stays, and its course goes forward' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
"""

PENALTY = """
CREATE FUNCTION banking_loan_penalty_follows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.number <> 1 + (SELECT count(*) FROM banking_loan_penalty WHERE loan_id = NEW.loan_id) THEN
        RAISE EXCEPTION 'penalties of a loan are numbered one by one' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.amount_minor < 0 AND NEW.amount_minor + (
        SELECT COALESCE(sum(amount_minor), 0) FROM banking_loan_penalty
        WHERE loan_id = NEW.loan_id AND period_end = NEW.period_end
    ) < 0 THEN
        RAISE EXCEPTION 'no more of a penalty is taken back than was charged' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER banking_loan_penalty_follows BEFORE INSERT ON banking_loan_penalty
    FOR EACH ROW EXECUTE FUNCTION banking_loan_penalty_follows();
"""

WAIVER = """
CREATE FUNCTION banking_penalty_waiver_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    course text[] := '{state,confirmed_by,changed_at,ended_on,ended_by,end_reason}';
BEGIN
    IF TG_OP <> 'UPDATE' THEN
        RAISE EXCEPTION '% on banking_penalty_waiver refused: waivers end, never vanish', TG_OP
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF to_jsonb(NEW) - course <> to_jsonb(OLD) - course THEN
        RAISE EXCEPTION 'what a waiver covers, and for whom, stays' USING ERRCODE = 'restrict_violation';
    END IF;
    IF (OLD.state, NEW.state) NOT IN (('proposed', 'proposed'), ('proposed', 'active'), ('active', 'active'))
        OR (OLD.state = 'active' AND NEW.confirmed_by <> OLD.confirmed_by)
        OR NEW.confirmed_by = NEW.made_by
        OR NEW.changed_at < OLD.changed_at
        OR (OLD.ended_on IS NOT NULL AND (NEW.ended_on, NEW.ended_by, NEW.end_reason)
            IS DISTINCT FROM (OLD.ended_on, OLD.ended_by, OLD.end_reason))
    THEN
        RAISE EXCEPTION 'a waiver is confirmed once, by a second person, and ends once'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER banking_penalty_waiver_guard BEFORE UPDATE OR DELETE ON banking_penalty_waiver
    FOR EACH ROW EXECUTE FUNCTION banking_penalty_waiver_guard();
CREATE TRIGGER banking_penalty_waiver_keep BEFORE TRUNCATE ON banking_penalty_waiver
    FOR EACH STATEMENT EXECUTE FUNCTION banking_penalty_waiver_guard();
"""

APPEND_ONLY = ("banking_product_penalty", "banking_loan_penalty", "banking_penalty_waiver_member")


class Migration(migrations.Migration):
    dependencies = [
        ("banking", "0005_collection"),
    ]

    operations = [
        migrations.CreateModel(
            name="LoanPenaltyRow",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "loan",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="banking.loanrow",
                    ),
                ),
                ("number", models.IntegerField()),
                ("period_end", models.DateField()),
                ("counted_on", models.DateField()),
                ("amount_minor", models.BigIntegerField()),
                ("transfer_id", models.UUIDField()),
                ("made_at", models.DateTimeField()),
            ],
            options={
                "db_table": "banking_loan_penalty",
            },
        ),
        migrations.CreateModel(
            name="PenaltyWaiverRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("institution_id", models.UUIDField()),
                (
                    "product",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="banking.productrow",
                    ),
                ),
                ("scope", models.TextField()),
                ("members", models.IntegerField()),
                ("digest", models.CharField(max_length=64)),
                ("names", models.JSONField()),
                ("first_day", models.DateField()),
                ("last_day", models.DateField()),
                ("reason", models.CharField(max_length=500)),
                ("state", models.TextField()),
                ("made_by", models.CharField(max_length=60)),
                ("made_at", models.DateTimeField()),
                ("confirmed_by", models.CharField(db_default="", max_length=60)),
                ("changed_at", models.DateTimeField()),
                ("ended_on", models.DateField(null=True)),
                ("ended_by", models.CharField(db_default="", max_length=60)),
                ("end_reason", models.CharField(db_default="", max_length=500)),
            ],
            options={
                "db_table": "banking_penalty_waiver",
            },
        ),
        migrations.CreateModel(
            name="ProductPenaltyRow",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "product",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="banking.productrow",
                    ),
                ),
                ("valid_from", models.DateField()),
                ("kind", models.TextField()),
                ("amount_minor", models.BigIntegerField(null=True)),
                ("rate_ppm", models.IntegerField(null=True)),
                ("grace_days", models.SmallIntegerField(db_default=0)),
                ("cap_minor", models.BigIntegerField(null=True)),
                ("cap_ppm", models.IntegerField(null=True)),
                ("set_at", models.DateTimeField()),
            ],
            options={
                "db_table": "banking_product_penalty",
            },
        ),
        migrations.CreateModel(
            name="WaiverMemberRow",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "waiver", "member_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "waiver",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="banking.penaltywaiverrow",
                    ),
                ),
                ("member_id", models.UUIDField()),
            ],
            options={
                "db_table": "banking_penalty_waiver_member",
            },
        ),
        migrations.RemoveConstraint(
            model_name="internalaccountrow",
            name="banking_internal_account_role",
        ),
        migrations.AddField(
            model_name="loanrow",
            name="penalties_counted_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="loanrow",
            name="penalties_counted_credits_minor",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddConstraint(
            model_name="internalaccountrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "role__in",
                        ["float", "cash", "fees", "opening", "interest_expense", "interest_income", "penalty_income"],
                    )
                ),
                name="banking_internal_account_role",
            ),
        ),
        migrations.AddField(
            model_name="loanrow",
            name="penalty_rule",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="banking.productpenaltyrow",
            ),
        ),
        migrations.AddIndex(
            model_name="loanrow",
            index=models.Index(
                condition=models.Q(("penalty_rule", None), _negated=True),
                fields=["account"],
                name="banking_loan_penalties",
            ),
        ),
        migrations.AddConstraint(
            model_name="loanpenaltyrow",
            constraint=models.UniqueConstraint(fields=("loan", "number"), name="banking_loan_penalty_numbered"),
        ),
        migrations.AddConstraint(
            model_name="loanpenaltyrow",
            constraint=models.UniqueConstraint(fields=("transfer_id",), name="banking_loan_penalty_posted_once"),
        ),
        migrations.AddConstraint(
            model_name="loanpenaltyrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("number__gt", 0), models.Q(("amount_minor", 0), _negated=True)),
                name="banking_loan_penalty_whole",
            ),
        ),
        migrations.AddIndex(
            model_name="penaltywaiverrow",
            index=models.Index(fields=["institution_id", "made_at"], name="banking_penalty_waiver_made"),
        ),
        migrations.AddIndex(
            model_name="penaltywaiverrow",
            index=models.Index(
                condition=models.Q(("state", "active")),
                fields=["institution_id", "changed_at"],
                name="banking_penalty_waiver_changed",
            ),
        ),
        migrations.AddConstraint(
            model_name="penaltywaiverrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["proposed", "active"])), name="banking_penalty_waiver_state"
            ),
        ),
        migrations.AddConstraint(
            model_name="penaltywaiverrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("last_day__gte", models.F("first_day"))), name="banking_penalty_waiver_span"
            ),
        ),
        migrations.AddConstraint(
            model_name="penaltywaiverrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("members", 0), ("scope", "everyone")),
                    models.Q(("members__gt", 0), ("scope__in", ["customers", "loans"])),
                    _connector="OR",
                ),
                name="banking_penalty_waiver_scope",
            ),
        ),
        migrations.AddIndex(
            model_name="productpenaltyrow",
            index=models.Index(fields=["product", "valid_from", "id"], name="banking_product_penalty_from"),
        ),
        migrations.AddConstraint(
            model_name="productpenaltyrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("amount_minor", None), ("kind", "none"), ("rate_ppm", None)),
                    models.Q(("amount_minor__gt", 0), ("kind__in", ["fixed", "fixed_a_day"]), ("rate_ppm", None)),
                    models.Q(("amount_minor", None), ("kind__in", ["percent", "percent_a_day"]), ("rate_ppm__gt", 0)),
                    _connector="OR",
                ),
                name="banking_product_penalty_kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="productpenaltyrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("grace_days__gte", 0),
                    models.Q(("cap_minor", None), ("cap_minor__gt", 0), _connector="OR"),
                    models.Q(("cap_ppm", None), ("cap_ppm__gt", 0), _connector="OR"),
                ),
                name="banking_product_penalty_bounds",
            ),
        ),
        *(migrations.RunSQL(sql) for sql in (LOAN, PENALTY, WAIVER)),
        *(migrations.RunSQL(append_only_trigger_sql(table)) for table in APPEND_ONLY),
    ]
