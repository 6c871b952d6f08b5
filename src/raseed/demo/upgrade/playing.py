"""``./raseed demo bad-upgrade``: both acts, or one of them, on the running house; everything is put away before and after."""

from __future__ import annotations

from enum import StrEnum

from django.utils.translation import gettext

from . import acts
from .stage import DONE, put_away, set_stage
from .telling import Teller


class Act(StrEnum):
    """The acts of the story."""

    CAUGHT = "caught"
    SLIPPED = "slipped"


def play_bad_upgrade(*, only: Act | None = None, teller: Teller | None = None) -> bool | None:
    """Play the bad upgrade; say whether it ended as it should, ``None`` where no demo world is planted.

    It can be played again and again, and taken up anew wherever it was interrupted.

    Raises:
        HouseNotRunning: nothing keeps shown balances up. StoryStuck: something did not happen in time.
        What guard, display and people refuse.
    """
    telling = teller or Teller()
    stage = set_stage()
    if stage is None:
        return None
    played = {Act.CAUGHT: acts.play_caught, Act.SLIPPED: acts.play_slipped}
    is_right = True
    for act, play in played.items():
        if only in (None, act):
            is_right &= play(stage, telling)
            put_away(stage, reason=DONE)
    telling.end(
        gettext("The story ended as it should: every shown balance is the true one.")
        if is_right
        else gettext("The story did not end as it should: look at the release in the report.")
    )
    return is_right
