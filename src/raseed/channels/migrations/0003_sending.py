"""What goes out: messages, attempts, files, templates, rates, how lines stand, and mailboxes."""

from django.db import migrations, models

# As raseed.channels.sending.states has it: a state never goes backwards, and a new round is the one way back.
GUARDS = """
CREATE FUNCTION channels_outgoing_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.state IN ('waiting', 'sending') THEN
            RAISE EXCEPTION 'a message that is still to leave stays' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN OLD;
    END IF;
    IF (NEW.id, NEW.line_id, NEW.institution_id, NEW.channel, NEW.purpose, NEW.to_scope, NEW.to_external_id, NEW.to_phone,
            NEW.to_name, NEW.text, NEW.subject, NEW.template_name, NEW.template_language, NEW.template_values,
            NEW.media_name, NEW.media_type, NEW.reply_to, NEW.digest, NEW.created_at, NEW.not_before, NEW.expires_at)
        IS DISTINCT FROM
        (OLD.id, OLD.line_id, OLD.institution_id, OLD.channel, OLD.purpose, OLD.to_scope, OLD.to_external_id, OLD.to_phone,
            OLD.to_name, OLD.text, OLD.subject, OLD.template_name, OLD.template_language, OLD.template_values,
            OLD.media_name, OLD.media_type, OLD.reply_to, OLD.digest, OLD.created_at, OLD.not_before, OLD.expires_at)
    THEN
        RAISE EXCEPTION 'what was to be sent, and to whom, never changes' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.attempts < OLD.attempts OR NEW.round NOT IN (OLD.round, OLD.round + 1) THEN
        RAISE EXCEPTION 'attempts and rounds are only added to' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.round > OLD.round AND NOT (OLD.state IN ('failed', 'unknown') AND NEW.state = 'waiting') THEN
        RAISE EXCEPTION 'a new round sends again what failed or is not known' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.round = OLD.round AND NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (
        ('waiting', 'sending'), ('waiting', 'expired'), ('waiting', 'failed'), ('waiting', 'sent'),
        ('waiting', 'delivered'), ('waiting', 'read'),
        ('sending', 'waiting'), ('sending', 'unknown'), ('sending', 'sent'), ('sending', 'failed'),
        ('sending', 'delivered'), ('sending', 'read'),
        ('unknown', 'sent'), ('unknown', 'failed'), ('unknown', 'delivered'), ('unknown', 'read'),
        ('sent', 'failed'), ('sent', 'delivered'), ('sent', 'read'),
        ('failed', 'delivered'), ('failed', 'read'), ('expired', 'delivered'), ('expired', 'read'), ('delivered', 'read'))
    THEN
        RAISE EXCEPTION 'a message does not go from % to %', OLD.state, NEW.state USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER channels_outgoing_guard BEFORE UPDATE OR DELETE ON channels_outgoing
    FOR EACH ROW EXECUTE FUNCTION channels_outgoing_guard();
ALTER TABLE channels_outgoing ENABLE ALWAYS TRIGGER channels_outgoing_guard;

CREATE FUNCTION channels_attempt_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.message_id, NEW.line_id, NEW.number, NEW.callback, NEW.round, NEW.began_at)
        IS DISTINCT FROM (OLD.id, OLD.message_id, OLD.line_id, OLD.number, OLD.callback, OLD.round, OLD.began_at)
        OR (OLD.outcome NOT IN ('', 'unknown') AND NEW.outcome <> OLD.outcome)
        OR (OLD.outcome <> '' AND NEW.outcome = '')
        OR (OLD.provider_id <> '' AND NEW.provider_id <> OLD.provider_id)
    THEN
        RAISE EXCEPTION 'what came of an attempt is written once' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER channels_attempt_guard BEFORE UPDATE ON channels_attempt
    FOR EACH ROW EXECUTE FUNCTION channels_attempt_guard();
ALTER TABLE channels_attempt ENABLE ALWAYS TRIGGER channels_attempt_guard;
ALTER TABLE channels_bucket SET UNLOGGED;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("channels", "0002_receiving"),
    ]

    operations = [
        migrations.CreateModel(
            name="BucketRow",
            fields=[
                ("key", models.TextField(primary_key=True, serialize=False)),
                ("empty_at", models.DateTimeField()),
                ("paused_until", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "channels_bucket",
            },
        ),
        migrations.CreateModel(
            name="MailboxRow",
            fields=[
                ("line_id", models.UUIDField(primary_key=True, serialize=False)),
                ("uid_validity", models.BigIntegerField(default=0)),
                ("last_uid", models.BigIntegerField(default=0)),
                ("fetched_at", models.DateTimeField(null=True)),
                ("failing_since", models.DateTimeField(null=True)),
                ("problem", models.TextField(default="")),
            ],
            options={
                "db_table": "channels_mailbox",
            },
        ),
        migrations.CreateModel(
            name="OutgoingFileRow",
            fields=[
                ("message_id", models.UUIDField(primary_key=True, serialize=False)),
                ("sha256", models.BinaryField()),
                ("content", models.BinaryField()),
            ],
            options={
                "db_table": "channels_outgoing_file",
            },
        ),
        migrations.CreateModel(
            name="StandingRow",
            fields=[
                ("line_id", models.UUIDField(primary_key=True, serialize=False)),
                ("failures", models.PositiveIntegerField(default=0)),
                ("retry_at", models.DateTimeField(null=True)),
                ("needs_token_since", models.DateTimeField(null=True)),
                ("token_mark", models.BinaryField(default=b"")),
                ("code", models.TextField(default="")),
                ("told", models.TextField(default="")),
                ("taken_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "channels_standing",
            },
        ),
        migrations.CreateModel(
            name="AttemptRow",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("message_id", models.UUIDField()),
                ("line_id", models.UUIDField()),
                ("number", models.PositiveIntegerField()),
                ("callback", models.UUIDField(unique=True)),
                ("round", models.PositiveSmallIntegerField()),
                ("began_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("took_ms", models.PositiveIntegerField(null=True)),
                ("outcome", models.TextField(default="")),
                ("code", models.TextField(default="")),
                ("told", models.TextField(default="")),
                ("provider_id", models.TextField(default="")),
            ],
            options={
                "db_table": "channels_attempt",
                "indexes": [
                    models.Index(
                        condition=models.Q(("provider_id", ""), _negated=True),
                        fields=["line_id", "provider_id"],
                        name="channels_attempt_called",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("message_id", "number"), name="channels_attempt_once"),
                    models.CheckConstraint(
                        condition=models.Q(("outcome__in", ["", "taken", "refused", "put_off", "unknown"])),
                        name="channels_attempt_outcome",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="EarlyStatusRow",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("line_id", models.UUIDField()),
                ("provider_id", models.TextField()),
                ("state", models.TextField()),
                ("at", models.DateTimeField()),
                ("error_code", models.IntegerField(null=True)),
                ("error_title", models.TextField(default="")),
                ("kept_at", models.DateTimeField()),
            ],
            options={
                "db_table": "channels_early_status",
                "indexes": [models.Index(fields=["kept_at"], name="channels_early_status_age")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("line_id", "provider_id", "state"), name="channels_early_status_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="MailRow",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("line_id", models.UUIDField()),
                ("provider_id", models.TextField()),
                ("kind", models.TextField()),
                ("subject", models.TextField(default="")),
                ("references", models.JSONField(default=list)),
                ("fetched_at", models.DateTimeField()),
                ("uid_validity", models.BigIntegerField()),
                ("uid", models.BigIntegerField()),
                ("problem", models.TextField(default="")),
            ],
            options={
                "db_table": "channels_mail",
                "indexes": [
                    models.Index(
                        condition=models.Q(("kind", "set_aside")), fields=["line_id", "id"], name="channels_mail_aside"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("line_id", "provider_id"), name="channels_mail_once"),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["message", "automatic", "bounce", "own", "set_aside"])),
                        name="channels_mail_kind",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="OutgoingRow",
            fields=[
                ("position", models.BigAutoField(primary_key=True, serialize=False)),
                ("id", models.UUIDField(unique=True)),
                ("line_id", models.UUIDField()),
                ("institution_id", models.UUIDField()),
                ("channel", models.TextField()),
                ("purpose", models.TextField()),
                ("to_scope", models.TextField()),
                ("to_external_id", models.TextField()),
                ("to_phone", models.TextField(default="")),
                ("to_name", models.TextField(default="")),
                ("text", models.TextField(default="")),
                ("subject", models.TextField(default="")),
                ("template_name", models.TextField(default="")),
                ("template_language", models.TextField(default="")),
                ("template_values", models.JSONField(default=list)),
                ("media_name", models.TextField(default="")),
                ("media_type", models.TextField(default="")),
                ("reply_to", models.TextField(default="")),
                ("digest", models.BinaryField()),
                ("created_at", models.DateTimeField()),
                ("not_before", models.DateTimeField(null=True)),
                ("expires_at", models.DateTimeField(null=True)),
                ("state", models.TextField(default="waiting")),
                ("round", models.PositiveSmallIntegerField(default=0)),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("tries", models.PositiveIntegerField(default=0)),
                ("next_try_at", models.DateTimeField(null=True)),
                ("slot_at", models.DateTimeField(null=True)),
                ("lease_until", models.DateTimeField(null=True)),
                ("provider_id", models.TextField(default="")),
                ("sent_at", models.DateTimeField(null=True)),
                ("delivered_at", models.DateTimeField(null=True)),
                ("read_at", models.DateTimeField(null=True)),
                ("failed_at", models.DateTimeField(null=True)),
                ("heard_at", models.DateTimeField(null=True)),
                ("reason_code", models.TextField(default="")),
                ("reason_told", models.TextField(default="")),
            ],
            options={
                "db_table": "channels_outgoing",
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "waiting")),
                        fields=["line_id", "next_try_at"],
                        name="channels_outgoing_due",
                    ),
                    models.Index(
                        condition=models.Q(("state__in", ["waiting", "sending"])),
                        fields=["line_id", "to_external_id", "position"],
                        name="channels_outgoing_pair",
                    ),
                    models.Index(
                        condition=models.Q(("state", "sending")),
                        fields=["lease_until"],
                        name="channels_outgoing_leases",
                    ),
                    models.Index(
                        condition=models.Q(("state", "unknown")),
                        fields=["line_id", "position"],
                        name="channels_outgoing_unknown",
                    ),
                    models.Index(
                        condition=models.Q(("heard_at", None), ("state", "sent")),
                        fields=["sent_at"],
                        name="channels_outgoing_unheard",
                    ),
                    models.Index(fields=["line_id", "to_external_id", "-position"], name="channels_outgoing_of"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "state__in",
                                ["waiting", "sending", "unknown", "sent", "failed", "expired", "delivered", "read"],
                            )
                        ),
                        name="channels_outgoing_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("next_try_at__isnull", False), ("state", "waiting")),
                            models.Q(models.Q(("state", "waiting"), _negated=True), ("next_try_at", None)),
                            _connector="OR",
                        ),
                        name="channels_outgoing_waiting_has_a_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("lease_until__isnull", False), ("state", "sending")),
                            models.Q(models.Q(("state", "sending"), _negated=True), ("lease_until", None)),
                            _connector="OR",
                        ),
                        name="channels_outgoing_sending_has_a_lease",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state__in", ["failed", "unknown", "expired"]), _negated=True),
                            models.Q(("reason_code", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="channels_outgoing_says_why",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("tries__lte", models.F("attempts"))), name="channels_outgoing_tries"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="TemplateRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("line_id", models.UUIDField()),
                ("name", models.TextField()),
                ("language", models.TextField()),
                ("body", models.TextField()),
                ("values", models.PositiveSmallIntegerField()),
                ("active", models.BooleanField(default=True)),
            ],
            options={
                "db_table": "channels_template",
                "constraints": [
                    models.UniqueConstraint(fields=("line_id", "name", "language"), name="channels_template_once")
                ],
            },
        ),
        migrations.RunSQL(GUARDS),
    ]
