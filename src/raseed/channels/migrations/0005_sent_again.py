"""Sending again may give a message a new time to leave by; what shows no sign of delivery is found by an index (expands; forward only)."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models

GUARD = """
CREATE OR REPLACE FUNCTION channels_outgoing_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.state IN ('waiting', 'sending') THEN
            RAISE EXCEPTION 'a message that is still to leave stays' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN OLD;
    END IF;
    IF (NEW.id, NEW.line_id, NEW.institution_id, NEW.channel, NEW.purpose, NEW.to_scope, NEW.to_external_id, NEW.to_phone,
            NEW.to_name, NEW.text, NEW.subject, NEW.template_name, NEW.template_language, NEW.template_values,
            NEW.media_name, NEW.media_type, NEW.reply_to, NEW.digest, NEW.created_at, NEW.not_before)
        IS DISTINCT FROM
        (OLD.id, OLD.line_id, OLD.institution_id, OLD.channel, OLD.purpose, OLD.to_scope, OLD.to_external_id, OLD.to_phone,
            OLD.to_name, OLD.text, OLD.subject, OLD.template_name, OLD.template_language, OLD.template_values,
            OLD.media_name, OLD.media_type, OLD.reply_to, OLD.digest, OLD.created_at, OLD.not_before)
    THEN
        RAISE EXCEPTION 'what was to be sent, and to whom, never changes' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.expires_at IS DISTINCT FROM OLD.expires_at AND NEW.round = OLD.round THEN
        RAISE EXCEPTION 'only sending again gives a message another time to leave by' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.attempts < OLD.attempts OR NEW.round NOT IN (OLD.round, OLD.round + 1) THEN
        RAISE EXCEPTION 'attempts and rounds are only added to' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.round > OLD.round AND NOT (OLD.state IN ('failed', 'unknown', 'expired') AND NEW.state = 'waiting') THEN
        RAISE EXCEPTION 'a new round sends again what failed, was too late or is not known' USING ERRCODE = 'restrict_violation';
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
"""


class Migration(migrations.Migration):
    """The guard of messages on their way out, and an index."""

    dependencies: ClassVar = [("channels", "0004_failed_messages")]

    operations: ClassVar = [
        migrations.RunSQL(GUARD),
        migrations.AddIndex(
            model_name="outgoingrow",
            index=models.Index(
                condition=models.Q(("reason_code", "no_sign_of_delivery"), ("state", "sent")),
                fields=["line_id", "position"],
                name="channels_outgoing_no_sign",
            ),
        ),
    ]
