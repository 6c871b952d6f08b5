"""Macros have versions; institutions have a list of tags, in which those that conversations have already stand."""

import django.contrib.postgres.indexes
from django.db import migrations, models

KEEP = """
INSERT INTO care_tag (id, institution_id, name, made_at)
SELECT gen_random_uuid(), institution_id, name, now()
FROM (SELECT DISTINCT institution_id, unnest(tags) AS name FROM care_conversation) AS used;
"""


class Migration(migrations.Migration):
    dependencies = [("care", "0007_rules_of_teams")]

    operations = [
        migrations.AddField("macrorow", "version", models.PositiveIntegerField(db_default=1)),
        migrations.CreateModel(
            name="TagRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("institution_id", models.UUIDField()),
                ("name", models.CharField(max_length=40)),
                ("made_at", models.DateTimeField()),
                ("retired_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "care_tag",
                "constraints": [
                    models.UniqueConstraint(fields=("institution_id", "name"), name="care_tag_name"),
                    models.CheckConstraint(
                        condition=models.Q(("retired_at", None)) | models.Q(("retired_at__gte", models.F("made_at"))),
                        name="care_tag_retired",
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            "conversationrow",
            django.contrib.postgres.indexes.GinIndex(fields=["tags"], name="care_conversation_tags"),
        ),
        migrations.RunSQL(KEEP, migrations.RunSQL.noop),
    ]
