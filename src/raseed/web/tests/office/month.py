"""A month of care behind the house of the office's tests: Hoda leads the team, Salma answers, Basma is head of care."""

from __future__ import annotations

import pytest

from raseed.care.duty import api as duty
from raseed.care.models import HeadRow, TeamRow
from raseed.care.reports.tests import planting
from raseed.channels import api as channels
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.ids import new_id
from raseed.people import api as people

from .house import NILE, House


def a_month(house: House, *, talks: int = 60) -> planting.Planted:
    """Plant it, up to now."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planting, "NOW", SYSTEM_CLOCK.now())
        team = duty.default_team(NILE)
        TeamRow.objects.filter(id=team.id).update(lead=house.hoda.staff.id)
        HeadRow.objects.filter(institution_id=NILE).update(staff_id=house.basma.staff.id)
        found = planting.a_field(3, institution=people.institution(NILE), teams=[team.id])
        found.staff = [house.salma.staff.id, house.hoda.staff.id]
        found.lines = [
            channels.register_line(
                id=new_id(), institution_id=NILE, channel=channels.Channel.WHATSAPP, address=new_id().hex,
                names={"en": "WhatsApp to talk", "ar": "واتساب للمحادثة"}, settings={"waba_id": "102290129340398"},
                by=people.SYSTEM,
            ).id
        ]  # fmt: skip
        planting.plant(found, talks=talks)
    return found
