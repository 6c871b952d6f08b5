import django.db.models.deletion
from django.db import migrations, models

KEPT = {
    "people_sender_alias": ("until", "until strength"),
    "people_sender_link": ("until", "until ended_by"),
    "people_merge": ("until", "until undone_by"),
}


def keeps(table: str, end: str, columns: str) -> str:
    return f"""
CREATE TRIGGER {table}_keeps BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION people_keeps('{end}', '{columns}');
CREATE TRIGGER {table}_keeps_all BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION people_keeps('{end}', '{columns}');
"""


# Nobody is merged into somebody who is merged already, so merges make no rings. Merges are made one at a time.
NO_RINGS = """
CREATE FUNCTION people_merge_into_a_root() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('people.merges', 17));
    IF EXISTS (SELECT FROM people_merge WHERE merged_id = NEW.kept_id AND until IS NULL) THEN
        RAISE EXCEPTION 'the customer who stays is merged already' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER people_merge_into_a_root BEFORE INSERT ON people_merge
    FOR EACH ROW EXECUTE FUNCTION people_merge_into_a_root();
"""

# The role that only reads sees no telephone numbers and no ids of people on other systems.
NOT_FOR_EVERY_READER = """
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'raseed_read') THEN
        REVOKE ALL ON people_sender, people_sender_alias, people_sender_link FROM raseed_read;
    END IF;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0003_persons"),
    ]

    operations = [
        migrations.CreateModel(
            name="SenderRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("channel", models.CharField(max_length=20)),
                ("name", models.CharField(max_length=120)),
                ("first_seen", models.DateTimeField()),
                ("last_seen", models.DateTimeField()),
                (
                    "joined_to",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="joined",
                        to="people.senderrow",
                    ),
                ),
            ],
            options={
                "db_table": "people_sender",
            },
        ),
        migrations.CreateModel(
            name="SenderLinkRow",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("proof", models.CharField(max_length=8)),
                ("how", models.CharField(max_length=16)),
                ("by", models.CharField(max_length=60)),
                ("since", models.DateTimeField()),
                ("until", models.DateTimeField(null=True)),
                ("ended_by", models.CharField(default="", max_length=60)),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.customerrow"
                    ),
                ),
                (
                    "sender",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="links", to="people.senderrow"
                    ),
                ),
            ],
            options={
                "db_table": "people_sender_link",
            },
        ),
        migrations.CreateModel(
            name="SenderAliasRow",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("scope", models.CharField(max_length=300)),
                ("external_id", models.CharField(max_length=300)),
                ("strength", models.SmallIntegerField()),
                ("since", models.DateTimeField()),
                ("until", models.DateTimeField(null=True)),
                (
                    "sender",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="aliases", to="people.senderrow"
                    ),
                ),
            ],
            options={
                "db_table": "people_sender_alias",
            },
        ),
        migrations.CreateModel(
            name="MergeRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("institution_id", models.UUIDField()),
                ("since", models.DateTimeField()),
                ("until", models.DateTimeField(null=True)),
                ("undone_by", models.UUIDField(null=True)),
                (
                    "kept",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.customerrow"
                    ),
                ),
                (
                    "merged",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.customerrow"
                    ),
                ),
            ],
            options={
                "db_table": "people_merge",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("until", None)), fields=("merged",), name="people_merge_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kept", models.F("merged")), _negated=True), name="people_merge_two"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("undone_by", None), ("until", None)),
                            models.Q(
                                ("undone_by__isnull", False),
                                ("until__gte", models.F("since")),
                                ("until__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="people_merge_undone",
                    ),
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="senderrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("last_seen__gte", models.F("first_seen"))), name="people_sender_seen"
            ),
        ),
        migrations.AddConstraint(
            model_name="senderrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("joined_to", None), models.Q(("joined_to", models.F("id")), _negated=True), _connector="OR"
                ),
                name="people_sender_not_itself",
            ),
        ),
        migrations.AddConstraint(
            model_name="senderlinkrow",
            constraint=models.UniqueConstraint(
                condition=models.Q(("until", None)), fields=("sender", "customer"), name="people_sender_link_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="senderlinkrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("how__in", ["one_time_code", "signed_in"]), ("proof", "proven")),
                    models.Q(("how__in", ["staff", "number", "one_time_code", "signed_in"]), ("proof", "claimed")),
                    _connector="OR",
                ),
                name="people_sender_link_proof",
            ),
        ),
        migrations.AddConstraint(
            model_name="senderlinkrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_by", ""), ("until", None)),
                    models.Q(("until__isnull", False), models.Q(("ended_by", ""), _negated=True)),
                    _connector="OR",
                ),
                name="people_sender_link_ended",
            ),
        ),
        migrations.AddConstraint(
            model_name="senderaliasrow",
            constraint=models.UniqueConstraint(
                condition=models.Q(("until", None)), fields=("external_id", "scope"), name="people_sender_alias_one"
            ),
        ),
        migrations.AddConstraint(
            model_name="senderaliasrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("until", None), ("until__gte", models.F("since")), _connector="OR"),
                name="people_sender_alias_span",
            ),
        ),
        *(migrations.RunSQL(keeps(table, end, columns)) for table, (end, columns) in KEPT.items()),
        migrations.RunSQL(NO_RINGS),
        migrations.RunSQL(NOT_FOR_EVERY_READER),
    ]
