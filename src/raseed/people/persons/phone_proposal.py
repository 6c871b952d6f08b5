"""A customer's new phone number by staff: proposed by one, confirmed by another. For those who have lost the old phone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from django.utils.translation import gettext, override

from raseed.kernel.clock import SYSTEM_CLOCK, Clock, ManualClock
from raseed.kernel.errors import mark
from raseed.kernel.ids import parse_id
from raseed.platform.api import AuditFacts

from ..authority import Author
from ..changes.deciding import propose_change
from ..changes.domain import Change, ChangeKind, ChangeLine
from ..domain import InvalidPhone, PhoneTaken, UnknownCustomer, normal_phone, phone_text
from ..models import IdentityRow, MembershipRow
from ..permissions import PHONE_CONFIRM, PHONE_PROPOSE
from ..queries import PHONE, customer, customer_by_phone, institution
from .phone_change import SamePhone, move_number

PHONE_CHANGE: Final = "people.phone"
_NO_REGION: Final = "ZZ"
_SUBJECT: Final = "customer"


def propose_phone_change(
    *,
    id: UUID,  # noqa: A002  the client's id, called so in every verb
    customer_id: UUID,
    new_phone: str,
    institution_id: UUID,
    by: Author,
    reason: str,
    clock: Clock = SYSTEM_CLOCK,
) -> Change:
    """Propose a new number for a customer of the institution, whose national numbers may be typed.

    Raises:
        InvalidPhone, UnknownInstitution, UnknownCustomer, SamePhone, PhoneTaken: what they say.
        As ``propose_change`` otherwise.
    """
    return propose_change(
        id=id,
        kind=PHONE_CHANGE,
        institution_id=institution_id,
        subject=f"{_SUBJECT}:{customer_id}",
        payload={"phone": normal_phone(new_phone, institution(institution_id).default_region)},
        reason=reason,
        by=by,
        clock=clock,
    )


def _customer_id(change: Change) -> UUID:
    kind, _, text = change.subject.partition(":")
    if kind != _SUBJECT:
        raise UnknownCustomer(field="subject")
    return parse_id(text, field="subject")


def _check(change: Change) -> None:
    """Refuse a number that is none, or theirs already, or another's; and a customer of somebody else."""
    known = customer(_customer_id(change))
    if not MembershipRow.objects.filter(customer_id=known.id, institution_id=change.institution_id).exists():
        raise UnknownCustomer(field="subject")
    phone = change.payload.get("phone")
    if change.payload.keys() != {"phone"} or not isinstance(phone, str) or normal_phone(phone, _NO_REGION) != phone:
        raise InvalidPhone(field="phone")
    if phone == known.phone:
        raise SamePhone(field="phone")
    try:
        customer_by_phone(phone)
    except UnknownCustomer:
        return
    raise PhoneTaken(field="phone")


def _current(change: Change) -> AuditFacts:
    identity = IdentityRow.objects.filter(customer_id=_customer_id(change), channel=PHONE, scope="", until=None).get()
    return {"identity": str(identity.id)}


def _apply(change: Change) -> None:
    assert change.decided_at is not None, "a change that is applied was decided"
    move_number(_customer_id(change), str(change.payload["phone"]), clock=ManualClock(change.decided_at))


def _describe(change: Change, language: str) -> Sequence[ChangeLine]:
    before = IdentityRow.objects.filter(id=int(str(change.before.get("identity") or 0))).first()
    phone = change.payload.get("phone")
    with override(language):
        label = gettext("Phone number")
    return [ChangeLine(label, phone_text(before.value) if before else "", phone_text(str(phone)) if phone else "")]


PHONE_KIND: Final = ChangeKind(
    code=PHONE_CHANGE,
    words=mark("A customer's phone number"),
    permission=PHONE_PROPOSE,
    confirm_permission=PHONE_CONFIRM,
    apply=_apply,
    describe=_describe,
    current=_current,
    check=_check,
    customer_of=_customer_id,
)
