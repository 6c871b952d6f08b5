"""An institution and people in it, for tests."""

from __future__ import annotations

import re
from uuid import UUID

from raseed.channels.models import TextRow
from raseed.kernel.ids import new_id
from raseed.people.api import Customer, Institution, register_customer, register_institution

MONA = "+201001234567"
STRANGER = "+201009999999"


def an_institution(slug: str = "nile", region: str = "EG") -> Institution:
    """Return an issuer, registered."""
    return register_institution(
        Institution(new_id(), slug, {"ar": "النيل", "en": "Nile"}, "issuer", "EG", "Africa/Cairo", "EGP", region)
    )


def a_customer(
    institution_id: UUID, *, phone: str = MONA, language: str = "ar", names: dict[str, str] | None = None
) -> Customer:
    """Return a customer, registered."""
    return register_customer(
        id=new_id(),
        names=names or {"ar": "منى عبد الله", "en": "Mona Abdallah"},
        phone=phone,
        language=language,
        institution_id=institution_id,
    )


def mona_of_nile() -> Customer:
    """Register an issuer and a customer of it; return the customer."""
    return a_customer(an_institution().id)


def latest_code(phone: str = MONA) -> str:
    """Return the code in the newest text to ``phone``, as its owner would read it."""
    text = TextRow.objects.filter(to_phone=phone).order_by("-created_at", "-message_id").first()
    assert text is not None
    assert text.text is not None
    found = re.search(r"\d{6}", text.text)
    assert found is not None
    return found[0]
