"""What reports are read by: the working seconds of a clock that ended, and indexes by when things were.

``pre``: additions only; the code before writes clocks without the seconds, and reports know those of working time anyway.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("care", "0005_cards")]

    operations = [
        migrations.AddField("clockrow", "worked_s", models.BigIntegerField(null=True)),
        migrations.AddIndex(
            "conversationrow", models.Index(fields=["institution_id", "opened_at"], name="care_conversation_began")
        ),
        migrations.AddIndex(
            "entryrow",
            models.Index(
                fields=["at"], name="care_entry_came", include=["conversation"], condition=models.Q(("kind", "in"))
            ),
        ),
        migrations.AddIndex("clockrow", models.Index(fields=["institution_id", "started_at"], name="care_clock_began")),
        migrations.AddIndex(
            "clockrow",
            models.Index(
                fields=["institution_id", "stopped_at"],
                condition=models.Q(("stopped_at", None), _negated=True),
                name="care_clock_ended",
            ),
        ),
        migrations.AddIndex(
            "clockrow",
            models.Index(
                fields=["institution_id", "breached_at"],
                condition=models.Q(("breached_at", None), _negated=True),
                name="care_clock_broke",
            ),
        ),
    ]
