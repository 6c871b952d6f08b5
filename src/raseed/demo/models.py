"""How far the planting is, so that one that was interrupted goes on where it was."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class WorldRow(models.Model):
    """The one demo world: its seed, the day it was begun, who is in it, and how many of its blocks are done."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    seed = models.BigIntegerField()
    planted_on = models.DateField()
    people = models.PositiveIntegerField()
    blocks_done = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "demo_world"
        constraints: ClassVar = [models.CheckConstraint(condition=models.Q(id=1), name="demo_world_only_one")]
