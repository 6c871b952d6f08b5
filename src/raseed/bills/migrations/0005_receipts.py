"""Receipts and the keys that sign them, with what may change in them."""

from django.db import migrations, models

from raseed.platform.append_only import append_only_trigger_sql

KEY = """
CREATE FUNCTION bills_receipt_key_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' THEN
        RAISE EXCEPTION '% on bills_receipt_key refused: keys end, what they signed stays', TG_OP
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF to_jsonb(NEW) - 'valid_until' - 'revoked' <> to_jsonb(OLD) - 'valid_until' - 'revoked' OR OLD.valid_until IS NOT NULL THEN
        RAISE EXCEPTION 'a key only ends, and once' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER bills_receipt_key_guard BEFORE UPDATE OR DELETE ON bills_receipt_key
    FOR EACH ROW EXECUTE FUNCTION bills_receipt_key_guard();
CREATE TRIGGER bills_receipt_key_keep BEFORE TRUNCATE ON bills_receipt_key
    FOR EACH STATEMENT EXECUTE FUNCTION bills_receipt_key_guard();
"""


class Migration(migrations.Migration):
    dependencies = [("bills", "0004_habits")]

    operations = [
        migrations.CreateModel(
            name="ReceiptKeyRow",
            fields=[
                ("key_id", models.CharField(max_length=8, primary_key=True, serialize=False)),
                ("institution_id", models.UUIDField()),
                ("generation", models.SmallIntegerField()),
                ("public_key", models.BinaryField(max_length=32)),
                ("valid_from", models.DateTimeField()),
                ("valid_until", models.DateTimeField(null=True)),
                ("revoked", models.BooleanField(db_default=False)),
            ],
            options={
                "db_table": "bills_receipt_key",
                "constraints": [
                    models.UniqueConstraint(
                        fields=["institution_id", "generation"], name="bills_receipt_key_generation"
                    ),
                    models.UniqueConstraint(
                        fields=["institution_id"],
                        condition=models.Q(("valid_until", None)),
                        name="bills_receipt_key_one_signs",
                    ),
                    models.CheckConstraint(
                        name="bills_receipt_key_span",
                        condition=models.Q(
                            models.Q(("revoked", False), ("valid_until", None)),
                            ("valid_until__gte", models.F("valid_from")),
                            _connector="OR",
                        ),
                    ),
                    models.CheckConstraint(
                        name="bills_receipt_key_generation_positive", condition=models.Q(("generation__gte", 1))
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ReceiptRow",
            fields=[
                ("payment_id", models.UUIDField(primary_key=True, serialize=False)),
                ("number", models.CharField(max_length=10)),
                ("code", models.CharField(max_length=8)),
                ("institution_id", models.UUIDField()),
                ("settled_on", models.DateField()),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("kind", models.CharField(max_length=1)),
                ("payee", models.CharField(max_length=40)),
                ("made_at", models.DateTimeField()),
            ],
            options={
                "db_table": "bills_receipt",
                "constraints": [
                    models.UniqueConstraint(fields=["number", "code"], name="bills_receipt_once"),
                    models.CheckConstraint(
                        name="bills_receipt_amount_positive", condition=models.Q(("amount_minor__gt", 0))
                    ),
                    models.CheckConstraint(
                        name="bills_receipt_payee",
                        condition=models.Q(
                            models.Q(("kind", "T"), ("payee", "")),
                            models.Q(("kind", "B"), models.Q(("payee", ""), _negated=True)),
                            _connector="OR",
                        ),
                    ),
                ],
            },
        ),
        migrations.RunSQL(KEY),
        migrations.RunSQL(append_only_trigger_sql("bills_receipt")),
    ]
