"""Customers, the institutions that serve them, and signing in with a one-time code."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models


class InstitutionRow(models.Model):
    """An issuer, a bank or a utility."""

    id = models.UUIDField(primary_key=True)
    slug = models.TextField(unique=True)
    names = models.JSONField()
    kind = models.TextField()
    country = models.CharField(max_length=2)
    zone = models.TextField()
    currency_code = models.CharField(max_length=3)
    default_region = models.CharField(max_length=2)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "people_institution"


class CustomerRow(models.Model):
    """A person. The phone number is an identity, which may change; the person's id does not."""

    id = models.UUIDField(primary_key=True)
    names = models.JSONField()
    language = models.CharField(max_length=2)
    digits = models.CharField(max_length=4, null=True)  # noqa: DJ001  (no choice is not an empty one)
    search_key = models.TextField()
    session_epoch = models.PositiveIntegerField(default=0, db_default=0)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "people_customer"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(language__in=["ar", "he", "en"]), name="people_customer_language"
            ),
            models.CheckConstraint(
                condition=models.Q(digits=None) | models.Q(digits__in=["arab", "latn"]), name="people_customer_digits"
            ),
        ]


class IdentityRow(models.Model):
    """How a person is known on a channel, from when until when; one value is one person's at a time."""

    id = models.BigAutoField(primary_key=True)
    channel = models.TextField()
    scope = models.TextField(default="")
    value = models.TextField()
    customer = models.ForeignKey(CustomerRow, on_delete=models.PROTECT, related_name="identities")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)

    class Meta:
        db_table = "people_identity"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["value", "channel", "scope"], condition=models.Q(until=None), name="people_identity_one_owner"
            ),
            models.CheckConstraint(
                condition=models.Q(until=None) | models.Q(until__gt=models.F("since")), name="people_identity_span"
            ),
        ]


class MembershipRow(models.Model):
    """A person is a customer of an institution, and how they are found there (ADR 0019)."""

    id = models.BigAutoField(primary_key=True)
    institution = models.ForeignKey(InstitutionRow, on_delete=models.PROTECT, related_name="+", db_index=False)
    customer = models.ForeignKey(CustomerRow, on_delete=models.PROTECT, related_name="memberships")
    joined_at = models.DateTimeField()
    search_text = models.TextField(default="", db_default="")
    search_keys = ArrayField(models.IntegerField(), default=list, db_default=models.Value("{}"))

    class Meta:
        db_table = "people_membership"
        indexes: ClassVar = [GinIndex(fields=["search_keys"], name="people_membership_search")]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["institution", "customer"], name="people_membership_once")
        ]


class SignInRow(models.Model):
    """A phone number's one-time code and lock, kept under a keyed hash of the number: strangers leave no number here."""

    phone_key = models.BinaryField(primary_key=True)
    code_hash = models.BinaryField(null=True)
    expires_at = models.DateTimeField(null=True)
    tries_left = models.PositiveSmallIntegerField(default=0)
    times_locked = models.PositiveSmallIntegerField(default=0)
    locked_at = models.DateTimeField(null=True)
    locked_until = models.DateTimeField(null=True)
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "people_sign_in"
        indexes: ClassVar = [models.Index(fields=["changed_at"], name="people_sign_in_changed")]


class RateRow(models.Model):
    """How often something was asked for in the present window, under a keyed hash of what it is limited by."""

    bucket = models.BinaryField(primary_key=True)
    count = models.PositiveIntegerField()
    ends_at = models.DateTimeField()

    class Meta:
        db_table = "people_rate"
        indexes: ClassVar = [models.Index(fields=["ends_at"], name="people_rate_ends")]
