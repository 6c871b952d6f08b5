import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("channels", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="LineRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("institution_id", models.UUIDField()),
                ("channel", models.TextField()),
                ("purpose", models.TextField()),
                ("scope", models.TextField()),
                ("address", models.TextField()),
                ("names", models.JSONField()),
                ("settings", models.JSONField()),
                ("active", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "db_table": "channels_line",
                "indexes": [models.Index(fields=["institution_id", "channel"], name="channels_line_of")],
                "constraints": [
                    models.UniqueConstraint(fields=("channel", "address"), name="channels_line_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("channel__in", ["whatsapp", "telegram", "x", "sms", "email", "web", "phone", "branch"])
                        ),
                        name="channels_line_channel",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("purpose__in", ["talk", "documents"])), name="channels_line_purpose"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="MessageRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("institution_id", models.UUIDField()),
                ("channel", models.TextField()),
                ("provider_id", models.TextField()),
                ("scope", models.TextField()),
                ("external_id", models.TextField()),
                ("aliases", models.JSONField(default=list)),
                ("phone", models.TextField(default="")),
                ("name", models.TextField(default="")),
                ("username", models.TextField(default="")),
                ("kind", models.TextField()),
                ("text", models.TextField(default="")),
                ("reply_to", models.TextField(default="")),
                ("sent_at", models.DateTimeField()),
                ("received_at", models.DateTimeField()),
                ("late", models.BooleanField(default=False)),
                (
                    "line",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="channels.linerow",
                    ),
                ),
            ],
            options={
                "db_table": "channels_message",
            },
        ),
        migrations.CreateModel(
            name="MediaRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("place", models.PositiveSmallIntegerField(default=0)),
                ("kind", models.TextField()),
                ("source", models.TextField(default="")),
                ("name", models.TextField(default="")),
                ("claimed_type", models.TextField(default="")),
                ("claimed_sha256", models.TextField(default="")),
                ("found_type", models.TextField(default="")),
                ("size_bytes", models.BigIntegerField(default=0)),
                ("sha256", models.TextField(default="")),
                ("state", models.TextField(default="waiting")),
                ("refusal", models.TextField(default="")),
                ("scanned", models.BooleanField(default=False)),
                ("keeps_position", models.BooleanField(default=False)),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("next_try_at", models.DateTimeField(null=True)),
                ("settled_at", models.DateTimeField(null=True)),
                ("last_problem", models.TextField(default="")),
                (
                    "line",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="channels.linerow",
                    ),
                ),
                (
                    "message",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="files",
                        to="channels.messagerow",
                    ),
                ),
            ],
            options={
                "db_table": "channels_media",
            },
        ),
        migrations.CreateModel(
            name="ItemRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("kind", models.TextField()),
                ("key", models.TextField()),
                ("content", models.BinaryField()),
                ("received_at", models.DateTimeField()),
                ("state", models.TextField(default="waiting")),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("next_try_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("problem", models.TextField(default="")),
                (
                    "line",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="channels.linerow",
                    ),
                ),
            ],
            options={
                "db_table": "channels_item",
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "waiting")),
                        fields=["line", "next_try_at", "id"],
                        name="channels_item_due",
                    ),
                    models.Index(
                        condition=models.Q(("state", "set_aside")), fields=["line", "id"], name="channels_item_aside"
                    ),
                    models.Index(
                        condition=models.Q(("state", "done")), fields=["ended_at"], name="channels_item_ended"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("line", "key"), name="channels_item_once"),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["message", "status", "echo", "other", "unreadable"])),
                        name="channels_item_kind",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at", None), ("next_try_at__isnull", False), ("state", "waiting")),
                            models.Q(
                                ("ended_at__isnull", False), ("next_try_at", None), ("state__in", ["done", "set_aside"])
                            ),
                            _connector="OR",
                        ),
                        name="channels_item_waiting_has_a_time",
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="messagerow",
            index=models.Index(fields=["line", "external_id", "sent_at"], name="channels_message_of"),
        ),
        migrations.AddConstraint(
            model_name="messagerow",
            constraint=models.UniqueConstraint(fields=("line", "provider_id"), name="channels_message_once"),
        ),
        migrations.AddConstraint(
            model_name="messagerow",
            constraint=models.CheckConstraint(
                condition=models.Q(("sent_at__lte", models.F("received_at"))),
                name="channels_message_not_from_the_future",
            ),
        ),
        migrations.AddIndex(
            model_name="mediarow",
            index=models.Index(
                condition=models.Q(("state", "waiting")), fields=["next_try_at"], name="channels_media_due"
            ),
        ),
        migrations.AddConstraint(
            model_name="mediarow",
            constraint=models.UniqueConstraint(fields=("message", "place"), name="channels_media_once"),
        ),
        migrations.AddConstraint(
            model_name="mediarow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("next_try_at__isnull", False), ("settled_at", None), ("state", "waiting")),
                    models.Q(
                        ("next_try_at", None),
                        ("settled_at__isnull", False),
                        ("state__in", ["kept", "refused", "gone", "infected"]),
                    ),
                    _connector="OR",
                ),
                name="channels_media_waiting_has_a_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="mediarow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("refusal", ""), ("state__in", ["waiting", "kept"])),
                    models.Q(("state__in", ["refused", "gone", "infected"]), models.Q(("refusal", ""), _negated=True)),
                    _connector="OR",
                ),
                name="channels_media_refused_with_a_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="mediarow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "kept"), _negated=True),
                    models.Q(("size_bytes__gt", 0), models.Q(("sha256", ""), _negated=True)),
                    _connector="OR",
                ),
                name="channels_media_kept_is_there",
            ),
        ),
    ]
