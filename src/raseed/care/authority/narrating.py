"""What statements say about movements that authority caused: what it was, and why, in the words of whoever gave it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from django.utils.translation import gettext

from raseed.banking.api import Narrative

from .acts.fees import REFUND_FEE
from .acts.goodwill import GOODWILL_CREDIT
from .reading import narratives_of


def narrate(causes: Sequence[UUID]) -> Mapping[UUID, Narrative]:
    """Tell statements about goodwill and fees given back; refunds of bills are told by ``bills``."""
    told = {}
    for id_, (action, reason) in narratives_of(causes).items():
        if action == GOODWILL_CREDIT.code:
            note = gettext("Goodwill credit: %(reason)s") % {"reason": reason}
        elif action == REFUND_FEE.code:
            note = gettext("Fee given back: %(reason)s") % {"reason": reason}
        else:
            continue
        told[id_] = Narrative(reference=id_.hex[-10:].upper(), note=note)
    return told
