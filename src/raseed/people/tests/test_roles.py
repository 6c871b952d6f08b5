"""What a role may do is data of the institution, made and altered by two people, and felt at once."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from raseed.kernel.clock import SYSTEM_CLOCK, ManualClock
from raseed.kernel.errors import RaseedError
from raseed.kernel.ids import new_id
from raseed.kernel.text import UnacceptableText
from raseed.people.api import (
    SYSTEM,
    Author,
    Change,
    Institution,
    InvalidRole,
    NotPermitted,
    RoleHeld,
    RoleTaken,
    UnknownLanguage,
    UnknownPermission,
    UnknownRole,
    author_of_staff,
    confirm_change,
    describe_change,
    end_staff,
    institution,
    propose_change,
    register_institution,
    registered_permissions,
    require,
    role,
    role_by_slug,
    roles,
    staff,
)
from raseed.people.models import RoleRow
from raseed.people.staff.roles import STARTING_ROLES
from raseed.platform.api import audit_trail

from .office import a_colleague, a_newcomer, an_author, make_hashes_quick
from .world import an_institution

STAFF_BOTH = ("people.staff.propose", "people.staff.confirm")
ROLES_BOTH = ("people.roles.propose", "people.roles.confirm")


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    make_hashes_quick(monkeypatch)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(SYSTEM_CLOCK.now())


@pytest.fixture
def bank(built: Institution) -> UUID:
    return built.id


@pytest.fixture
def lina(bank: UUID) -> Author:
    return an_author(bank, *STAFF_BOTH, *ROLES_BOTH)


@pytest.fixture
def omar(bank: UUID) -> Author:
    return an_author(bank, *STAFF_BOTH, *ROLES_BOTH)


def propose(by: Author, bank: UUID, kind: str, subject: str, **payload: Any) -> Change:
    return propose_change(
        id=new_id(),
        kind=f"people.{kind}",
        institution_id=bank,
        subject=subject,
        payload=payload,
        reason="as agreed",
        by=by,
    )


def role_ids(bank: UUID, *slugs: str) -> list[str]:
    return [str(role_by_slug(bank, slug).id) for slug in slugs]


def a_person(bank: UUID, **other: Any) -> dict[str, Any]:
    names = {"ar": "هدى", "en": "Huda"}
    return {"login": "huda", "names": names, "language": "he", "role_ids": role_ids(bank, "agent"), **other}


class TestRoles:
    def test_every_institution_begins_with_five(self, bank: UUID) -> None:
        assert [one.slug for one in roles(bank)] == sorted(STARTING_ROLES)
        supervisor = role_by_slug(bank, "supervisor")
        assert "banking.limits.confirm" in supervisor.permissions
        assert set(supervisor.names) == {"ar", "he", "en"}
        assert audit_trail(f"role:{supervisor.id}")[0].action == "people.role_made"

    def test_they_are_made_once_and_stay_as_they_were_changed(self, bank: UUID) -> None:
        RoleRow.objects.filter(slug="agent").update(removed_at=SYSTEM_CLOCK.now())
        register_institution(institution(bank))
        assert len(roles(bank)) == 4

    def test_duties_are_apart(self) -> None:
        for _, permissions in STARTING_ROLES.values():
            both = {one.removesuffix(".propose") for one in permissions if one.endswith(".propose")}
            both &= {one.removesuffix(".confirm") for one in permissions if one.endswith(".confirm")}
            assert both <= {"people.staff", "people.roles", "people.phone", "people.merge"}
        assert "people.customers.view" not in STARTING_ROLES["administrator"][1]

    def test_every_permission_of_the_starting_roles_is_known(self) -> None:
        known = {one.code for one in registered_permissions()}
        assert {code for _, codes in STARTING_ROLES.values() for code in codes} <= known

    def test_two_people_make_one_and_alter_it(self, bank: UUID, lina: Author, omar: Author) -> None:
        subject = f"role:{new_id()}"
        content = {"slug": "night", "names": {"en": "Night shift"}, "permissions": ["people.customers.view"]}
        confirm_change(propose(lina, bank, "role", subject, **content).id, by=omar)
        made = role_by_slug(bank, "night")
        assert made.permissions == {"people.customers.view"}
        content = {"slug": "night", "names": {"en": "Night"}, "permissions": ["people.audit.view"]}
        altered = propose(omar, bank, "role", subject, **content)
        assert [(line.label, line.before, line.after) for line in describe_change(altered, "en")] == [
            ("Name in English", "Night shift", "Night"),
            ("Permission", "See customers", ""),
            ("Permission", "", "Read the audit trail"),
        ]
        confirm_change(altered.id, by=lina)
        assert role(made.id).permissions == {"people.audit.view"}
        latest = audit_trail(subject)[0]
        assert latest.before is not None
        assert latest.after is not None
        assert (latest.before["permissions"], latest.after["permissions"]) == (
            ["people.customers.view"],
            ["people.audit.view"],
        )

    def test_what_a_role_may_do_is_felt_at_once_and_sessions_end(self, bank: UUID, lina: Author, omar: Author) -> None:
        salma = a_colleague(bank).staff
        agent = role_by_slug(bank, "agent")
        require(author_of_staff(salma.id), "people.customers.view", bank)
        content = {"slug": "agent", "names": agent.names, "permissions": []}
        confirm_change(propose(lina, bank, "role", f"role:{agent.id}", **content).id, by=omar)
        with pytest.raises(NotPermitted):
            require(author_of_staff(salma.id), "people.customers.view", bank)
        assert staff(salma.id).session_epoch == salma.session_epoch + 1

    def test_a_new_name_ends_no_session(self, bank: UUID, lina: Author, omar: Author) -> None:
        salma, agent = a_colleague(bank).staff, role_by_slug(bank, "agent")
        content = {"slug": "agent", "names": {"en": "Desk"}, "permissions": sorted(agent.permissions)}
        confirm_change(propose(lina, bank, "role", f"role:{agent.id}", **content).id, by=omar)
        assert staff(salma.id).session_epoch == salma.session_epoch

    @pytest.mark.parametrize(
        ("bad", "refusal"),
        [
            ({"slug": "Night"}, InvalidRole),
            ({"slug": ""}, InvalidRole),
            ({"slug": "x" * 41}, InvalidRole),
            ({"slug": 5}, InvalidRole),
            ({"slug": "agent"}, RoleTaken),
            ({"names": {}}, UnacceptableText),
            ({"names": {"fr": "Nuit"}}, UnknownLanguage),
            ({"names": {"en": "Ni\u202eght"}}, UnacceptableText),
            ({"names": "Night"}, InvalidRole),
            ({"names": {"en": 5}}, InvalidRole),
            ({"permissions": ["people.everything"]}, UnknownPermission),
            ({"permissions": ["people.self.pay"]}, UnknownPermission),
            ({"permissions": "people.audit.view"}, InvalidRole),
            ({"permissions": [5]}, InvalidRole),
            ({"more": 1}, InvalidRole),
        ],
    )
    def test_a_bad_role_is_refused(
        self, bank: UUID, lina: Author, bad: dict[str, Any], refusal: type[RaseedError]
    ) -> None:
        good = {"slug": "night", "names": {"en": "Night"}, "permissions": []}
        with pytest.raises(refusal):
            propose(lina, bank, "role", f"role:{new_id()}", **{**good, **bad})

    @pytest.mark.parametrize("subject", ["role:", "role:x", "staff:00000000-0000-7000-8000-000000000001", ""])
    def test_a_subject_that_is_no_role_is_refused(self, bank: UUID, lina: Author, subject: str) -> None:
        with pytest.raises(InvalidRole):
            propose(lina, bank, "role", subject, slug="night", names={"en": "Night"}, permissions=[])

    def test_another_institutions_role_is_unknown_here(self, bank: UUID, lina: Author) -> None:
        other = role_by_slug(an_institution("delta").id, "agent")
        for kind, payload in (("role", {"slug": "a", "names": {"en": "A"}, "permissions": []}), ("role_removal", {})):
            with pytest.raises(UnknownRole):
                propose(lina, bank, kind, f"role:{other.id}", **payload)

    def test_one_that_nobody_holds_can_be_removed(self, bank: UUID, lina: Author, omar: Author) -> None:
        agent, subject = role_by_slug(bank, "agent"), f"role:{role_by_slug(bank, 'agent').id}"
        waiting = propose(lina, bank, "role_removal", subject)
        newcomer = a_newcomer(bank)
        with pytest.raises(RoleHeld):
            propose(lina, bank, "role_removal", subject)
        with pytest.raises(RoleHeld):
            confirm_change(waiting.id, by=omar)
        end_staff(newcomer.id, by=SYSTEM, reason="never came")
        assert describe_change(waiting, "he")[0].before == "שירות לקוחות"
        confirm_change(waiting.id, by=omar)
        with pytest.raises(UnknownRole):
            role(agent.id)
        with pytest.raises(UnknownRole):
            propose(lina, bank, "role_removal", subject)
        with pytest.raises(UnknownRole):
            role_by_slug(bank, "agent")
