"""Terms of billers as data, waivers, credit, disputes; orders that nobody sent in time expire."""

import django.db.models.deletion
from django.db import migrations, models

from raseed.platform.append_only import append_only_trigger_sql

ORDER = """
CREATE OR REPLACE FUNCTION bills_order_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'open' THEN
            RAISE EXCEPTION 'an order of bills begins open' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP <> 'UPDATE' THEN
        RAISE EXCEPTION '% on bills_order refused: what was ordered stays', TG_OP USING ERRCODE = 'restrict_violation';
    END IF;
    IF (NEW.id, NEW.biller_id, NEW.customer_id, NEW.values, NEW.reference, NEW.amount_minor, NEW.made_at)
        IS DISTINCT FROM
       (OLD.id, OLD.biller_id, OLD.customer_id, OLD.values, OLD.reference, OLD.amount_minor, OLD.made_at)
    THEN
        RAISE EXCEPTION 'what was ordered stays' USING ERRCODE = 'restrict_violation';
    END IF;
    IF (OLD.state, NEW.state) NOT IN (('open', 'held'), ('open', 'expired'), ('held', 'paid'), ('held', 'returned')) THEN
        RAISE EXCEPTION 'an order of bills does not go from % to %', OLD.state, NEW.state
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
"""

CREDIT = """
CREATE FUNCTION bills_credit_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' THEN
        RAISE EXCEPTION '% on bills_credit refused: credit is used, never removed', TG_OP
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF (NEW.biller_id, NEW.reference) IS DISTINCT FROM (OLD.biller_id, OLD.reference)
        OR NEW.kept_minor < OLD.kept_minor OR NEW.used_minor < OLD.used_minor
    THEN
        RAISE EXCEPTION 'whose a credit is stays, and what was kept and used of it only grows'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER bills_credit_guard BEFORE UPDATE OR DELETE ON bills_credit
    FOR EACH ROW EXECUTE FUNCTION bills_credit_guard();
CREATE TRIGGER bills_credit_keep BEFORE TRUNCATE ON bills_credit
    FOR EACH STATEMENT EXECUTE FUNCTION bills_credit_guard();
"""

WAIVER = """
CREATE FUNCTION bills_waiver_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' THEN
        RAISE EXCEPTION '% on bills_waiver refused: waivers end, never vanish', TG_OP USING ERRCODE = 'restrict_violation';
    END IF;
    IF to_jsonb(NEW) - '{state,confirmed_by,ended_on,ended_by,end_reason}'::text[]
        <> to_jsonb(OLD) - '{state,confirmed_by,ended_on,ended_by,end_reason}'::text[]
    THEN
        RAISE EXCEPTION 'what a waiver covers, and for whom, stays' USING ERRCODE = 'restrict_violation';
    END IF;
    IF (OLD.state, NEW.state) NOT IN (('proposed', 'proposed'), ('proposed', 'active'), ('active', 'active'))
        OR (OLD.state = 'active' AND NEW.confirmed_by <> OLD.confirmed_by)
        OR NEW.confirmed_by = NEW.made_by
        OR (OLD.ended_on IS NOT NULL AND (NEW.ended_on, NEW.ended_by, NEW.end_reason)
            IS DISTINCT FROM (OLD.ended_on, OLD.ended_by, OLD.end_reason))
    THEN
        RAISE EXCEPTION 'a waiver is confirmed once, by a second person, and ends once'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER bills_waiver_guard BEFORE UPDATE OR DELETE ON bills_waiver
    FOR EACH ROW EXECUTE FUNCTION bills_waiver_guard();
CREATE TRIGGER bills_waiver_keep BEFORE TRUNCATE ON bills_waiver
    FOR EACH STATEMENT EXECUTE FUNCTION bills_waiver_guard();
"""

DISPUTE = """
CREATE FUNCTION bills_dispute_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' THEN
        RAISE EXCEPTION '% on bills_dispute refused: disputes end, never vanish', TG_OP
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.state <> 'open' OR NEW.state = 'open'
        OR to_jsonb(NEW) - '{state,ended_at,ended_on,ended_by,note,lowered_minor}'::text[]
            <> to_jsonb(OLD) - '{state,ended_at,ended_on,ended_by,note,lowered_minor}'::text[]
    THEN
        RAISE EXCEPTION 'a dispute ends once, and what was said in it stays' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER bills_dispute_guard BEFORE UPDATE OR DELETE ON bills_dispute
    FOR EACH ROW EXECUTE FUNCTION bills_dispute_guard();
CREATE TRIGGER bills_dispute_keep BEFORE TRUNCATE ON bills_dispute
    FOR EACH STATEMENT EXECUTE FUNCTION bills_dispute_guard();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("bills", "0002_guards"),
    ]

    operations = [
        migrations.CreateModel(
            name="CreditRow",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "biller", "reference", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("reference", models.CharField(max_length=488)),
                ("kept_minor", models.BigIntegerField()),
                ("used_minor", models.BigIntegerField(db_default=0)),
                ("held_minor", models.BigIntegerField(db_default=0)),
                (
                    "biller",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="bills.billerrow",
                    ),
                ),
            ],
            options={
                "db_table": "bills_credit",
            },
        ),
        migrations.CreateModel(
            name="CreditTermsRow",
            fields=[
                ("position", models.BigAutoField(primary_key=True, serialize=False)),
                ("valid_from", models.DateField()),
                ("keeps", models.BooleanField()),
                ("set_at", models.DateTimeField()),
            ],
            options={
                "db_table": "bills_credit_terms",
            },
        ),
        migrations.CreateModel(
            name="DisputeRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("institution_id", models.UUIDField()),
                ("customer_id", models.UUIDField()),
                ("reason", models.CharField(max_length=500)),
                ("amount_minor", models.BigIntegerField()),
                ("state", models.TextField()),
                ("opened_at", models.DateTimeField()),
                ("opened_on", models.DateField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("ended_on", models.DateField(null=True)),
                ("ended_by", models.CharField(db_default="", max_length=60)),
                ("note", models.CharField(db_default="", max_length=500)),
                ("lowered_minor", models.BigIntegerField(null=True)),
            ],
            options={
                "db_table": "bills_dispute",
            },
        ),
        migrations.CreateModel(
            name="PenaltyRuleRow",
            fields=[
                ("position", models.BigAutoField(primary_key=True, serialize=False)),
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
                "db_table": "bills_penalty_rule",
            },
        ),
        migrations.CreateModel(
            name="WaiverRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("institution_id", models.UUIDField()),
                ("for_everyone", models.BooleanField()),
                ("customers", models.IntegerField()),
                ("digest", models.CharField(max_length=64)),
                ("names", models.JSONField()),
                ("first_day", models.DateField()),
                ("last_day", models.DateField()),
                ("reason", models.CharField(max_length=500)),
                ("state", models.TextField()),
                ("made_by", models.CharField(max_length=60)),
                ("made_at", models.DateTimeField()),
                ("confirmed_by", models.CharField(db_default="", max_length=60)),
                ("ended_on", models.DateField(null=True)),
                ("ended_by", models.CharField(db_default="", max_length=60)),
                ("end_reason", models.CharField(db_default="", max_length=500)),
            ],
            options={
                "db_table": "bills_waiver",
            },
        ),
        migrations.CreateModel(
            name="WaiverCustomerRow",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "waiver", "customer_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("customer_id", models.UUIDField()),
                (
                    "waiver",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="bills.waiverrow",
                    ),
                ),
            ],
            options={
                "db_table": "bills_waiver_customer",
            },
        ),
        migrations.RemoveConstraint(
            model_name="billorderrow",
            name="bills_order_state",
        ),
        migrations.RemoveConstraint(
            model_name="billorderrow",
            name="bills_order_ended",
        ),
        migrations.AddField(
            model_name="billrow",
            name="agreed_minor",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="partrow",
            name="waiver_id",
            field=models.UUIDField(null=True),
        ),
        migrations.AddIndex(
            model_name="billorderrow",
            index=models.Index(condition=models.Q(("state", "open")), fields=["made_at"], name="bills_order_open"),
        ),
        migrations.AddIndex(
            model_name="partrow",
            index=models.Index(
                condition=models.Q(("kind__in", ["penalty", "waiver"])), fields=["bill"], name="bills_part_late"
            ),
        ),
        migrations.AddConstraint(
            model_name="billorderrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["open", "held", "paid", "returned", "expired"])),
                name="bills_order_state",
            ),
        ),
        migrations.AddConstraint(
            model_name="billorderrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at", None), ("state__in", ["open", "held"])),
                    models.Q(("ended_at__isnull", False), ("state__in", ["paid", "returned", "expired"])),
                    _connector="OR",
                ),
                name="bills_order_ended",
            ),
        ),
        migrations.AddConstraint(
            model_name="billrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("agreed_minor", None),
                    models.Q(("agreed_minor", 0), ("state", "cancelled")),
                    models.Q(("agreed_minor__gt", 0), ("agreed_minor__gte", models.F("amount_minor"))),
                    _connector="OR",
                ),
                name="bills_bill_agreed",
            ),
        ),
        migrations.AddConstraint(
            model_name="partrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "waiver"), ("waiver_id__isnull", False)),
                    models.Q(models.Q(("kind", "waiver"), _negated=True), ("waiver_id", None)),
                    _connector="OR",
                ),
                name="bills_part_waiver",
            ),
        ),
        migrations.AddField(
            model_name="credittermsrow",
            name="biller",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="bills.billerrow"
            ),
        ),
        migrations.AddField(
            model_name="disputerow",
            name="bill",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="bills.billrow"),
        ),
        migrations.AddField(
            model_name="disputerow",
            name="biller",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="bills.billerrow"
            ),
        ),
        migrations.AddField(
            model_name="penaltyrulerow",
            name="biller",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="bills.billerrow"
            ),
        ),
        migrations.AddField(
            model_name="waiverrow",
            name="biller",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="bills.billerrow",
            ),
        ),
        migrations.AddConstraint(
            model_name="creditrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("held_minor__gte", 0),
                    (
                        "kept_minor__gte",
                        django.db.models.expressions.CombinedExpression(
                            models.F("used_minor"), "+", models.F("held_minor")
                        ),
                    ),
                    ("used_minor__gte", 0),
                ),
                name="bills_credit_used_once",
            ),
        ),
        migrations.AddIndex(
            model_name="credittermsrow",
            index=models.Index(fields=["biller", "valid_from"], name="bills_credit_terms_from"),
        ),
        migrations.AddIndex(
            model_name="disputerow",
            index=models.Index(fields=["institution_id", "opened_at"], name="bills_dispute_opened"),
        ),
        migrations.AddIndex(
            model_name="disputerow",
            index=models.Index(fields=["customer_id", "opened_at"], name="bills_dispute_customer"),
        ),
        migrations.AddIndex(
            model_name="disputerow",
            index=models.Index(fields=["biller", "opened_at"], name="bills_dispute_biller"),
        ),
        migrations.AddConstraint(
            model_name="disputerow",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "open")), fields=("bill",), name="bills_dispute_one_open"
            ),
        ),
        migrations.AddConstraint(
            model_name="disputerow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at", None), ("ended_on", None), ("lowered_minor", None), ("state", "open")),
                    models.Q(("ended_at__isnull", False), ("lowered_minor__gt", 0), ("state", "lowered")),
                    models.Q(
                        ("ended_at__isnull", False),
                        ("lowered_minor", None),
                        ("state__in", ["cancelled", "rejected", "withdrawn"]),
                    ),
                    _connector="OR",
                ),
                name="bills_dispute_state",
            ),
        ),
        migrations.AddIndex(
            model_name="penaltyrulerow",
            index=models.Index(fields=["biller", "valid_from"], name="bills_penalty_rule_from"),
        ),
        migrations.AddConstraint(
            model_name="penaltyrulerow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("amount_minor", None), ("kind", "none"), ("rate_ppm", None)),
                    models.Q(("amount_minor__gt", 0), ("kind__in", ["fixed", "fixed_a_day"]), ("rate_ppm", None)),
                    models.Q(("amount_minor", None), ("kind__in", ["percent", "percent_a_day"]), ("rate_ppm__gt", 0)),
                    _connector="OR",
                ),
                name="bills_penalty_rule_kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="penaltyrulerow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("grace_days__gte", 0),
                    models.Q(("cap_minor", None), ("cap_minor__gt", 0), _connector="OR"),
                    models.Q(("cap_ppm", None), ("cap_ppm__gt", 0), _connector="OR"),
                ),
                name="bills_penalty_rule_bounds",
            ),
        ),
        migrations.AddIndex(
            model_name="waiverrow",
            index=models.Index(
                condition=models.Q(("state", "active")), fields=["institution_id", "last_day"], name="bills_waiver_days"
            ),
        ),
        migrations.AddIndex(
            model_name="waiverrow",
            index=models.Index(fields=["institution_id", "made_at"], name="bills_waiver_made"),
        ),
        migrations.AddConstraint(
            model_name="waiverrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["proposed", "active"])), name="bills_waiver_state"
            ),
        ),
        migrations.AddConstraint(
            model_name="waiverrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("last_day__gte", models.F("first_day"))), name="bills_waiver_span"
            ),
        ),
        migrations.AddConstraint(
            model_name="waiverrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("customers", 0), ("for_everyone", True)),
                    models.Q(("customers__gt", 0), ("for_everyone", False)),
                    _connector="OR",
                ),
                name="bills_waiver_customers",
            ),
        ),
        migrations.RunSQL(ORDER),
        migrations.RunSQL(CREDIT),
        migrations.RunSQL(WAIVER),
        migrations.RunSQL(DISPUTE),
        migrations.RunSQL(append_only_trigger_sql("bills_penalty_rule")),
        migrations.RunSQL(append_only_trigger_sql("bills_credit_terms")),
        migrations.RunSQL(append_only_trigger_sql("bills_waiver_customer")),
    ]
