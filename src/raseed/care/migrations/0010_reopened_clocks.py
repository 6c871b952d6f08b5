"""A clock may go on with the time of one that was stopped; a voice to tell answers is always there."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("care", "0009_clocks_that_run_on")]

    operations = [
        migrations.AddField(
            model_name="clockrow",
            name="goes_on",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="gone_on",
                to="care.clockrow",
            ),
        ),
        migrations.RemoveConstraint(model_name="askerrow", name="care_gap_asker_held"),
        migrations.AddConstraint(
            model_name="askerrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("held__in", ["", "window_closed", "language_missing", "unreachable"])),
                name="care_gap_asker_held",
            ),
        ),
    ]
