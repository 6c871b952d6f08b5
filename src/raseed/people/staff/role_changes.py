"""Changes to roles: what one may do is made, altered or removed by two people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from django.db.models import F
from django.utils.translation import gettext, override

from raseed.kernel.errors import Conflict, InputError, mark
from raseed.platform.api import AuditFacts

from ..authority import registered_permissions
from ..changes.domain import Change, ChangeKind, ChangeLine
from ..domain import LANGUAGES, SLUG_LENGTH_MAX, clean_names
from ..models import GrantRow, RoleRow, StaffRow
from ..permissions import ROLES_CONFIRM, ROLES_PROPOSE, SELF_PAY, SELF_VIEW
from .roles import ROLES_MAX, UnknownRole

ROLE: Final = "people.role"
ROLE_REMOVAL: Final = "people.role_removal"
SUBJECT: Final = "role:"
_NAME_LABELS: Final = {
    "ar": mark("Name in Arabic"),
    "he": mark("Name in Hebrew"),
    "en": mark("Name in English"),
}


class InvalidRole(InputError):
    """A role described with a short name that can't be one, or in another shape than a role's."""

    code = "invalid_role"
    sentence = mark("This role is not described correctly.")
    hint = mark("Give it a short name of the letters a to z, digits and dashes, a name, and permissions.")


class UnknownPermission(InputError):
    """A role with a permission that nothing here asks for; ``permission`` is its code."""

    code = "unknown_permission"
    sentence = mark("There is no permission %(permission)s.")
    hint = mark("Choose from the list of permissions.")


class RoleTaken(Conflict):
    """Another role of the institution has this short name, or the institution has as many roles as it may."""

    code = "role_taken"
    sentence = mark("The institution already has such a role, or too many roles.")
    hint = mark("Choose another short name, or change the role that is there.")


class RoleHeld(Conflict):
    """A role that people still hold can't be removed."""

    code = "role_held"
    sentence = mark("People still hold this role.")
    hint = mark("Give them other roles first.")


def _role(change: Change) -> RoleRow | None:
    """Return the role that the change is about, if there is one.

    Raises:
        UnknownRole: it is another institution's, or was removed.
    """
    row = RoleRow.objects.filter(id=_subject_id(change)).first()
    if row is not None and (row.institution_id != change.institution_id or row.removed_at is not None):
        raise UnknownRole(field="subject")
    return row


def _current(change: Change) -> AuditFacts:
    row = _role(change)
    if row is None:
        return {"slug": None}
    return _facts(row.slug, row.names, row.permissions)


def _facts(slug: str, names: Mapping[str, str], permissions: Sequence[str]) -> dict[str, Any]:
    return {"slug": slug, "permissions": sorted(permissions)} | {f"name_{key}": names[key] for key in sorted(names)}


def _check(change: Change) -> None:
    _wanted(change)


def _wanted(change: Change) -> tuple[str, dict[str, str], list[str]]:
    """Return the slug, names and permissions that the role is to have.

    Raises:
        InvalidRole, UnknownPermission, RoleTaken, UnknownRole, UnacceptableText, UnknownLanguage: what they say.
    """
    payload, row = change.payload, _role(change)
    slug, names, permissions = payload.get("slug"), payload.get("names"), payload.get("permissions")
    if set(payload) != {"slug", "names", "permissions"} or not isinstance(slug, str) or not isinstance(names, dict):
        raise InvalidRole(field="payload")
    if not isinstance(permissions, list) or not all(isinstance(one, str) for one in [*permissions, *names.values()]):
        raise InvalidRole(field="permissions")
    plain = slug.isascii() and slug.replace("-", "").isalnum() and slug == slug.lower()
    if not plain or not 0 < len(slug) <= SLUG_LENGTH_MAX:
        raise InvalidRole(field="slug")
    known = {one.code for one in registered_permissions()} | set(row.permissions if row else ())
    known -= {SELF_PAY, SELF_VIEW}
    for code in permissions:
        if code not in known:
            raise UnknownPermission(field="permissions", permission=code)
    others = RoleRow.objects.filter(institution_id=change.institution_id, removed_at=None).exclude(id=change.subject_id)
    if others.filter(slug=slug).exists() or others.count() >= ROLES_MAX:
        raise RoleTaken(field="slug")
    return slug, clean_names(names), sorted(set(permissions))


def _apply(change: Change) -> None:
    assert change.decided_at is not None, "what is applied was decided"
    slug, names, permissions = _wanted(change)
    row = RoleRow.objects.select_for_update().filter(id=change.subject_id).first()
    if row is None:
        RoleRow.objects.create(
            id=change.subject_id,
            institution_id=change.institution_id,
            slug=slug,
            names=names,
            permissions=permissions,
            created_at=change.decided_at,
        )
        return
    if row.permissions != permissions:
        _end_sessions_of_holders(row.id)
    row.slug, row.names, row.permissions = slug, names, permissions
    row.save(update_fields=["slug", "names", "permissions"])


def _end_sessions_of_holders(role_id: UUID) -> None:
    """End the sessions of all who hold a role; their rows are locked in the order of their ids."""
    held = GrantRow.objects.filter(role_id=role_id, until=None).values("staff_id")
    ids = list(StaffRow.objects.select_for_update().filter(id__in=held).order_by("id").values_list("id", flat=True))
    StaffRow.objects.filter(id__in=ids).update(session_epoch=F("session_epoch") + 1)


def _describe(change: Change, language: str) -> Sequence[ChangeLine]:
    before, payload = change.before, change.payload
    with override(language):
        lines = [_line(gettext("Short name"), before.get("slug"), payload.get("slug"))]
        lines += [
            _line(gettext(_NAME_LABELS[each]), before.get(f"name_{each}"), payload.get("names", {}).get(each))
            for each in LANGUAGES
        ]
        words = {one.code: gettext(one.words) for one in registered_permissions()}
        was, will = set(_texts(before.get("permissions"))), set(_texts(payload.get("permissions")))
        lines += [ChangeLine(gettext("Permission"), words.get(code, code), "") for code in sorted(was - will)]
        lines += [ChangeLine(gettext("Permission"), "", words.get(code, code)) for code in sorted(will - was)]
    return [line for line in lines if line.before != line.after]


def _check_removal(change: Change) -> None:
    row = _role(change)
    if row is None:
        raise UnknownRole(field="subject")
    if change.payload:
        raise InvalidRole(field="payload")
    if GrantRow.objects.filter(role=row, until=None).exists():
        raise RoleHeld


def _apply_removal(change: Change) -> None:
    _check_removal(change)
    RoleRow.objects.filter(id=change.subject_id).update(removed_at=change.decided_at)


def _removed(change: Change) -> AuditFacts:
    """Return the role as it is, or that it is not there any more."""
    row = RoleRow.objects.filter(id=_subject_id(change), institution_id=change.institution_id, removed_at=None).first()
    return {"slug": None} if row is None else _facts(row.slug, row.names, row.permissions)


def _describe_removal(change: Change, language: str) -> Sequence[ChangeLine]:
    with override(language):
        return [
            ChangeLine(gettext("Role"), str(change.before.get(f"name_{language}") or change.before.get("slug")), "")
        ]


def _line(label: str, before: object, after: object) -> ChangeLine:
    return ChangeLine(label, str(before or ""), str(after or ""))


def _texts(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else []


def _subject_id(change: Change) -> UUID:
    """Return the id of the role that the change is about.

    Raises:
        InvalidRole: its subject is no role.
    """
    try:
        return UUID(change.subject.removeprefix(SUBJECT)) if change.subject.startswith(SUBJECT) else UUID("")
    except ValueError:
        raise InvalidRole(field="subject") from None


KINDS: Final = (
    ChangeKind(
        code=ROLE,
        words=mark("What a role may do"),
        permission=ROLES_PROPOSE,
        confirm_permission=ROLES_CONFIRM,
        apply=_apply,
        describe=_describe,
        current=_current,
        check=_check,
    ),
    ChangeKind(
        code=ROLE_REMOVAL,
        words=mark("A role is removed"),
        permission=ROLES_PROPOSE,
        confirm_permission=ROLES_CONFIRM,
        apply=_apply_removal,
        describe=_describe_removal,
        current=_removed,
        check=_check_removal,
    ),
)
