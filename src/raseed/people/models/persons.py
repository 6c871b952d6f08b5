"""What is known of a person beside name and number, and the keys they prove themselves with.

Rows that end keep their place: triggers (migration 0003) let nothing but the end be written to them, and nothing be deleted.
"""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from .customers import CustomerRow, IdentityRow, InstitutionRow


def _ends_after(start: str, end: str) -> models.Q:
    return models.Q(**{end: None}) | models.Q(**{f"{end}__gte": models.F(start)})


class CivilIdRow(models.Model):
    """A number that a state gave a person: sealed, and findable by a keyed hash, never by itself."""

    id = models.UUIDField(primary_key=True)
    customer = models.ForeignKey(CustomerRow, on_delete=models.PROTECT, related_name="+")
    country = models.CharField(max_length=2)
    keyed_hash = models.BinaryField()
    sealed = models.BinaryField()
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)

    class Meta:
        db_table = "people_civil_id"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["country", "keyed_hash"], condition=models.Q(until=None), name="people_civil_id_one_owner"
            ),
            models.UniqueConstraint(
                fields=["customer", "country"], condition=models.Q(until=None), name="people_civil_id_one_each"
            ),
            models.CheckConstraint(condition=_ends_after("since", "until"), name="people_civil_id_span"),
        ]


class ConsentTextRow(models.Model):
    """A version of what people are asked to agree to: append-only, as they saw it."""

    position = models.BigAutoField(primary_key=True)
    institution = models.ForeignKey(InstitutionRow, on_delete=models.PROTECT, related_name="+", db_index=False)
    purpose = models.TextField()
    version = models.PositiveIntegerField()
    names = models.JSONField()
    texts = models.JSONField()
    published_at = models.DateTimeField()

    class Meta:
        db_table = "people_consent_text"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["institution", "purpose", "version"], name="people_consent_text_once"),
            models.CheckConstraint(condition=models.Q(version__gte=1), name="people_consent_text_version"),
        ]


class ConsentRow(models.Model):
    """A person agreed to a text, or withdrew: append-only; the latest of a purpose is what counts."""

    position = models.BigAutoField(primary_key=True)
    customer = models.ForeignKey(CustomerRow, on_delete=models.PROTECT, related_name="+", db_index=False)
    institution = models.ForeignKey(InstitutionRow, on_delete=models.PROTECT, related_name="+", db_index=False)
    purpose = models.TextField()
    version = models.PositiveIntegerField()
    given = models.BooleanField()
    at = models.DateTimeField()
    channel = models.TextField()
    actor = models.TextField()

    class Meta:
        db_table = "people_consent"
        indexes: ClassVar = [
            models.Index(fields=["customer", "institution", "purpose", "position"], name="people_consent_current")
        ]


class CriticalDateRow(models.Model):
    """A day that money has to be there for a person: a day of every month, or one date, in a zone."""

    id = models.UUIDField(primary_key=True)
    customer = models.ForeignKey(CustomerRow, on_delete=models.PROTECT, related_name="+")
    kind = models.TextField()
    label = models.TextField(default="")
    month_day = models.PositiveSmallIntegerField(null=True)
    on_date = models.DateField(null=True)
    zone = models.TextField()
    set_by = models.TextField()
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)

    class Meta:
        db_table = "people_critical_date"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(kind__in=["payday", "rent", "tax", "other"]), name="people_critical_date_kind"
            ),
            models.CheckConstraint(
                condition=models.Q(month_day__isnull=False, month_day__gte=1, month_day__lte=31, on_date=None)
                | models.Q(month_day=None, on_date__isnull=False),
                name="people_critical_date_rule",
            ),
            models.CheckConstraint(condition=_ends_after("since", "until"), name="people_critical_date_span"),
        ]


class VulnerabilityRow(models.Model):
    """What may make harm more likely for a person, and what is done differently for them."""

    id = models.UUIDField(primary_key=True)
    customer = models.ForeignKey(CustomerRow, on_delete=models.PROTECT, related_name="+")
    institution = models.ForeignKey(InstitutionRow, on_delete=models.PROTECT, related_name="+", db_index=False)
    driver = models.TextField()
    needs = ArrayField(models.TextField())
    since = models.DateField()
    expected_until = models.DateField(null=True)
    review_on = models.DateField()
    noted_by = models.TextField()
    noted_at = models.DateTimeField()
    replaces = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="+")
    ended_by = models.TextField(default="")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "people_vulnerability"
        indexes: ClassVar = [
            models.Index(
                fields=["institution", "review_on"],
                condition=models.Q(ended_at=None),
                name="people_vulnerability_review",
            )
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(driver__in=["health", "life_events", "resilience", "capability"]),
                name="people_vulnerability_driver",
            ),
            models.CheckConstraint(condition=models.Q(needs__len__gte=1), name="people_vulnerability_needs"),
            models.CheckConstraint(
                condition=_ends_after("since", "expected_until") & models.Q(review_on__gte=models.F("since")),
                name="people_vulnerability_span",
            ),
            models.CheckConstraint(
                condition=models.Q(ended_at=None, ended_by="")
                | (models.Q(ended_at__isnull=False, ended_at__gte=models.F("noted_at")) & ~models.Q(ended_by="")),
                name="people_vulnerability_ended",
            ),
        ]


class PhoneChangeRow(models.Model):
    """A change of phone number on its way, asked for by the person: two codes wait, as keyed hashes. Kept for two days."""

    id = models.UUIDField(primary_key=True)
    customer = models.ForeignKey(CustomerRow, on_delete=models.PROTECT, related_name="+")
    identity = models.ForeignKey(IdentityRow, on_delete=models.PROTECT, related_name="+", db_index=False)
    new_phone = models.TextField()
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    old_code_hash = models.BinaryField(null=True)
    new_code_hash = models.BinaryField(null=True)
    tries_left = models.PositiveSmallIntegerField(default=0)
    state = models.TextField(default="open")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "people_phone_change"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(
                    state="open", ended_at=None, old_code_hash__isnull=False, new_code_hash__isnull=False
                )
                | models.Q(
                    state__in=["done", "replaced", "refused"],
                    ended_at__isnull=False,
                    old_code_hash=None,
                    new_code_hash=None,
                ),
                name="people_phone_change_state",
            ),
            models.UniqueConstraint(
                fields=["customer"],
                condition=models.Q(state="open"),
                name="people_phone_change_one_open",
            ),
        ]


class ProofRow(models.Model):
    """That a person has just proven who they are, as a keyed hash of a token; used once, within minutes."""

    token_hash = models.BinaryField(primary_key=True)
    customer = models.ForeignKey(CustomerRow, on_delete=models.CASCADE, related_name="+")
    how = models.TextField()
    expires_at = models.DateTimeField()

    class Meta:
        db_table = "people_proof"
        indexes: ClassVar = [models.Index(fields=["expires_at"], name="people_proof_expires")]
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(how__in=["code", "passkey"]), name="people_proof_how")
        ]


class ChallengeRow(models.Model):
    """A random challenge that a passkey has to sign, as a hash; gone with its first use."""

    challenge_hash = models.BinaryField(primary_key=True)
    purpose = models.TextField()
    customer = models.ForeignKey(CustomerRow, on_delete=models.CASCADE, null=True, related_name="+")
    expires_at = models.DateTimeField()

    class Meta:
        db_table = "people_challenge"
        indexes: ClassVar = [models.Index(fields=["expires_at"], name="people_challenge_expires")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(purpose="sign_in", customer=None)
                | models.Q(purpose__in=["register", "proof"], customer__isnull=False),
                name="people_challenge_purpose",
            )
        ]


class PasskeyRow(models.Model):
    """A WebAuthn credential of a person: its public key (COSE), its counter, and whether it is backed up."""

    id = models.UUIDField(primary_key=True)
    credential_id = models.BinaryField(unique=True)
    customer = models.ForeignKey(CustomerRow, on_delete=models.PROTECT, related_name="+")
    name = models.TextField()
    public_key = models.BinaryField()
    aaguid = models.UUIDField()
    sign_count = models.BigIntegerField()
    backup_eligible = models.BooleanField()
    backed_up = models.BooleanField()
    transports = ArrayField(models.TextField())
    registered_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.TextField(default="")

    class Meta:
        db_table = "people_passkey"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(sign_count__gte=0) & (models.Q(backup_eligible=True) | models.Q(backed_up=False)),
                name="people_passkey_flags",
            ),
            models.CheckConstraint(
                condition=models.Q(revoked_at=None, revoked_by="")
                | (models.Q(revoked_at__isnull=False) & ~models.Q(revoked_by="")),
                name="people_passkey_revoked",
            ),
        ]


class DeviceKeyRow(models.Model):
    """A P-256 public key (SPKI) that a person's device signs instructions with."""

    id = models.UUIDField(primary_key=True)
    customer = models.ForeignKey(CustomerRow, on_delete=models.PROTECT, related_name="+")
    name = models.TextField()
    public_key = models.BinaryField(unique=True)
    proven_by = models.TextField()
    enrolled_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.TextField(default="")

    class Meta:
        db_table = "people_device_key"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(revoked_at=None, revoked_by="")
                | (models.Q(revoked_at__isnull=False) & ~models.Q(revoked_by="")),
                name="people_device_key_revoked",
            )
        ]


class AccessKeyRow(models.Model):
    """A key of somebody's software, as a keyed hash; what it may do never grows."""

    id = models.UUIDField(primary_key=True)
    key_hash = models.BinaryField(unique=True)
    holder = models.TextField()
    institution = models.ForeignKey(InstitutionRow, on_delete=models.PROTECT, related_name="+")
    permissions = ArrayField(models.TextField())
    name = models.TextField()
    issued_by = models.TextField()
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.TextField(default="")

    class Meta:
        db_table = "people_access_key"
        indexes: ClassVar = [models.Index(fields=["holder", "id"], name="people_access_key_holder")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(holder__regex=r"^(staff|customer|institution):[0-9a-f-]{36}$"),
                name="people_access_key_of_someone",
            ),
            models.CheckConstraint(
                condition=models.Q(expires_at__gt=models.F("issued_at"), permissions__len__gte=1),
                name="people_access_key_bounded",
            ),
            models.CheckConstraint(
                condition=models.Q(revoked_at=None, revoked_by="")
                | (models.Q(revoked_at__isnull=False) & ~models.Q(revoked_by="")),
                name="people_access_key_revoked",
            ),
        ]


class SignedInRow(models.Model):
    """Somebody signed in: when, how, and coarsely from where. Append-only, but for what is too old to be shown."""

    id = models.UUIDField(primary_key=True)
    customer = models.ForeignKey(CustomerRow, on_delete=models.CASCADE, related_name="+", db_index=False)
    at = models.DateTimeField()
    how = models.TextField()
    network = models.TextField(default="")
    device = models.TextField(default="")

    class Meta:
        db_table = "people_signed_in"
        indexes: ClassVar = [
            models.Index(fields=["customer", "at"], name="people_signed_in_latest"),
            models.Index(fields=["at"], name="people_signed_in_at"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(how__in=["code", "passkey"]), name="people_signed_in_how")
        ]
