"""The audit trail is read by actor, institution, customer and time, and each record carries its seal."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("platform", "0002_append_only"),
    ]

    operations = [
        migrations.AddField(
            model_name="auditrow",
            name="customer_id",
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name="auditrow",
            name="seal",
            field=models.BinaryField(null=True),
        ),
        migrations.AddIndex(
            model_name="auditrow",
            index=models.Index(fields=["actor", "at", "position"], name="platform_audit_actor"),
        ),
        migrations.AddIndex(
            model_name="auditrow",
            index=models.Index(fields=["institution_id", "at", "position"], name="platform_audit_institution"),
        ),
        migrations.AddIndex(
            model_name="auditrow",
            index=models.Index(
                condition=models.Q(("customer_id__isnull", False)),
                fields=["customer_id", "at", "position"],
                name="platform_audit_customer",
            ),
        ),
        migrations.AddIndex(
            model_name="auditrow",
            index=models.Index(fields=["at", "position"], name="platform_audit_time"),
        ),
        migrations.AddIndex(
            model_name="auditrow",
            index=models.Index(
                fields=["institution_id", "action"],
                name="platform_audit_action",
                opclasses=["uuid_ops", "text_pattern_ops"],
            ),
        ),
    ]
