"""An institution's own account for goodwill: books that are there get theirs when the first is given."""

from django.db import migrations, models

ROLES = [
    "float",
    "cash",
    "fees",
    "opening",
    "interest_expense",
    "interest_income",
    "penalty_income",
    "goodwill",
]


class Migration(migrations.Migration):
    dependencies = [("banking", "0006_late_penalties")]

    operations = [
        migrations.RemoveConstraint(model_name="internalaccountrow", name="banking_internal_account_role"),
        migrations.AddConstraint(
            model_name="internalaccountrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("role__in", ROLES)), name="banking_internal_account_role"
            ),
        ),
    ]
