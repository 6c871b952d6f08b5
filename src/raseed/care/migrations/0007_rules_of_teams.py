"""Rules of a team's own and for one kind of case, and regulators' rules that start with a case."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("care", "0006_reports")]

    operations = [
        migrations.AddField("rulerow", "team_id", models.UUIDField(null=True)),
        migrations.AddField("rulerow", "category", models.CharField(db_default="", max_length=40)),
        migrations.AddField("rulerow", "with_cases", models.BooleanField(db_default=False)),
    ]
