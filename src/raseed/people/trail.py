"""The audit trail as staff read it: of an institution, or of one customer's days across all packages.

Reading is itself a deed: it needs ``people.audit.view``, and reading a customer's trail is recorded in it.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.platform.api import AuditPage, audit_records, record

from .authority import Author, clean_reason, require
from .domain import UnknownCustomer
from .models import MembershipRow
from .permissions import AUDIT_VIEW


def trail_of_institution(
    institution_id: UUID,
    *,
    by: Author,
    subject: str | None = None,
    actor: str | None = None,
    action: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before: str | None = None,
    limit: int = 50,
) -> AuditPage:
    """Return a page of an institution's audit trail, the latest deed first; the arguments are those of ``audit_records``.

    Raises:
        NotPermitted: ``by`` may not read it. InvalidCursor: ``before`` is no marker of this list.
    """
    require(by, AUDIT_VIEW, institution_id)
    return audit_records(
        institution_id=institution_id,
        subject=subject,
        actor=actor,
        action=action,
        since=since,
        until=until,
        before=before,
        limit=limit,
    )


@transaction.atomic
def trail_of_customer(
    customer_id: UUID,
    *,
    institution_id: UUID,
    by: Author,
    reason: str,
    since: datetime | None = None,
    until: datetime | None = None,
    before: str | None = None,
    limit: int = 50,
    clock: Clock = SYSTEM_CLOCK,
) -> AuditPage:
    """Return a page of all that was done by or about a customer at an institution, the latest deed first.

    What they did that belongs to no institution, such as choosing a language, is in it; what another institution did is
    not. The reading of its first page is recorded.

    Raises:
        NotPermitted: ``by`` may not read it. UnknownCustomer: they are no customer of this institution.
        UnacceptableText: the reason is none. InvalidCursor: ``before`` is no marker of this list.
    """
    require(by, AUDIT_VIEW, institution_id)
    cleaned = clean_reason(reason)
    if not MembershipRow.objects.filter(institution_id=institution_id, customer_id=customer_id).exists():
        raise UnknownCustomer(field="customer_id")
    page = audit_records(
        customer_id=customer_id, institution_id=institution_id, since=since, until=until, before=before, limit=limit
    )
    if before is None:
        record(
            actor=by.actor,
            action="people.trail_viewed",
            subject=f"customer:{customer_id}",
            reason=cleaned,
            institution_id=institution_id,
            clock=clock,
        )
    return page
