"""Clerks of billers, refunds, and the indexes by which a biller finds what it has collected."""

import django.db.models.deletion
from django.db import migrations, models

from raseed.platform.append_only import append_only_trigger_sql

CLERK_GUARD = """
CREATE FUNCTION bills_clerk_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' THEN
        RAISE EXCEPTION '% on bills_clerk refused: who was named stays, with its end', TG_OP
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF (NEW.id, NEW.staff_id, NEW.biller_id, NEW.named_at) IS DISTINCT FROM
       (OLD.id, OLD.staff_id, OLD.biller_id, OLD.named_at) OR OLD.ended_at IS NOT NULL
    THEN
        RAISE EXCEPTION 'who works for whom stays, and ends once' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER bills_clerk_guard BEFORE UPDATE OR DELETE ON bills_clerk
    FOR EACH ROW EXECUTE FUNCTION bills_clerk_guard();
CREATE TRIGGER bills_clerk_keep BEFORE TRUNCATE ON bills_clerk
    FOR EACH STATEMENT EXECUTE FUNCTION bills_clerk_guard();
"""

REFUND_GUARD = """
CREATE FUNCTION bills_refund_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE paid bills_order%ROWTYPE;
BEGIN
    SELECT * INTO paid FROM bills_order WHERE id = NEW.order_id FOR UPDATE;
    IF paid.state <> 'paid' OR paid.biller_id <> NEW.biller_id THEN
        RAISE EXCEPTION 'only what its biller was paid is refunded' USING ERRCODE = 'restrict_violation';
    END IF;
    IF (SELECT COALESCE(sum(amount_minor), 0) FROM bills_refund WHERE order_id = NEW.order_id) + NEW.amount_minor
        > paid.amount_minor
            - (SELECT COALESCE(sum(amount_minor), 0) FROM bills_part WHERE order_id = NEW.order_id AND kind = 'credit')
    THEN
        RAISE EXCEPTION 'more than was paid, and is not kept as credit, is never refunded' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER bills_refund_guard BEFORE INSERT ON bills_refund
    FOR EACH ROW EXECUTE FUNCTION bills_refund_guard();
"""

# What a biller looks for among its payments, newest first; each list is read by key.
INDEXES = """
CREATE INDEX bills_order_collected ON bills_order (biller_id, ended_at, id) INCLUDE (amount_minor) WHERE state = 'paid';
CREATE INDEX bills_order_collected_reference ON bills_order (biller_id, split_part(reference, '/', 1), ended_at, id)
    WHERE state = 'paid';
CREATE INDEX bills_order_collected_theirs ON bills_order (biller_id, biller_reference, ended_at, id) WHERE state = 'paid';
CREATE INDEX bills_order_collected_amount ON bills_order (biller_id, amount_minor, ended_at, id) WHERE state = 'paid';
CREATE INDEX bills_order_collected_short ON bills_order (biller_id, right(id::text, 10)) WHERE state = 'paid';
CREATE INDEX bills_part_bill ON bills_part (bill_id) WHERE bill_id IS NOT NULL;
CREATE INDEX bills_bill_waiting ON bills_bill (biller_id, due_on, id) WHERE state IN ('open', 'partly_paid');
CREATE INDEX bills_bill_disputed ON bills_bill (biller_id, due_on, id) WHERE state = 'disputed';
"""
NO_INDEXES = """
DROP INDEX bills_order_collected, bills_order_collected_reference, bills_order_collected_theirs,
    bills_order_collected_amount, bills_order_collected_short, bills_part_bill, bills_bill_waiting,
    bills_bill_disputed;
"""


class Migration(migrations.Migration):
    dependencies = [("bills", "0006_settlement")]

    operations = [
        migrations.CreateModel(
            name="ClerkRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("staff_id", models.UUIDField()),
                ("refund_most_minor", models.BigIntegerField(null=True)),
                ("refund_most_day_minor", models.BigIntegerField(null=True)),
                ("named_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
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
                "db_table": "bills_clerk",
                "indexes": [models.Index(fields=["biller"], name="bills_clerk_biller")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at", None)), fields=("staff_id", "biller"), name="bills_clerk_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("refund_most_day_minor", None), ("refund_most_minor", None)),
                            models.Q(
                                ("refund_most_day_minor__gte", models.F("refund_most_minor")),
                                ("refund_most_minor__gt", 0),
                            ),
                            _connector="OR",
                        ),
                        name="bills_clerk_limits",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("ended_at", None), ("ended_at__gte", models.F("named_at")), _connector="OR"
                        ),
                        name="bills_clerk_span",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RefundRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("amount_minor", models.BigIntegerField()),
                ("actor", models.CharField(max_length=60)),
                ("clerk_id", models.UUIDField(null=True)),
                ("reason", models.CharField(max_length=500)),
                ("reopens", models.BooleanField()),
                ("at", models.DateTimeField()),
                ("booked_on", models.DateField()),
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
                    "order",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="bills.billorderrow",
                    ),
                ),
            ],
            options={
                "db_table": "bills_refund",
                "indexes": [
                    models.Index(fields=["order"], name="bills_refund_order"),
                    models.Index(fields=["biller", "booked_on", "actor"], name="bills_refund_day"),
                    models.Index(fields=["biller", "at", "id"], name="bills_refund_newest"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount_minor__gt", 0)), name="bills_refund_amount_positive"
                    )
                ],
            },
        ),
        migrations.RunSQL(CLERK_GUARD),
        migrations.RunSQL(REFUND_GUARD),
        migrations.RunSQL(append_only_trigger_sql("bills_refund")),
        migrations.RunSQL(INDEXES, NO_INDEXES),
    ]
