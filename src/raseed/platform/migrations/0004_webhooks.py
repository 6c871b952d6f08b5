"""Webhooks: endpoints, what is owed to them and each attempt; and how often keys come, in a table that a crash may forget."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("platform", "0003_audit_queries"),
    ]

    operations = [
        migrations.CreateModel(
            name="AttemptRow",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("number", models.PositiveIntegerField()),
                ("at", models.DateTimeField()),
                ("took_ms", models.PositiveIntegerField()),
                ("status", models.PositiveSmallIntegerField(null=True)),
                ("outcome", models.TextField()),
                ("answer", models.TextField(default="")),
            ],
            options={
                "db_table": "platform_webhook_attempt",
            },
        ),
        migrations.CreateModel(
            name="EndpointRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("institution_id", models.UUIDField()),
                ("url", models.TextField()),
                ("events", models.JSONField()),
                ("description", models.TextField()),
                ("state", models.TextField(default="on")),
                ("off_reason", models.TextField(default="")),
                ("generation", models.PositiveIntegerField(default=1)),
                ("previous_until", models.DateTimeField(null=True)),
                ("failing_since", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "db_table": "platform_webhook_endpoint",
            },
        ),
        migrations.CreateModel(
            name="OwedRow",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("state", models.TextField(default="waiting")),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("owed_at", models.DateTimeField()),
                ("next_try_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("last_status", models.PositiveSmallIntegerField(null=True)),
                ("last_outcome", models.TextField(default="")),
            ],
            options={
                "db_table": "platform_webhook_delivery",
            },
        ),
        migrations.AddIndex(
            model_name="eventrow",
            index=models.Index(fields=["institution_id", "occurred_at"], name="platform_event_institution"),
        ),
        migrations.AddIndex(
            model_name="endpointrow",
            index=models.Index(fields=["institution_id", "created_at"], name="platform_webhook_endpoints"),
        ),
        migrations.AddConstraint(
            model_name="endpointrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["on", "off", "removed"])), name="platform_webhook_state"
            ),
        ),
        migrations.AddConstraint(
            model_name="endpointrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("off_reason__in", ["person", "failing", "gone"]), ("state", "off")),
                    models.Q(models.Q(("state", "off"), _negated=True), ("off_reason", "")),
                    _connector="OR",
                ),
                name="platform_webhook_off_with_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="endpointrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("generation__gte", 1)), name="platform_webhook_generation"
            ),
        ),
        migrations.AddField(
            model_name="owedrow",
            name="endpoint",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="platform.endpointrow"
            ),
        ),
        migrations.AddField(
            model_name="owedrow",
            name="event",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="platform.eventrow"
            ),
        ),
        migrations.AddField(
            model_name="attemptrow",
            name="owed",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="log", to="platform.owedrow"
            ),
        ),
        migrations.AddIndex(
            model_name="owedrow",
            index=models.Index(fields=["endpoint", "id"], name="platform_webhook_log"),
        ),
        migrations.AddIndex(
            model_name="owedrow",
            index=models.Index(
                condition=models.Q(("state", "waiting")),
                fields=["endpoint", "next_try_at", "id"],
                name="platform_webhook_due",
            ),
        ),
        migrations.AddIndex(
            model_name="owedrow",
            index=models.Index(
                condition=models.Q(("state", "waiting"), _negated=True),
                fields=["ended_at"],
                name="platform_webhook_ended",
            ),
        ),
        migrations.AddConstraint(
            model_name="owedrow",
            constraint=models.UniqueConstraint(fields=("event", "endpoint"), name="platform_webhook_owed_once"),
        ),
        migrations.AddConstraint(
            model_name="owedrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at", None), ("next_try_at__isnull", False), ("state", "waiting")),
                    models.Q(("ended_at__isnull", False), ("next_try_at", None), ("state__in", ["delivered", "dead"])),
                    _connector="OR",
                ),
                name="platform_webhook_waiting_has_a_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="attemptrow",
            constraint=models.UniqueConstraint(fields=("owed", "number"), name="platform_webhook_attempt_once"),
        ),
        migrations.RunSQL(
            """
            CREATE UNLOGGED TABLE platform_rate (
                key_id uuid PRIMARY KEY,
                empty_at timestamp with time zone NOT NULL
            );
            """
        ),
    ]
