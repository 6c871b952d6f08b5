"""The messages that failed are found without walking over all the others (expands; forward only)."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """An index on what failed."""

    dependencies: ClassVar = [("channels", "0003_sending")]

    operations: ClassVar = [
        migrations.AddIndex(
            model_name="outgoingrow",
            index=models.Index(
                condition=models.Q(("state", "failed")),
                fields=["line_id", "position"],
                name="channels_outgoing_failed",
            ),
        ),
    ]
