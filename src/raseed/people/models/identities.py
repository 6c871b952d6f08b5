"""Senders on channels, their ids there, whom they are linked to, and merged customers. What has ended stays."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from .customers import CustomerRow


class SenderRow(models.Model):
    """A sender on a channel. Two that turn out to be one are joined: the later points to the earlier."""

    id = models.UUIDField(primary_key=True)
    channel = models.CharField(max_length=20)
    name = models.CharField(max_length=120)
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()
    joined_to = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="joined")

    class Meta:
        db_table = "people_sender"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(last_seen__gte=models.F("first_seen")), name="people_sender_seen"
            ),
            models.CheckConstraint(
                condition=models.Q(joined_to=None) | ~models.Q(joined_to=models.F("id")),
                name="people_sender_not_itself",
            ),
        ]


class SenderAliasRow(models.Model):
    """An id that a sender has on a channel, from when until when; ``strength`` 0 is the one that tells people apart best."""

    id = models.BigAutoField(primary_key=True)
    sender = models.ForeignKey(SenderRow, on_delete=models.PROTECT, related_name="aliases")
    scope = models.CharField(max_length=300)
    external_id = models.CharField(max_length=300)
    strength = models.SmallIntegerField()
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)

    class Meta:
        db_table = "people_sender_alias"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["external_id", "scope"], condition=models.Q(until=None), name="people_sender_alias_one"
            ),
            models.CheckConstraint(
                condition=models.Q(until=None) | models.Q(until__gte=models.F("since")), name="people_sender_alias_span"
            ),
        ]


class SenderLinkRow(models.Model):
    """That a sender is a customer: how it is known, from when until when, by whom."""

    id = models.BigAutoField(primary_key=True)
    sender = models.ForeignKey(SenderRow, on_delete=models.PROTECT, related_name="links")
    customer = models.ForeignKey(CustomerRow, on_delete=models.PROTECT, related_name="+")
    proof = models.CharField(max_length=8)
    how = models.CharField(max_length=16)
    by = models.CharField(max_length=60)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=60, default="")

    class Meta:
        db_table = "people_sender_link"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["sender", "customer"], condition=models.Q(until=None), name="people_sender_link_once"
            ),
            models.CheckConstraint(
                condition=models.Q(proof="proven", how__in=["one_time_code", "signed_in"])
                | models.Q(proof="claimed", how__in=["staff", "number", "one_time_code", "signed_in"]),
                name="people_sender_link_proof",
            ),
            models.CheckConstraint(
                condition=models.Q(until=None, ended_by="") | (models.Q(until__isnull=False) & ~models.Q(ended_by="")),
                name="people_sender_link_ended",
            ),
        ]


class MergeRow(models.Model):
    """That a customer is read as another, from when until when; the changes that two persons made it and undid it by."""

    id = models.UUIDField(primary_key=True)
    institution_id = models.UUIDField()
    kept = models.ForeignKey(CustomerRow, on_delete=models.PROTECT, related_name="+")
    merged = models.ForeignKey(CustomerRow, on_delete=models.PROTECT, related_name="+")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    undone_by = models.UUIDField(null=True)

    class Meta:
        db_table = "people_merge"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["merged"], condition=models.Q(until=None), name="people_merge_once"),
            models.CheckConstraint(condition=~models.Q(kept=models.F("merged")), name="people_merge_two"),
            models.CheckConstraint(
                condition=models.Q(until=None, undone_by=None)
                | models.Q(until__isnull=False, undone_by__isnull=False, until__gte=models.F("since")),
                name="people_merge_undone",
            ),
        ]
