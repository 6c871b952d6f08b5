"""Authority: limits, chains, ties, requests, and the grants that limits are counted by; and the triggers that hold it."""

import django.db.models.deletion
from django.db import migrations, models

from raseed.platform.append_only import append_only_trigger_sql

GRANT = """
CREATE FUNCTION care_authority_grant_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    bound care_authority_limit;
    asked care_authority_request;
    kept care_authority_grant;
    last_number integer;
    last_total bigint;
    got_count bigint;
    got_minor bigint;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        kept := NEW;
        kept.void_at := OLD.void_at;
        IF kept IS NOT DISTINCT FROM OLD AND OLD.void_at IS NULL AND NEW.void_at IS NOT NULL THEN
            RETURN NEW;
        END IF;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        RAISE EXCEPTION '% on care_authority_grant refused: what was granted stays', TG_OP
            USING ERRCODE = 'restrict_violation';
    END IF;
    SELECT * INTO bound FROM care_authority_limit WHERE id = NEW.limit_id;
    IF (bound.institution_id, bound.action, bound.currency) IS DISTINCT FROM (NEW.institution_id, NEW.action, NEW.currency)
        OR bound.ended_at IS NOT NULL
        OR (bound.holder_kind = 'staff' AND bound.holder_id <> NEW.staff_id)
    THEN
        RAISE EXCEPTION 'a grant is by a limit in force, of whoever grants' USING ERRCODE = 'restrict_violation';
    END IF;
    SELECT * INTO asked FROM care_authority_request WHERE id = NEW.request_id;
    IF (asked.institution_id, asked.action, asked.currency, asked.customer_id, COALESCE(asked.amount_minor, 0),
            COALESCE(asked.decided_by, asked.asked_by))
        IS DISTINCT FROM
        (NEW.institution_id, NEW.action, NEW.currency, NEW.customer_id, NEW.amount_minor, NEW.staff_id)
    THEN
        RAISE EXCEPTION 'a grant is of what was asked for' USING ERRCODE = 'restrict_violation';
    END IF;
    SELECT day_number, day_total_minor INTO last_number, last_total FROM care_authority_grant
        WHERE institution_id = NEW.institution_id AND staff_id = NEW.staff_id AND action = NEW.action
            AND currency = NEW.currency AND day = NEW.day
        ORDER BY day_number DESC LIMIT 1;
    IF NEW.day_number <> COALESCE(last_number, 0) + 1
        OR NEW.day_total_minor <> COALESCE(last_total, 0) + NEW.amount_minor
    THEN
        RAISE EXCEPTION 'grants of a day are numbered and summed one by one' USING ERRCODE = 'restrict_violation';
    END IF;
    SELECT customer_number INTO last_number FROM care_authority_grant
        WHERE institution_id = NEW.institution_id AND customer_id = NEW.customer_id AND action = NEW.action
            AND currency = NEW.currency
        ORDER BY customer_number DESC LIMIT 1;
    IF NEW.customer_number <> COALESCE(last_number, 0) + 1 THEN
        RAISE EXCEPTION 'grants to a customer are numbered one by one' USING ERRCODE = 'restrict_violation';
    END IF;
    SELECT count(*), COALESCE(sum(amount_minor), 0) INTO got_count, got_minor FROM care_authority_grant
        WHERE institution_id = NEW.institution_id AND customer_id = NEW.customer_id AND action = NEW.action
            AND currency = NEW.currency AND void_at IS NULL
            AND at > NEW.at - bound.window_days * interval '24 hours';
    IF NEW.amount_minor > bound.per_act_minor
        OR NEW.day_total_minor > bound.per_day_minor
        OR NEW.day_number > bound.per_day_count
        OR got_minor + NEW.amount_minor > bound.per_customer_minor
        OR got_count + 1 > bound.per_customer_count
    THEN
        RAISE EXCEPTION 'a grant above its limit' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER care_authority_grant_guard BEFORE INSERT OR UPDATE OR DELETE ON care_authority_grant
    FOR EACH ROW EXECUTE FUNCTION care_authority_grant_guard();
ALTER TABLE care_authority_grant ENABLE ALWAYS TRIGGER care_authority_grant_guard;
"""

REQUEST = """
CREATE FUNCTION care_authority_request_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE kept care_authority_request;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state NOT IN ('done', 'awaiting') THEN
            RAISE EXCEPTION 'a request is done at once, or waits' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        kept := NEW;
        kept.state := OLD.state;
        kept.step := OLD.step;
        kept.assigned_to := OLD.assigned_to;
        kept.due_at := OLD.due_at;
        kept.done_at := OLD.done_at;
        kept.failure := OLD.failure;
        kept.next_try_at := OLD.next_try_at;
        IF OLD.state = 'awaiting' THEN
            kept.decided_by := OLD.decided_by;
            kept.decided_at := OLD.decided_at;
        END IF;
        IF kept IS NOT DISTINCT FROM OLD AND (OLD.state, NEW.state) IN (
            ('awaiting', 'awaiting'), ('awaiting', 'approved'), ('awaiting', 'refused'), ('awaiting', 'expired'),
            ('awaiting', 'withdrawn'), ('approved', 'approved'), ('approved', 'done'), ('approved', 'failed'))
        THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION '% on care_authority_request refused: what was asked and decided stays', TG_OP
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER care_authority_request_guard BEFORE INSERT OR UPDATE OR DELETE ON care_authority_request
    FOR EACH ROW EXECUTE FUNCTION care_authority_request_guard();
CREATE FUNCTION care_authority_request_granted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state IN ('done', 'approved') AND NOT EXISTS (
        SELECT FROM care_authority_grant WHERE request_id = NEW.id AND void_at IS NULL)
    THEN
        RAISE EXCEPTION 'nothing is done without somebody''s authority' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER care_authority_request_granted AFTER INSERT OR UPDATE ON care_authority_request
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION care_authority_request_granted();
"""

ENDED_ONCE = """
CREATE FUNCTION care_authority_ends_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL
        AND to_jsonb(NEW) - '{ended_at,ended_by}'::text[] = to_jsonb(OLD) - '{ended_at,ended_by}'::text[]
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% on % refused: it is set, and ends once', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER care_authority_limit_guard BEFORE UPDATE OR DELETE ON care_authority_limit
    FOR EACH ROW EXECUTE FUNCTION care_authority_ends_once();
CREATE TRIGGER care_authority_chain_guard BEFORE UPDATE OR DELETE ON care_authority_chain
    FOR EACH ROW EXECUTE FUNCTION care_authority_ends_once();
CREATE TRIGGER care_authority_tie_guard BEFORE UPDATE OR DELETE ON care_authority_tie
    FOR EACH ROW EXECUTE FUNCTION care_authority_ends_once();
"""

GUARDS = (GRANT, REQUEST, ENDED_ONCE, append_only_trigger_sql("care_authority_step"))


class Migration(migrations.Migration):
    dependencies = [("care", "0002_clocks")]

    operations = [
        migrations.CreateModel(
            name="AuthorityCounterRow",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "institution_id",
                        "owner_kind",
                        "owner_id",
                        "action",
                        "currency",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("institution_id", models.UUIDField()),
                ("owner_kind", models.TextField()),
                ("owner_id", models.UUIDField()),
                ("action", models.CharField(max_length=40)),
                ("currency", models.CharField(max_length=3)),
                ("day", models.DateField(null=True)),
                ("day_minor", models.BigIntegerField(db_default=0)),
                ("grants", models.IntegerField(db_default=0)),
            ],
            options={
                "db_table": "care_authority_counter",
            },
        ),
        migrations.CreateModel(
            name="AuthorityChainRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("institution_id", models.UUIDField()),
                ("action", models.CharField(max_length=40)),
                ("steps", models.JSONField()),
                ("set_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("change_id", models.UUIDField()),
            ],
            options={
                "db_table": "care_authority_chain",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at", None)),
                        fields=("institution_id", "action"),
                        name="care_chain_one_in_force",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="AuthorityRequestRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("institution_id", models.UUIDField()),
                ("action", models.CharField(max_length=40)),
                ("customer_id", models.UUIDField()),
                ("subject", models.CharField(max_length=80)),
                ("amount_minor", models.BigIntegerField(null=True)),
                ("currency", models.CharField(max_length=3)),
                ("details", models.JSONField()),
                ("reason", models.CharField(max_length=500)),
                ("conversation_id", models.UUIDField(null=True)),
                ("asked_by", models.UUIDField()),
                ("asked_at", models.DateTimeField()),
                ("through", models.DateField()),
                ("beyond", models.TextField(db_default="")),
                ("split", models.BooleanField()),
                ("state", models.TextField()),
                ("step", models.SmallIntegerField(null=True)),
                ("assigned_to", models.UUIDField(null=True)),
                ("due_at", models.DateTimeField(null=True)),
                ("decided_by", models.UUIDField(null=True)),
                ("decided_at", models.DateTimeField(null=True)),
                ("done_at", models.DateTimeField(null=True)),
                ("failure", models.CharField(db_default="", max_length=60)),
                ("next_try_at", models.DateTimeField(null=True)),
                (
                    "chain",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="care.authoritychainrow",
                    ),
                ),
            ],
            options={
                "db_table": "care_authority_request",
            },
        ),
        migrations.CreateModel(
            name="AuthorityLimitRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("institution_id", models.UUIDField()),
                ("holder_kind", models.TextField()),
                ("holder_id", models.UUIDField()),
                ("action", models.CharField(max_length=40)),
                ("currency", models.CharField(max_length=3)),
                ("per_act_minor", models.BigIntegerField(null=True)),
                ("per_day_minor", models.BigIntegerField(null=True)),
                ("per_customer_minor", models.BigIntegerField(null=True)),
                ("per_day_count", models.IntegerField(null=True)),
                ("per_customer_count", models.IntegerField(null=True)),
                ("window_days", models.IntegerField()),
                ("set_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("change_id", models.UUIDField()),
            ],
            options={
                "db_table": "care_authority_limit",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at", None)),
                        fields=("institution_id", "holder_kind", "holder_id", "action", "currency"),
                        name="care_limit_one_in_force",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("holder_kind__in", ["staff", "role"])), name="care_limit_holder"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                models.Q(("currency", ""), _negated=True),
                                ("per_act_minor__gte", 0),
                                ("per_customer_minor__gte", 0),
                                ("per_day_minor__gte", 0),
                            ),
                            models.Q(
                                ("currency", ""),
                                ("per_act_minor", None),
                                ("per_customer_count__gte", 0),
                                ("per_customer_minor", None),
                                ("per_day_count__gte", 0),
                                ("per_day_minor", None),
                            ),
                            _connector="OR",
                        ),
                        name="care_limit_bounds",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("per_day_count", None), ("per_day_count__gte", 0), _connector="OR"),
                            models.Q(("per_customer_count", None), ("per_customer_count__gte", 0), _connector="OR"),
                        ),
                        name="care_limit_counts",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("window_days__gte", 1), ("window_days__lte", 366)), name="care_limit_window"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AuthorityStepRow",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("kind", models.TextField()),
                ("at", models.DateTimeField()),
                ("by", models.CharField(max_length=60)),
                ("to", models.UUIDField(null=True)),
                ("note", models.CharField(db_default="", max_length=500)),
                (
                    "request",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="care.authorityrequestrow"
                    ),
                ),
            ],
            options={
                "db_table": "care_authority_step",
            },
        ),
        migrations.CreateModel(
            name="AuthorityTieRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("institution_id", models.UUIDField()),
                ("staff_id", models.UUIDField()),
                ("customer_id", models.UUIDField()),
                ("kind", models.TextField()),
                ("declared_by", models.CharField(max_length=60)),
                ("declared_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("ended_by", models.CharField(db_default="", max_length=60)),
            ],
            options={
                "db_table": "care_authority_tie",
                "indexes": [models.Index(fields=["customer_id"], name="care_tie_customer")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at", None)), fields=("staff_id", "customer_id"), name="care_tie_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["self", "family", "close"])), name="care_tie_kind"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at", None), ("ended_by", "")),
                            models.Q(("ended_at__isnull", False), models.Q(("ended_by", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="care_tie_ended",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AuthorityGrantRow",
            fields=[
                (
                    "request",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="grant",
                        serialize=False,
                        to="care.authorityrequestrow",
                    ),
                ),
                ("institution_id", models.UUIDField()),
                ("action", models.CharField(max_length=40)),
                ("currency", models.CharField(max_length=3)),
                ("staff_id", models.UUIDField()),
                ("customer_id", models.UUIDField()),
                ("amount_minor", models.BigIntegerField()),
                ("day", models.DateField()),
                ("at", models.DateTimeField()),
                ("day_number", models.IntegerField()),
                ("day_total_minor", models.BigIntegerField()),
                ("customer_number", models.IntegerField()),
                ("void_at", models.DateTimeField(null=True)),
                (
                    "limit",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="care.authoritylimitrow",
                    ),
                ),
            ],
            options={
                "db_table": "care_authority_grant",
            },
        ),
        migrations.AddIndex(
            model_name="authorityrequestrow",
            index=models.Index(fields=["institution_id", "asked_at", "id"], name="care_request_page"),
        ),
        migrations.AddIndex(
            model_name="authorityrequestrow",
            index=models.Index(fields=["customer_id", "asked_at"], name="care_request_customer"),
        ),
        migrations.AddIndex(
            model_name="authorityrequestrow",
            index=models.Index(condition=models.Q(("state", "awaiting")), fields=["due_at"], name="care_request_due"),
        ),
        migrations.AddIndex(
            model_name="authorityrequestrow",
            index=models.Index(
                condition=models.Q(("state", "awaiting")), fields=["assigned_to"], name="care_request_assigned"
            ),
        ),
        migrations.AddIndex(
            model_name="authorityrequestrow",
            index=models.Index(
                condition=models.Q(("state", "awaiting")), fields=["asked_by"], name="care_request_waiting"
            ),
        ),
        migrations.AddIndex(
            model_name="authorityrequestrow",
            index=models.Index(
                condition=models.Q(("state", "approved")), fields=["next_try_at"], name="care_request_approved"
            ),
        ),
        migrations.AddIndex(
            model_name="authorityrequestrow",
            index=models.Index(
                condition=models.Q(("decided_by__isnull", False), ("state__in", ["approved", "done"])),
                fields=["asked_by", "decided_by", "decided_at"],
                name="care_request_pair",
            ),
        ),
        migrations.AddConstraint(
            model_name="authorityrequestrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("decided_at", None),
                        ("decided_by", None),
                        ("done_at", None),
                        ("state", "awaiting"),
                        ("assigned_to__isnull", False),
                        ("due_at__isnull", False),
                        ("step__isnull", False),
                    ),
                    models.Q(
                        ("decided_by__isnull", False),
                        ("done_at", None),
                        ("next_try_at__isnull", False),
                        ("state", "approved"),
                    ),
                    models.Q(("done_at__isnull", False), ("state", "done")),
                    models.Q(("decided_by__isnull", False), ("state", "refused")),
                    models.Q(("decided_at__isnull", False), ("state__in", ["expired", "withdrawn"])),
                    models.Q(("state", "failed"), models.Q(("failure", ""), _negated=True)),
                    _connector="OR",
                ),
                name="care_request_state",
            ),
        ),
        migrations.AddConstraint(
            model_name="authorityrequestrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("decided_by", None), models.Q(("decided_by", models.F("asked_by")), _negated=True), _connector="OR"
                ),
                name="care_request_second_person",
            ),
        ),
        migrations.AddConstraint(
            model_name="authorityrequestrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("amount_minor", None), ("currency", "")),
                    models.Q(("amount_minor__gt", 0), models.Q(("currency", ""), _negated=True)),
                    _connector="OR",
                ),
                name="care_request_amount",
            ),
        ),
        migrations.AddIndex(
            model_name="authoritygrantrow",
            index=models.Index(fields=["institution_id", "day"], name="care_grant_day"),
        ),
        migrations.AddIndex(
            model_name="authoritygrantrow",
            index=models.Index(
                fields=["institution_id", "customer_id", "action", "currency", "at"], name="care_grant_window"
            ),
        ),
        migrations.AddConstraint(
            model_name="authoritygrantrow",
            constraint=models.UniqueConstraint(
                fields=("institution_id", "staff_id", "action", "currency", "day", "day_number"),
                name="care_grant_of_day",
            ),
        ),
        migrations.AddConstraint(
            model_name="authoritygrantrow",
            constraint=models.UniqueConstraint(
                fields=("institution_id", "customer_id", "action", "currency", "customer_number"),
                name="care_grant_of_customer",
            ),
        ),
        migrations.AddConstraint(
            model_name="authoritygrantrow",
            constraint=models.CheckConstraint(condition=models.Q(("amount_minor__gte", 0)), name="care_grant_amount"),
        ),
        *(migrations.RunSQL(sql) for sql in GUARDS),
    ]
