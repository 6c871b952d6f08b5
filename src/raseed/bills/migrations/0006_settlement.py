"""Settlements, payouts and breaks, with what may change in them."""

import django.db.models.deletion
from django.db import migrations, models

from raseed.platform.append_only import append_only_trigger_sql

# Lines come before their settlement, in its transaction, and none after; its sums and counts are theirs.
SETTLEMENT = """
CREATE FUNCTION bills_settlement_whole() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM bills_settlement WHERE biller_id = NEW.biller_id AND day >= NEW.day AND id <> NEW.id) THEN
        RAISE EXCEPTION 'business days are closed in order' USING ERRCODE = 'restrict_violation';
    END IF;
    IF (NEW.payments, NEW.collected_minor, NEW.refunds, -NEW.refunded_minor, NEW.others) <> (
        SELECT count(*) FILTER (WHERE kind = 'payment')::int4,
            COALESCE(sum(amount_minor) FILTER (WHERE kind = 'payment'), 0)::int8,
            count(*) FILTER (WHERE kind = 'refund')::int4,
            COALESCE(sum(amount_minor) FILTER (WHERE kind = 'refund'), 0)::int8,
            count(*) FILTER (WHERE kind = 'other')::int4
        FROM bills_settlement_line WHERE settlement_id = NEW.id)
    THEN
        RAISE EXCEPTION 'the lines of settlement % are not what it says', NEW.id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER bills_settlement_whole BEFORE INSERT ON bills_settlement
    FOR EACH ROW EXECUTE FUNCTION bills_settlement_whole();

CREATE FUNCTION bills_settlement_line_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM bills_settlement WHERE id IN (SELECT settlement_id FROM added)) THEN
        RAISE EXCEPTION 'a day that is closed gets no more lines' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER bills_settlement_line_guard AFTER INSERT ON bills_settlement_line
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION bills_settlement_line_guard();

CREATE FUNCTION bills_payout_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT brought_minor + collected_minor - refunded_minor FROM bills_settlement WHERE id = NEW.settlement_id)
        < NEW.amount_minor
    THEN
        RAISE EXCEPTION 'no more is paid out than is owed' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER bills_payout_guard BEFORE INSERT ON bills_payout
    FOR EACH ROW EXECUTE FUNCTION bills_payout_guard();
"""

# What a break is about stays as it was found; where it is goes by steps without gaps, and the last step is where it is.
BREAK = """
CREATE FUNCTION bills_break_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' THEN
        RAISE EXCEPTION '% on bills_break refused: breaks are resolved, never removed', TG_OP
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF to_jsonb(NEW) - ARRAY['state', 'assignee_id', 'steps', 'changed_at']
        <> to_jsonb(OLD) - ARRAY['state', 'assignee_id', 'steps', 'changed_at']
    THEN
        RAISE EXCEPTION 'what a break is about stays as it was found' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.steps <> OLD.steps + 1 THEN
        RAISE EXCEPTION 'a break goes by one step at a time' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.state IN ('resolved', 'closed') AND NEW.state <> 'open' THEN
        RAISE EXCEPTION 'a break does not go from % to %', OLD.state, NEW.state USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER bills_break_guard BEFORE UPDATE OR DELETE ON bills_break
    FOR EACH ROW EXECUTE FUNCTION bills_break_guard();
CREATE TRIGGER bills_break_keep BEFORE TRUNCATE ON bills_break
    FOR EACH STATEMENT EXECUTE FUNCTION bills_break_guard();

CREATE FUNCTION bills_break_step_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM added AS a JOIN bills_break AS b ON b.id = a.of_id
        WHERE a.number <> b.steps OR a.state <> b.state OR a.assignee_id IS DISTINCT FROM b.assignee_id)
    THEN
        RAISE EXCEPTION 'a step says where its break is' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER bills_break_step_guard AFTER INSERT ON bills_break_step
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION bills_break_step_guard();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("bills", "0005_receipts"),
    ]

    operations = [
        migrations.CreateModel(
            name="SettlementRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("day", models.DateField()),
                ("collected_minor", models.BigIntegerField()),
                ("refunded_minor", models.BigIntegerField()),
                ("brought_minor", models.BigIntegerField()),
                ("payments", models.IntegerField()),
                ("refunds", models.IntegerField()),
                ("others", models.IntegerField()),
                ("after_seq", models.BigIntegerField()),
                ("closed_at", models.DateTimeField()),
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
                "db_table": "bills_settlement",
            },
        ),
        migrations.CreateModel(
            name="BreakRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("day", models.DateField()),
                ("kind", models.TextField()),
                ("subject", models.CharField(max_length=200)),
                ("order_id", models.UUIDField(null=True)),
                ("transfer_id", models.UUIDField(null=True)),
                ("line", models.IntegerField(null=True)),
                ("their_reference", models.CharField(max_length=120)),
                ("ours_minor", models.BigIntegerField(null=True)),
                ("theirs_minor", models.BigIntegerField(null=True)),
                ("found_at", models.DateTimeField()),
                ("state", models.TextField()),
                ("assignee_id", models.UUIDField(null=True)),
                ("steps", models.SmallIntegerField()),
                ("changed_at", models.DateTimeField()),
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
                "db_table": "bills_break",
            },
        ),
        migrations.CreateModel(
            name="PayoutAccountRow",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("account_id", models.UUIDField()),
                ("set_at", models.DateTimeField()),
                (
                    "biller",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="bills.billerrow"
                    ),
                ),
            ],
            options={
                "db_table": "bills_payout_account",
            },
        ),
        migrations.CreateModel(
            name="PayoutRow",
            fields=[
                (
                    "settlement",
                    models.OneToOneField(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="payout",
                        serialize=False,
                        to="bills.settlementrow",
                    ),
                ),
                ("transfer_id", models.UUIDField(unique=True)),
                ("account_id", models.UUIDField()),
                ("amount_minor", models.BigIntegerField()),
                ("booked_on", models.DateField()),
                ("paid_at", models.DateTimeField()),
            ],
            options={
                "db_table": "bills_payout",
            },
        ),
        migrations.CreateModel(
            name="ReconciliationRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("digest", models.CharField(max_length=64)),
                ("lines", models.IntegerField()),
                ("sum_minor", models.BigIntegerField()),
                ("matched", models.IntegerField()),
                ("found", models.IntegerField()),
                ("explained", models.IntegerField()),
                ("taken_at", models.DateTimeField()),
                (
                    "biller",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="bills.billerrow",
                    ),
                ),
                (
                    "settlement",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="bills.settlementrow"
                    ),
                ),
            ],
            options={
                "db_table": "bills_reconciliation",
            },
        ),
        migrations.CreateModel(
            name="BreakStepRow",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "of", "number", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("number", models.SmallIntegerField()),
                ("at", models.DateTimeField()),
                ("state", models.TextField()),
                ("actor", models.CharField(max_length=60)),
                ("assignee_id", models.UUIDField(null=True)),
                ("outcome", models.TextField(null=True)),
                ("note", models.CharField(max_length=500)),
                (
                    "of",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="history",
                        to="bills.breakrow",
                    ),
                ),
                (
                    "reconciliation",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="bills.reconciliationrow",
                    ),
                ),
            ],
            options={
                "db_table": "bills_break_step",
            },
        ),
        migrations.CreateModel(
            name="SettlementLineRow",
            fields=[
                ("transfer_id", models.UUIDField(primary_key=True, serialize=False)),
                ("kind", models.TextField()),
                ("order_id", models.UUIDField(null=True)),
                ("refund_id", models.UUIDField(null=True)),
                ("cause_id", models.UUIDField(null=True)),
                ("amount_minor", models.BigIntegerField()),
                ("booked_on", models.DateField()),
                ("posted_at", models.DateTimeField()),
                ("seq", models.BigIntegerField()),
                (
                    "settlement",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lines",
                        to="bills.settlementrow",
                    ),
                ),
            ],
            options={
                "db_table": "bills_settlement_line",
            },
        ),
        migrations.AddIndex(
            model_name="breakrow",
            index=models.Index(
                condition=models.Q(("state__in", ["open", "assigned"])),
                fields=["biller", "day"],
                name="bills_break_open",
            ),
        ),
        migrations.AddIndex(
            model_name="breakrow",
            index=models.Index(
                condition=models.Q(("order_id__isnull", False)), fields=["order_id"], name="bills_break_order"
            ),
        ),
        migrations.AddConstraint(
            model_name="breakrow",
            constraint=models.UniqueConstraint(fields=("biller", "day", "kind", "subject"), name="bills_break_once"),
        ),
        migrations.AddConstraint(
            model_name="breakrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        [
                            "unknown_here",
                            "missing_there",
                            "amount_differs",
                            "twice_there",
                            "other_day",
                            "other_bill",
                            "under_way_here",
                            "returned_here",
                            "payment_without_ledger",
                            "ledger_without_payment",
                            "ledger_amount",
                            "direct_transfer",
                            "unexplained_debit",
                        ],
                    )
                ),
                name="bills_break_kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="breakrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["open", "assigned", "resolved", "closed"])), name="bills_break_state"
            ),
        ),
        migrations.AddConstraint(
            model_name="breakrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "assigned"), _negated=True), ("assignee_id__isnull", False), _connector="OR"
                ),
                name="bills_break_assigned",
            ),
        ),
        migrations.AddConstraint(
            model_name="payoutrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount_minor__gt", 0)), name="bills_payout_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="settlementrow",
            constraint=models.UniqueConstraint(fields=("biller", "day"), name="bills_settlement_once"),
        ),
        migrations.AddConstraint(
            model_name="settlementrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("collected_minor__gte", 0),
                    ("others__gte", 0),
                    ("payments__gte", 0),
                    ("refunded_minor__gte", 0),
                    ("refunds__gte", 0),
                ),
                name="bills_settlement_counts",
            ),
        ),
        migrations.AddConstraint(
            model_name="reconciliationrow",
            constraint=models.UniqueConstraint(fields=("biller", "digest"), name="bills_reconciliation_once"),
        ),
        migrations.AddConstraint(
            model_name="breaksteprow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        (
                            "outcome__in",
                            [
                                "mended_here",
                                "mended_there",
                                "given_back",
                                "accepted",
                                "mistaken",
                                "no_longer_told",
                                "told_on_other_day",
                                "settled_since",
                                "returned_since",
                                "booked_since",
                            ],
                        ),
                        ("state__in", ["resolved", "closed"]),
                    ),
                    models.Q(("outcome", None), ("state__in", ["open", "assigned"])),
                    _connector="OR",
                ),
                name="bills_break_step_outcome",
            ),
        ),
        migrations.AddIndex(
            model_name="settlementlinerow",
            index=models.Index(fields=["settlement", "seq"], name="bills_settlement_line_order"),
        ),
        migrations.AddConstraint(
            model_name="settlementlinerow",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind", "payment")), fields=("order_id",), name="bills_settlement_order_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="settlementlinerow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("amount_minor__gt", 0), ("kind", "payment"), ("order_id__isnull", False)),
                    models.Q(("amount_minor__lt", 0), ("kind", "refund"), ("refund_id__isnull", False)),
                    models.Q(("amount_minor__lt", 0), ("kind", "payout")),
                    ("kind", "other"),
                    _connector="OR",
                ),
                name="bills_settlement_line_kind",
            ),
        ),
        migrations.RunSQL(SETTLEMENT),
        migrations.RunSQL(BREAK),
        *(
            migrations.RunSQL(append_only_trigger_sql(table))
            for table in (
                "bills_settlement",
                "bills_settlement_line",
                "bills_payout_account",
                "bills_payout",
                "bills_reconciliation",
                "bills_break_step",
            )
        ),
    ]
