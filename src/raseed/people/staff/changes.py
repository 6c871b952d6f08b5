"""Changes to staff: who is new, what roles they hold, and who is let in again, are decided by two people.

The command line may do the same alone (``SYSTEM``): the first administrator has nobody beside them, and whoever holds the
machine holds the database.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext, override

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import InputError, mark
from raseed.platform.api import AuditFacts, SameIdOtherContent, record

from ..authority import STAFF, Author, clean_reason
from ..changes.domain import Change, ChangeKind, ChangeLine, SecondPersonNeeded
from ..domain import LANGUAGES, clean_names, known_language
from ..models import GrantRow, RoleRow, StaffRow
from ..permissions import STAFF_CONFIRM, STAFF_PROPOSE
from ..queries import institution
from .errors import LoginTaken, StaffStateRefuses
from .keeping import end_sessions, forget_proofs, locked_staff
from .queries import Staff, StaffState, UnknownStaff, clean_login, read_staff, staff
from .roles import UnknownRole
from .sign_in import forgive_staff, lock_code_gate

NEW_STAFF: Final = "people.staff"
GRANTS: Final = "people.grants"
UNLOCK: Final = "people.staff_unlock"
RESET: Final = "people.staff_reset"
_NEXT_STATE: Final = {UNLOCK: StaffState.ACTIVE, RESET: StaffState.INVITED}
ROLES_HELD_MAX: Final = 20
_LANGUAGE_NAMES: Final = {"ar": "العربية", "he": "עברית", "en": "English"}
_STATE_WORDS: Final = {
    StaffState.INVITED: mark("Invited"),
    StaffState.ACTIVE: mark("Active"),
    StaffState.LOCKED: mark("Locked out"),
    StaffState.LEFT: mark("No longer here"),
}


class InvalidStaff(InputError):
    """Staff described in another shape than theirs, or with more roles than one person can hold."""

    code = "invalid_staff"
    sentence = mark("This member of staff is not described correctly.")
    hint = mark("Give a login, names, a language and roles of this institution.")


def state_words(state: StaffState) -> str:
    """Return the message id of the word for how someone stands."""
    return _STATE_WORDS[state]


@transaction.atomic
def add_staff(
    *,
    id: UUID,  # noqa: A002  the client's id, called so in every verb
    login: str,
    names: Mapping[str, str],
    language: str,
    institution_id: UUID,
    role_ids: Sequence[UUID],
    by: Author,
    reason: str,
    clock: Clock = SYSTEM_CLOCK,
) -> Staff:
    """Add someone without a second person, who is to be invited; the command line may, and a repeat changes nothing.

    Raises:
        SecondPersonNeeded: ``by`` is a person: they propose a change of the kind ``people.staff``.
        InvalidLogin, UnacceptableText, UnknownLanguage, UnknownInstitution, UnknownRole, LoginTaken: what they say.
        SameIdOtherContent: the id is someone else's.
    """
    cleaned = _alone(by, reason)
    institution(institution_id)
    known = StaffRow.objects.filter(id=id).first()
    if known is not None:
        if known.login != clean_login(login) or known.institution_id != institution_id:
            raise SameIdOtherContent(field="id")
        return read_staff([known])[0]
    _add(id, institution_id, _described(login, names, language, role_ids), clock.now())
    _record_alone(id, "people.staff_added", {"state": None}, institution_id, by, cleaned, clock)
    return staff(id)


@transaction.atomic
def reset_staff(staff_id: UUID, *, by: Author, reason: str, clock: Clock = SYSTEM_CLOCK) -> Staff:
    """Let someone enrol anew without a second person: the command line may.

    Raises:
        SecondPersonNeeded: ``by`` is a person: they propose a change of the kind ``people.staff_reset``.
        UnknownStaff, UnacceptableText, StaffStateRefuses: what they say.
    """
    return _alone_with(staff_id, _reset, "people.staff_reset", by, reason, clock)


@transaction.atomic
def unlock_staff(staff_id: UUID, *, by: Author, reason: str, clock: Clock = SYSTEM_CLOCK) -> Staff:
    """Let someone in again without a second person: the command line may.

    Raises:
        SecondPersonNeeded: ``by`` is a person: they propose a change of the kind ``people.staff_unlock``.
        UnknownStaff, UnacceptableText, StaffStateRefuses: what they say.
    """
    return _alone_with(staff_id, _unlock, "people.staff_unlocked", by, reason, clock)


def _alone_with(
    staff_id: UUID, verb: Callable[[StaffRow, datetime], None], action: str, by: Author, reason: str, clock: Clock
) -> Staff:
    cleaned = _alone(by, reason)
    row = _at_the_gate(staff_id, clock.now())
    before = {"state": row.state}
    verb(row, clock.now())
    _record_alone(staff_id, action, before, row.institution_id, by, cleaned, clock)
    return read_staff([row])[0]


def _alone(by: Author, reason: str) -> str:
    if not by.everything:
        raise SecondPersonNeeded
    return clean_reason(reason)


def _record_alone(
    staff_id: UUID, action: str, before: AuditFacts, institution_id: UUID, by: Author, reason: str, clock: Clock
) -> None:
    record(
        actor=by.actor,
        action=action,
        subject=f"{STAFF}{staff_id}",
        before=before,
        after=_facts(staff_id, institution_id),
        reason=reason,
        institution_id=institution_id,
        clock=clock,
    )


@dataclass(frozen=True, slots=True)
class _Described:
    """Someone new, as a payload describes them, checked."""

    login: str
    names: dict[str, str]
    language: str
    role_ids: list[UUID]


def _described(login: object, names: object, language: object, role_ids: object) -> _Described:
    texts = [login, language, *(names.values() if isinstance(names, Mapping) else [None])]
    if not all(isinstance(text, str) for text in texts) or not isinstance(names, Mapping):
        raise InvalidStaff(field="payload")
    return _Described(clean_login(str(login)), clean_names(names), known_language(str(language)), _ids(role_ids))


def _ids(role_ids: object) -> list[UUID]:
    if not isinstance(role_ids, Sequence) or isinstance(role_ids, str) or len(role_ids) > ROLES_HELD_MAX:
        raise InvalidStaff(field="role_ids")
    try:
        return sorted({UUID(str(one)) for one in role_ids})
    except ValueError:
        raise InvalidStaff(field="role_ids") from None


def _add(staff_id: UUID, institution_id: UUID, wanted: _Described, now: datetime) -> None:
    _check_roles(wanted.role_ids, institution_id)
    try:
        with transaction.atomic():
            row = StaffRow.objects.create(
                id=staff_id,
                login=wanted.login,
                institution_id=institution_id,
                names=wanted.names,
                language=wanted.language,
                state=StaffState.INVITED.value,
                created_at=now,
            )
    except IntegrityError:
        raise LoginTaken(field="login") from None
    GrantRow.objects.bulk_create(GrantRow(staff=row, role_id=one, since=now) for one in wanted.role_ids)


def _check_roles(role_ids: Sequence[UUID], institution_id: UUID) -> None:
    known = RoleRow.objects.filter(id__in=role_ids, institution_id=institution_id, removed_at=None).count()
    if known != len(role_ids):
        raise UnknownRole(field="role_ids")


def _facts(staff_id: UUID, institution_id: UUID) -> AuditFacts:
    """Return how someone stands and which roles they hold at the institution, fit for the audit trail."""
    row = StaffRow.objects.filter(id=staff_id).first()
    if row is None:
        return {"state": None}
    held = GrantRow.objects.filter(staff=row, role__institution_id=institution_id, until=None)
    return {"state": row.state, "roles": sorted(str(one) for one in held.values_list("role_id", flat=True))}


def _current(change: Change) -> AuditFacts:
    return _facts(_subject_id(change), change.institution_id)


def _check_new(change: Change) -> None:
    wanted = _new(change)
    _check_roles(wanted.role_ids, change.institution_id)
    if StaffRow.objects.filter(login=wanted.login).exists() or StaffRow.objects.filter(id=_subject_id(change)).exists():
        raise LoginTaken(field="login")


def _new(change: Change) -> _Described:
    payload = change.payload
    if set(payload) != {"login", "names", "language", "role_ids"}:
        raise InvalidStaff(field="payload")
    return _described(payload["login"], payload["names"], payload["language"], payload["role_ids"])


def _apply_new(change: Change) -> None:
    assert change.decided_at is not None, "what is applied was decided"
    _add(change.subject_id, change.institution_id, _new(change), change.decided_at)


def _check_grants(change: Change) -> None:
    if set(change.payload) != {"role_ids"}:
        raise InvalidStaff(field="payload")
    _check_roles(_ids(change.payload["role_ids"]), change.institution_id)
    someone = staff(_subject_id(change))
    if someone.state is StaffState.LEFT:
        raise StaffStateRefuses(state=someone.state.value)


def _apply_grants(change: Change) -> None:
    assert change.decided_at is not None, "what is applied was decided"
    row = locked_staff(change.subject_id)
    _check_grants(change)
    wanted = set(_ids(change.payload["role_ids"]))
    held = GrantRow.objects.filter(staff=row, role__institution_id=change.institution_id, until=None)
    has = set(held.values_list("role_id", flat=True))
    ending = GrantRow.objects.filter(staff=row, role_id__in=has - wanted, until=None)
    ending.update(until=change.decided_at)
    GrantRow.objects.bulk_create(
        GrantRow(staff=row, role_id=one, since=change.decided_at) for one in sorted(wanted - has)
    )
    end_sessions(row)
    row.save(update_fields=["session_epoch"])


def _check_at_home(change: Change) -> StaffRow:
    """Return whom the change is about.

    Raises:
        InvalidStaff: the payload is not empty. UnknownStaff: they are not employed by this institution.
    """
    row = StaffRow.objects.filter(id=_subject_id(change), institution_id=change.institution_id).first()
    if row is None:
        raise UnknownStaff(field="subject")
    if change.payload:
        raise InvalidStaff(field="payload")
    return row


def _check_unlock(change: Change) -> None:
    state = _check_at_home(change).state
    if state != StaffState.LOCKED.value:
        raise StaffStateRefuses(state=state)


def _check_reset(change: Change) -> None:
    state = _check_at_home(change).state
    if state == StaffState.LEFT.value:
        raise StaffStateRefuses(state=state)


def _apply_unlock(change: Change) -> None:
    assert change.decided_at is not None, "what is applied was decided"
    _unlock(_at_the_gate(change.subject_id, change.decided_at), change.decided_at)


def _apply_reset(change: Change) -> None:
    assert change.decided_at is not None, "what is applied was decided"
    _reset(_at_the_gate(change.subject_id, change.decided_at), change.decided_at)


def _at_the_gate(staff_id: UUID, now: datetime) -> StaffRow:
    """Return someone's row, locked, after the gate of their codes, which is opened with it."""
    lock_code_gate(staff_id, now)
    return locked_staff(staff_id)


def _unlock(row: StaffRow, now: datetime) -> None:
    """Let someone in again whose row is locked; who had not enrolled is invited again."""
    if row.state != StaffState.LOCKED.value:
        raise StaffStateRefuses(state=row.state)
    row.state = StaffState.ACTIVE.value if row.password else StaffState.INVITED.value
    end_sessions(row)
    row.save()
    forgive_staff(row, now)


def _reset(row: StaffRow, now: datetime) -> None:
    """Make someone whose row is locked enrol anew: password, second factor and recovery codes are void."""
    if row.state == StaffState.LEFT.value:
        raise StaffStateRefuses(state=row.state)
    forget_proofs(row)
    row.state = StaffState.INVITED.value
    end_sessions(row)
    row.save()
    forgive_staff(row, now)


def _subject_id(change: Change) -> UUID:
    """Return the id of whom the change is about.

    Raises:
        InvalidStaff: its subject is nobody of staff.
    """
    try:
        return UUID(change.subject.removeprefix(STAFF)) if change.subject.startswith(STAFF) else UUID("")
    except ValueError:
        raise InvalidStaff(field="subject") from None


def _describe(change: Change, language: str) -> Sequence[ChangeLine]:
    payload, lines = change.payload, []
    with override(language):
        if change.kind == NEW_STAFF:
            names = payload.get("names", {})
            lines += [
                ChangeLine(gettext("Login"), "", str(payload.get("login", ""))),
                ChangeLine(gettext("Name"), "", " · ".join(str(names[each]) for each in LANGUAGES if each in names)),
                ChangeLine(gettext("Language"), "", _LANGUAGE_NAMES.get(str(payload.get("language")), "")),
            ]
        if "role_ids" in payload:
            was, will = _role_names(change.before.get("roles"), language), _role_names(payload["role_ids"], language)
            lines.append(ChangeLine(gettext("Roles"), was, will))
        if change.kind in _NEXT_STATE:
            before = StaffState(str(change.before.get("state")))
            lines.append(
                ChangeLine(
                    gettext("State"), gettext(state_words(before)), gettext(state_words(_NEXT_STATE[change.kind]))
                )
            )
    return lines


def _role_names(role_ids: object, language: str) -> str:
    wanted = [str(one) for one in role_ids] if isinstance(role_ids, list) else []
    rows = RoleRow.objects.filter(id__in=wanted).order_by("slug")
    return " · ".join(str(row.names.get(language) or row.slug) for row in rows)


KINDS: Final = (
    ChangeKind(
        code=NEW_STAFF,
        words=mark("A new member of staff"),
        permission=STAFF_PROPOSE,
        confirm_permission=STAFF_CONFIRM,
        apply=_apply_new,
        describe=_describe,
        current=_current,
        check=_check_new,
    ),
    ChangeKind(
        code=GRANTS,
        words=mark("The roles that someone holds"),
        permission=STAFF_PROPOSE,
        confirm_permission=STAFF_CONFIRM,
        apply=_apply_grants,
        describe=_describe,
        current=_current,
        check=_check_grants,
    ),
    ChangeKind(
        code=UNLOCK,
        words=mark("Someone who was locked is let in again"),
        permission=STAFF_PROPOSE,
        confirm_permission=STAFF_CONFIRM,
        apply=_apply_unlock,
        describe=_describe,
        current=_current,
        check=_check_unlock,
    ),
    ChangeKind(
        code=RESET,
        words=mark("Someone enrols anew, with a new password and second factor"),
        permission=STAFF_PROPOSE,
        confirm_permission=STAFF_CONFIRM,
        apply=_apply_reset,
        describe=_describe,
        current=_current,
        check=_check_reset,
    ),
)
