"""Autopays with what became of bills, notices, reminders and saved billers, and what may change in them."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

from raseed.platform.append_only import append_only_trigger_sql

# Who asked for what stays; an autopay that has ended stays as it is.
AUTOPAY = """
CREATE FUNCTION bills_autopay_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' THEN
        RAISE EXCEPTION '% on bills_autopay refused: what was given stays', TG_OP USING ERRCODE = 'restrict_violation';
    END IF;
    IF (NEW.id, NEW.customer_id, NEW.biller_id, NEW.institution_id, NEW.reference, NEW.values, NEW.given, NEW.made_at)
        IS DISTINCT FROM
       (OLD.id, OLD.customer_id, OLD.biller_id, OLD.institution_id, OLD.reference, OLD.values, OLD.given, OLD.made_at)
    THEN
        RAISE EXCEPTION 'who has whose bills paid stays' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.state = 'ended' AND to_jsonb(NEW) <> to_jsonb(OLD) THEN
        RAISE EXCEPTION 'an autopay that has ended stays as it is' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER bills_autopay_guard BEFORE UPDATE OR DELETE ON bills_autopay
    FOR EACH ROW EXECUTE FUNCTION bills_autopay_guard();
CREATE TRIGGER bills_autopay_keep BEFORE TRUNCATE ON bills_autopay
    FOR EACH STATEMENT EXECUTE FUNCTION bills_autopay_guard();
"""

# What became of a bill is told without gaps and in an order that can be: sent before paid or returned, once.
RUN = """
CREATE FUNCTION bills_autopay_run_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before text;
BEGIN
    SELECT outcome INTO before FROM bills_autopay_run
    WHERE autopay_id = NEW.autopay_id AND bill_id = NEW.bill_id AND number = NEW.number - 1;
    IF NEW.number < 1 OR (NEW.number > 1 AND before IS NULL) THEN
        RAISE EXCEPTION 'what became of a bill is numbered without gaps' USING ERRCODE = 'restrict_violation';
    END IF;
    IF (before = 'sent') <> (NEW.outcome IN ('paid', 'returned')) OR before IN ('paid', 'given_up')
        OR (NEW.outcome IN ('paid', 'returned') AND before IS NULL)
        OR (NEW.outcome = 'given_up' AND before IS DISTINCT FROM 'refused' AND before IS DISTINCT FROM 'returned')
    THEN
        RAISE EXCEPTION 'a bill does not go from % to %', before, NEW.outcome USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER bills_autopay_run_guard BEFORE INSERT ON bills_autopay_run
    FOR EACH ROW EXECUTE FUNCTION bills_autopay_run_guard();
"""

NOTICE = """
CREATE FUNCTION bills_notice_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' OR to_jsonb(NEW) - 'sent_at' - 'send_from' <> to_jsonb(OLD) - 'sent_at' - 'send_from'
        OR OLD.sent_at IS NOT NULL
    THEN
        RAISE EXCEPTION '% on bills_notice refused: what was told stays', TG_OP USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER bills_notice_guard BEFORE UPDATE OR DELETE ON bills_notice
    FOR EACH ROW EXECUTE FUNCTION bills_notice_guard();
CREATE TRIGGER bills_notice_keep BEFORE TRUNCATE ON bills_notice
    FOR EACH STATEMENT EXECUTE FUNCTION bills_notice_guard();
"""

# What reminders look for: bills that are due on a day, and who has asked for a reference.
LOOKED_FOR = """
CREATE INDEX bills_bill_due ON bills_bill (due_on, id) WHERE state IN ('open', 'partly_paid');
CREATE INDEX bills_look_up_of_reference ON bills_look_up (biller_id, reference);
"""


class Migration(migrations.Migration):
    dependencies = [("bills", "0003_terms")]

    operations = [
        migrations.CreateModel(
            name="RemindingRow",
            fields=[
                ("customer_id", models.UUIDField(primary_key=True, serialize=False)),
                ("days", django.contrib.postgres.fields.ArrayField(base_field=models.SmallIntegerField(), size=None)),
                ("set_at", models.DateTimeField()),
            ],
            options={
                "db_table": "bills_reminding",
            },
        ),
        migrations.CreateModel(
            name="AutopayRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("customer_id", models.UUIDField()),
                ("institution_id", models.UUIDField()),
                ("reference", models.CharField(max_length=488)),
                ("values", models.JSONField()),
                ("from_account_id", models.UUIDField()),
                ("ceiling_minor", models.BigIntegerField()),
                ("days_before", models.SmallIntegerField()),
                ("state", models.TextField()),
                ("given", models.JSONField()),
                ("made_at", models.DateTimeField()),
                ("next_look_at", models.DateTimeField(null=True)),
                ("asked_on", models.DateField(null=True)),
                ("failures", models.SmallIntegerField(db_default=0)),
                ("ended_at", models.DateTimeField(null=True)),
                ("ended_code", models.TextField(db_default="")),
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
                "db_table": "bills_autopay",
            },
        ),
        migrations.CreateModel(
            name="AutopayRunRow",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "autopay", "bill", "number", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("number", models.SmallIntegerField()),
                ("outcome", models.TextField()),
                ("amount_minor", models.BigIntegerField()),
                ("order_id", models.UUIDField(null=True)),
                ("code", models.TextField(db_default="")),
                ("params", models.JSONField(null=True)),
                ("on", models.DateField()),
                ("at", models.DateTimeField()),
                (
                    "autopay",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="bills.autopayrow",
                    ),
                ),
                (
                    "bill",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="bills.billrow",
                    ),
                ),
            ],
            options={
                "db_table": "bills_autopay_run",
            },
        ),
        migrations.CreateModel(
            name="NoticeHoursRow",
            fields=[
                ("institution_id", models.UUIDField(primary_key=True, serialize=False)),
                ("begins", models.TimeField()),
                ("ends", models.TimeField()),
            ],
            options={
                "db_table": "bills_notice_hours",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("begins__lt", models.F("ends"))), name="bills_notice_hours_order"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="NoticeRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("customer_id", models.UUIDField()),
                ("institution_id", models.UUIDField()),
                ("kind", models.TextField()),
                ("on", models.DateField()),
                ("amount_minor", models.BigIntegerField(null=True)),
                ("ceiling_minor", models.BigIntegerField(null=True)),
                ("code", models.TextField(db_default="")),
                ("params", models.JSONField(null=True)),
                ("made_at", models.DateTimeField()),
                ("send_from", models.DateTimeField()),
                ("sent_at", models.DateTimeField(null=True)),
                (
                    "bill",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="bills.billrow",
                    ),
                ),
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
                "db_table": "bills_notice",
            },
        ),
        migrations.CreateModel(
            name="SavedRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("customer_id", models.UUIDField()),
                ("reference", models.CharField(max_length=488)),
                ("values", models.JSONField()),
                ("nickname", models.CharField(max_length=40)),
                ("made_at", models.DateTimeField()),
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
                "db_table": "bills_saved",
            },
        ),
        migrations.AddIndex(
            model_name="autopayrow",
            index=models.Index(fields=["customer_id", "made_at"], name="bills_autopay_customer"),
        ),
        migrations.AddIndex(
            model_name="autopayrow",
            index=models.Index(
                condition=models.Q(("state", "active")), fields=["next_look_at", "id"], name="bills_autopay_due"
            ),
        ),
        migrations.AddConstraint(
            model_name="autopayrow",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "ended"), _negated=True),
                fields=("biller", "reference", "customer_id"),
                name="bills_autopay_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="autopayrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["active", "paused", "ended"])), name="bills_autopay_state"
            ),
        ),
        migrations.AddConstraint(
            model_name="autopayrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("ceiling_minor__gt", 0), ("days_before__gte", 0), ("days_before__lte", 10)),
                name="bills_autopay_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="autopayrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("next_look_at__isnull", False), ("state", "active")),
                    models.Q(models.Q(("state", "active"), _negated=True), ("next_look_at", None)),
                    _connector="OR",
                ),
                name="bills_autopay_looked_at",
            ),
        ),
        migrations.AddConstraint(
            model_name="autopayrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("ended_at", None), ("state", "ended"), _connector="XOR"), name="bills_autopay_ends"
            ),
        ),
        migrations.AddConstraint(
            model_name="autopayrunrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "outcome__in",
                        ["sent", "paid", "refused", "returned", "changed", "over_ceiling", "disputed", "given_up"],
                    )
                ),
                name="bills_autopay_run_outcome",
            ),
        ),
        migrations.AddConstraint(
            model_name="autopayrunrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("outcome__in", ["sent", "paid", "returned"]), _negated=True),
                    ("order_id__isnull", False),
                    _connector="OR",
                ),
                name="bills_autopay_run_order",
            ),
        ),
        migrations.AddConstraint(
            model_name="autopayrunrow",
            constraint=models.UniqueConstraint(
                condition=models.Q(("outcome", "sent")), fields=("order_id",), name="bills_autopay_run_sent_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="autopayrunrow",
            constraint=models.UniqueConstraint(
                condition=models.Q(("outcome__in", ["paid", "given_up"])),
                fields=("autopay", "bill"),
                name="bills_autopay_run_ends_once",
            ),
        ),
        migrations.AddIndex(
            model_name="noticerow",
            index=models.Index(
                condition=models.Q(("sent_at", None)), fields=["send_from", "id"], name="bills_notice_waiting"
            ),
        ),
        migrations.AddConstraint(
            model_name="noticerow",
            constraint=models.UniqueConstraint(fields=("bill", "customer_id", "kind", "on"), name="bills_notice_once"),
        ),
        migrations.AddConstraint(
            model_name="noticerow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("kind__in", ["reminder", "paid", "tried", "over_ceiling", "disputed", "given_up", "ended"])
                ),
                name="bills_notice_kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="savedrow",
            constraint=models.UniqueConstraint(fields=("customer_id", "biller", "reference"), name="bills_saved_once"),
        ),
        migrations.RunSQL(AUTOPAY),
        migrations.RunSQL(RUN),
        migrations.RunSQL(NOTICE),
        migrations.RunSQL(append_only_trigger_sql("bills_autopay_run")),
        migrations.RunSQL(LOOKED_FOR),
    ]
