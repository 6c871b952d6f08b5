"""What is known of a person, the keys they prove themselves with, and how they are found."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from raseed.people.search.index import index_everybody
from raseed.platform.append_only import append_only_trigger_sql

# Rows that end: nothing is written to one but the columns named, nothing at all once it has ended, and none is deleted.
KEEPS = """
CREATE FUNCTION people_keeps() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' THEN
        RAISE EXCEPTION '% on % refused: what was kept stays', TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END IF;
    IF to_jsonb(OLD) ->> TG_ARGV[0] IS NOT NULL THEN
        RAISE EXCEPTION 'this row of % has ended', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END IF;
    IF to_jsonb(NEW) - string_to_array(TG_ARGV[1], ' ') <> to_jsonb(OLD) - string_to_array(TG_ARGV[1], ' ') THEN
        RAISE EXCEPTION 'only % of % may be changed', TG_ARGV[1], TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
"""

KEPT = {
    "people_identity": ("until", "until"),
    "people_civil_id": ("until", "until"),
    "people_critical_date": ("until", "until"),
    "people_vulnerability": ("ended_at", "ended_at ended_by"),
    "people_passkey": ("revoked_at", "name sign_count backed_up last_used_at revoked_at revoked_by"),
    "people_device_key": ("revoked_at", "name last_used_at revoked_at revoked_by"),
    "people_access_key": ("revoked_at", "last_used_at revoked_at revoked_by"),
}


def keeps(table: str, end: str, columns: str) -> str:
    return f"""
CREATE TRIGGER {table}_keeps BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION people_keeps('{end}', '{columns}');
CREATE TRIGGER {table}_keeps_all BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION people_keeps('{end}', '{columns}');
"""


# A consent names a text that was published.
CONSENT_OF_A_TEXT = """
ALTER TABLE people_consent ADD CONSTRAINT people_consent_of_a_text FOREIGN KEY (institution_id, purpose, version)
    REFERENCES people_consent_text (institution_id, purpose, version);
"""

# A passkey's counter never goes back.
COUNTER = """
CREATE FUNCTION people_passkey_counter() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.sign_count < OLD.sign_count THEN
        RAISE EXCEPTION 'the counter of a passkey never goes back' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER people_passkey_counter BEFORE UPDATE OF sign_count ON people_passkey
    FOR EACH ROW EXECUTE FUNCTION people_passkey_counter();
"""

# The role that only reads is for reports and a look inside: it sees neither who is vulnerable nor what is sealed.
NOT_FOR_EVERY_READER = """
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'raseed_read') THEN
        REVOKE ALL ON people_vulnerability, people_critical_date, people_civil_id, people_access_key, people_proof,
            people_challenge, people_passkey, people_device_key, people_phone_change, people_signed_in FROM raseed_read;
    END IF;
END $$;
"""


def index_existing(_apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    with schema_editor.connection.cursor() as cursor:
        index_everybody(cursor)


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0002_staff"),
    ]

    operations = [
        migrations.CreateModel(
            name="AccessKeyRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("key_hash", models.BinaryField(unique=True)),
                ("holder", models.TextField()),
                ("permissions", django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)),
                ("name", models.TextField()),
                ("issued_by", models.TextField()),
                ("issued_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("last_used_at", models.DateTimeField(null=True)),
                ("revoked_at", models.DateTimeField(null=True)),
                ("revoked_by", models.TextField(default="")),
            ],
            options={
                "db_table": "people_access_key",
            },
        ),
        migrations.CreateModel(
            name="ChallengeRow",
            fields=[
                ("challenge_hash", models.BinaryField(primary_key=True, serialize=False)),
                ("purpose", models.TextField()),
                ("expires_at", models.DateTimeField()),
            ],
            options={
                "db_table": "people_challenge",
            },
        ),
        migrations.CreateModel(
            name="CivilIdRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("country", models.CharField(max_length=2)),
                ("keyed_hash", models.BinaryField()),
                ("sealed", models.BinaryField()),
                ("since", models.DateTimeField()),
                ("until", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "people_civil_id",
            },
        ),
        migrations.CreateModel(
            name="ConsentRow",
            fields=[
                ("position", models.BigAutoField(primary_key=True, serialize=False)),
                ("purpose", models.TextField()),
                ("version", models.PositiveIntegerField()),
                ("given", models.BooleanField()),
                ("at", models.DateTimeField()),
                ("channel", models.TextField()),
                ("actor", models.TextField()),
            ],
            options={
                "db_table": "people_consent",
            },
        ),
        migrations.CreateModel(
            name="ConsentTextRow",
            fields=[
                ("position", models.BigAutoField(primary_key=True, serialize=False)),
                ("purpose", models.TextField()),
                ("version", models.PositiveIntegerField()),
                ("names", models.JSONField()),
                ("texts", models.JSONField()),
                ("published_at", models.DateTimeField()),
            ],
            options={
                "db_table": "people_consent_text",
            },
        ),
        migrations.CreateModel(
            name="CriticalDateRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("kind", models.TextField()),
                ("label", models.TextField(default="")),
                ("month_day", models.PositiveSmallIntegerField(null=True)),
                ("on_date", models.DateField(null=True)),
                ("zone", models.TextField()),
                ("set_by", models.TextField()),
                ("since", models.DateTimeField()),
                ("until", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "people_critical_date",
            },
        ),
        migrations.CreateModel(
            name="DeviceKeyRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("name", models.TextField()),
                ("public_key", models.BinaryField(unique=True)),
                ("proven_by", models.TextField()),
                ("enrolled_at", models.DateTimeField()),
                ("last_used_at", models.DateTimeField(null=True)),
                ("revoked_at", models.DateTimeField(null=True)),
                ("revoked_by", models.TextField(default="")),
            ],
            options={
                "db_table": "people_device_key",
            },
        ),
        migrations.CreateModel(
            name="PasskeyRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("credential_id", models.BinaryField(unique=True)),
                ("name", models.TextField()),
                ("public_key", models.BinaryField()),
                ("aaguid", models.UUIDField()),
                ("sign_count", models.BigIntegerField()),
                ("backup_eligible", models.BooleanField()),
                ("backed_up", models.BooleanField()),
                ("transports", django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)),
                ("registered_at", models.DateTimeField()),
                ("last_used_at", models.DateTimeField(null=True)),
                ("revoked_at", models.DateTimeField(null=True)),
                ("revoked_by", models.TextField(default="")),
            ],
            options={
                "db_table": "people_passkey",
            },
        ),
        migrations.CreateModel(
            name="PhoneChangeRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("new_phone", models.TextField()),
                ("asked_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("old_code_hash", models.BinaryField(null=True)),
                ("new_code_hash", models.BinaryField(null=True)),
                ("tries_left", models.PositiveSmallIntegerField(default=0)),
                ("state", models.TextField(default="open")),
                ("ended_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "people_phone_change",
            },
        ),
        migrations.CreateModel(
            name="ProofRow",
            fields=[
                ("token_hash", models.BinaryField(primary_key=True, serialize=False)),
                ("how", models.TextField()),
                ("expires_at", models.DateTimeField()),
            ],
            options={
                "db_table": "people_proof",
            },
        ),
        migrations.CreateModel(
            name="SignedInRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("how", models.TextField()),
                ("network", models.TextField(default="")),
                ("device", models.TextField(default="")),
            ],
            options={
                "db_table": "people_signed_in",
            },
        ),
        migrations.CreateModel(
            name="VulnerabilityRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("driver", models.TextField()),
                ("needs", django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)),
                ("since", models.DateField()),
                ("expected_until", models.DateField(null=True)),
                ("review_on", models.DateField()),
                ("noted_by", models.TextField()),
                ("noted_at", models.DateTimeField()),
                ("ended_by", models.TextField(default="")),
                ("ended_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "people_vulnerability",
            },
        ),
        migrations.RemoveIndex(
            model_name="customerrow",
            name="people_customer_search",
        ),
        migrations.AddField(
            model_name="customerrow",
            name="session_epoch",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="membershiprow",
            name="search_keys",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.IntegerField(), db_default=models.Value("{}"), default=list, size=None
            ),
        ),
        migrations.AddField(
            model_name="membershiprow",
            name="search_text",
            field=models.TextField(db_default="", default=""),
        ),
        migrations.RunPython(index_existing, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="membershiprow",
            index=django.contrib.postgres.indexes.GinIndex(fields=["search_keys"], name="people_membership_search"),
        ),
        migrations.AddField(
            model_name="accesskeyrow",
            name="institution",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.institutionrow"
            ),
        ),
        migrations.AddField(
            model_name="challengerow",
            name="customer",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="people.customerrow"
            ),
        ),
        migrations.AddField(
            model_name="civilidrow",
            name="customer",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.customerrow"
            ),
        ),
        migrations.AddField(
            model_name="consentrow",
            name="customer",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.customerrow"
            ),
        ),
        migrations.AddField(
            model_name="consentrow",
            name="institution",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="people.institutionrow",
            ),
        ),
        migrations.AddField(
            model_name="consenttextrow",
            name="institution",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="people.institutionrow",
            ),
        ),
        migrations.AddField(
            model_name="criticaldaterow",
            name="customer",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.customerrow"
            ),
        ),
        migrations.AddField(
            model_name="devicekeyrow",
            name="customer",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.customerrow"
            ),
        ),
        migrations.AddField(
            model_name="passkeyrow",
            name="customer",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.customerrow"
            ),
        ),
        migrations.AddField(
            model_name="phonechangerow",
            name="customer",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.customerrow"
            ),
        ),
        migrations.AddField(
            model_name="phonechangerow",
            name="identity",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.identityrow"
            ),
        ),
        migrations.AddField(
            model_name="proofrow",
            name="customer",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="people.customerrow"
            ),
        ),
        migrations.AddField(
            model_name="signedinrow",
            name="customer",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="people.customerrow"
            ),
        ),
        migrations.AddField(
            model_name="vulnerabilityrow",
            name="customer",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.customerrow"
            ),
        ),
        migrations.AddField(
            model_name="vulnerabilityrow",
            name="institution",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="people.institutionrow",
            ),
        ),
        migrations.AddField(
            model_name="vulnerabilityrow",
            name="replaces",
            field=models.OneToOneField(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.vulnerabilityrow"
            ),
        ),
        migrations.AddIndex(
            model_name="accesskeyrow",
            index=models.Index(fields=["holder", "id"], name="people_access_key_holder"),
        ),
        migrations.AddConstraint(
            model_name="accesskeyrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("holder__regex", "^(staff|customer|institution):[0-9a-f-]{36}$")),
                name="people_access_key_of_someone",
            ),
        ),
        migrations.AddConstraint(
            model_name="accesskeyrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("expires_at__gt", models.F("issued_at")), ("permissions__len__gte", 1)),
                name="people_access_key_bounded",
            ),
        ),
        migrations.AddConstraint(
            model_name="accesskeyrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("revoked_at", None), ("revoked_by", "")),
                    models.Q(("revoked_at__isnull", False), models.Q(("revoked_by", ""), _negated=True)),
                    _connector="OR",
                ),
                name="people_access_key_revoked",
            ),
        ),
        migrations.AddIndex(
            model_name="challengerow",
            index=models.Index(fields=["expires_at"], name="people_challenge_expires"),
        ),
        migrations.AddConstraint(
            model_name="challengerow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("customer", None), ("purpose", "sign_in")),
                    models.Q(("customer__isnull", False), ("purpose__in", ["register", "proof"])),
                    _connector="OR",
                ),
                name="people_challenge_purpose",
            ),
        ),
        migrations.AddConstraint(
            model_name="civilidrow",
            constraint=models.UniqueConstraint(
                condition=models.Q(("until", None)), fields=("country", "keyed_hash"), name="people_civil_id_one_owner"
            ),
        ),
        migrations.AddConstraint(
            model_name="civilidrow",
            constraint=models.UniqueConstraint(
                condition=models.Q(("until", None)), fields=("customer", "country"), name="people_civil_id_one_each"
            ),
        ),
        migrations.AddConstraint(
            model_name="civilidrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("until", None), ("until__gte", models.F("since")), _connector="OR"),
                name="people_civil_id_span",
            ),
        ),
        migrations.AddIndex(
            model_name="consentrow",
            index=models.Index(
                fields=["customer", "institution", "purpose", "position"], name="people_consent_current"
            ),
        ),
        migrations.AddConstraint(
            model_name="consenttextrow",
            constraint=models.UniqueConstraint(
                fields=("institution", "purpose", "version"), name="people_consent_text_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="consenttextrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("version__gte", 1)), name="people_consent_text_version"
            ),
        ),
        migrations.AddConstraint(
            model_name="criticaldaterow",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["payday", "rent", "tax", "other"])), name="people_critical_date_kind"
            ),
        ),
        migrations.AddConstraint(
            model_name="criticaldaterow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("month_day__gte", 1), ("month_day__isnull", False), ("month_day__lte", 31), ("on_date", None)
                    ),
                    models.Q(("month_day", None), ("on_date__isnull", False)),
                    _connector="OR",
                ),
                name="people_critical_date_rule",
            ),
        ),
        migrations.AddConstraint(
            model_name="criticaldaterow",
            constraint=models.CheckConstraint(
                condition=models.Q(("until", None), ("until__gte", models.F("since")), _connector="OR"),
                name="people_critical_date_span",
            ),
        ),
        migrations.AddConstraint(
            model_name="devicekeyrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("revoked_at", None), ("revoked_by", "")),
                    models.Q(("revoked_at__isnull", False), models.Q(("revoked_by", ""), _negated=True)),
                    _connector="OR",
                ),
                name="people_device_key_revoked",
            ),
        ),
        migrations.AddConstraint(
            model_name="passkeyrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("sign_count__gte", 0), models.Q(("backup_eligible", True), ("backed_up", False), _connector="OR")
                ),
                name="people_passkey_flags",
            ),
        ),
        migrations.AddConstraint(
            model_name="passkeyrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("revoked_at", None), ("revoked_by", "")),
                    models.Q(("revoked_at__isnull", False), models.Q(("revoked_by", ""), _negated=True)),
                    _connector="OR",
                ),
                name="people_passkey_revoked",
            ),
        ),
        migrations.AddConstraint(
            model_name="phonechangerow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("ended_at", None),
                        ("new_code_hash__isnull", False),
                        ("old_code_hash__isnull", False),
                        ("state", "open"),
                    ),
                    models.Q(
                        ("ended_at__isnull", False),
                        ("new_code_hash", None),
                        ("old_code_hash", None),
                        ("state__in", ["done", "replaced", "refused"]),
                    ),
                    _connector="OR",
                ),
                name="people_phone_change_state",
            ),
        ),
        migrations.AddConstraint(
            model_name="phonechangerow",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "open")), fields=("customer",), name="people_phone_change_one_open"
            ),
        ),
        migrations.AddIndex(
            model_name="proofrow",
            index=models.Index(fields=["expires_at"], name="people_proof_expires"),
        ),
        migrations.AddConstraint(
            model_name="proofrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("how__in", ["code", "passkey"])), name="people_proof_how"
            ),
        ),
        migrations.AddIndex(
            model_name="signedinrow",
            index=models.Index(fields=["customer", "at"], name="people_signed_in_latest"),
        ),
        migrations.AddIndex(
            model_name="signedinrow",
            index=models.Index(fields=["at"], name="people_signed_in_at"),
        ),
        migrations.AddConstraint(
            model_name="signedinrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("how__in", ["code", "passkey"])), name="people_signed_in_how"
            ),
        ),
        migrations.AddIndex(
            model_name="vulnerabilityrow",
            index=models.Index(
                condition=models.Q(("ended_at", None)),
                fields=["institution", "review_on"],
                name="people_vulnerability_review",
            ),
        ),
        migrations.AddConstraint(
            model_name="vulnerabilityrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("driver__in", ["health", "life_events", "resilience", "capability"])),
                name="people_vulnerability_driver",
            ),
        ),
        migrations.AddConstraint(
            model_name="vulnerabilityrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("needs__len__gte", 1)), name="people_vulnerability_needs"
            ),
        ),
        migrations.AddConstraint(
            model_name="vulnerabilityrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("expected_until", None), ("expected_until__gte", models.F("since")), _connector="OR"),
                    ("review_on__gte", models.F("since")),
                ),
                name="people_vulnerability_span",
            ),
        ),
        migrations.AddConstraint(
            model_name="vulnerabilityrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at", None), ("ended_by", "")),
                    models.Q(
                        ("ended_at__gte", models.F("noted_at")),
                        ("ended_at__isnull", False),
                        models.Q(("ended_by", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="people_vulnerability_ended",
            ),
        ),
        migrations.RunSQL(KEEPS),
        *(migrations.RunSQL(keeps(table, end, columns)) for table, (end, columns) in KEPT.items()),
        migrations.RunSQL(CONSENT_OF_A_TEXT),
        migrations.RunSQL(append_only_trigger_sql("people_consent_text")),
        migrations.RunSQL(append_only_trigger_sql("people_consent")),
        migrations.RunSQL(COUNTER),
        migrations.RunSQL(NOT_FOR_EVERY_READER),
    ]
