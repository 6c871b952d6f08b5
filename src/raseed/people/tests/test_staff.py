"""Who works here, and with which roles: given by two people, taken by one, and on the command line by whoever holds the machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import psycopg
import pytest

from raseed.kernel.clock import SYSTEM_CLOCK, ManualClock
from raseed.kernel.errors import RaseedError
from raseed.kernel.ids import new_id
from raseed.kernel.text import UnacceptableText
from raseed.people.api import (
    SYSTEM,
    Author,
    Change,
    ChangeOutdated,
    Institution,
    InvalidLogin,
    InvalidStaff,
    InvitationInvalid,
    LoginTaken,
    NotPermitted,
    SecondPersonNeeded,
    Staff,
    StaffNotActive,
    StaffState,
    StaffStateRefuses,
    UnknownLanguage,
    UnknownRole,
    UnknownStaff,
    add_staff,
    author_of_staff,
    confirm_change,
    describe_change,
    end_staff,
    invited,
    issue_invitation,
    lock_staff,
    propose_change,
    recovery_codes_left,
    reset_staff,
    role_by_slug,
    staff,
    staff_by_login,
    staff_of,
    start_staff_sign_in,
    unlock_staff,
)
from raseed.people.models import GrantRow, RecoveryCodeRow, StaffRow, TicketRow
from raseed.platform.api import InvalidCursor, SameIdOtherContent, audit_trail

from .office import PASSWORD, a_colleague, a_newcomer, an_author, make_hashes_quick
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


class TestNewStaff:
    def test_two_people_take_someone_on(self, bank: UUID, lina: Author, omar: Author) -> None:
        someone = new_id()
        waiting = propose(lina, bank, "staff", f"staff:{someone}", **a_person(bank))
        with pytest.raises(UnknownStaff):
            staff(someone)
        assert [(line.label, line.after) for line in describe_change(waiting, "en")] == [
            ("Login", "huda"), ("Name", "هدى · Huda"), ("Language", "עברית"), ("Roles", "Customer service"),
        ]  # fmt: skip
        confirm_change(waiting.id, by=omar)
        huda = staff(someone)
        assert (huda.login, huda.state, huda.institution_id) == ("huda", StaffState.INVITED, bank)
        assert huda.grants == ((bank, role_by_slug(bank, "agent").id),)
        told = audit_trail(f"staff:{someone}")[0]
        assert "Huda" not in str(told)
        assert told.after is not None
        assert told.after["roles"] == role_ids(bank, "agent")

    @pytest.mark.parametrize(
        ("bad", "refusal"),
        [
            ({"login": "h"}, InvalidLogin),
            ({"login": "1huda"}, InvalidLogin),
            ({"login": "hu da"}, InvalidLogin),
            ({"login": "هدى"}, InvalidLogin),
            ({"login": "x" * 65}, InvalidLogin),
            ({"login": "SALMA"}, LoginTaken),
            ({"login": None}, InvalidStaff),
            ({"names": {}}, UnacceptableText),
            ({"names": []}, InvalidStaff),
            ({"language": "fr"}, UnknownLanguage),
            ({"role_ids": ["x"]}, InvalidStaff),
            ({"role_ids": "x"}, InvalidStaff),
            ({"role_ids": [str(new_id()) for _ in range(21)]}, InvalidStaff),
            ({"role_ids": [str(new_id())]}, UnknownRole),
            ({"more": 1}, InvalidStaff),
        ],
    )
    def test_a_bad_proposal_is_refused(
        self, bank: UUID, lina: Author, bad: dict[str, Any], refusal: type[RaseedError]
    ) -> None:
        a_newcomer(bank)
        with pytest.raises(refusal):
            propose(lina, bank, "staff", f"staff:{new_id()}", **a_person(bank, **bad))

    def test_another_institutions_role_is_not_given(self, bank: UUID, lina: Author) -> None:
        elsewhere = role_ids(an_institution("delta").id, "administrator")
        with pytest.raises(UnknownRole):
            propose(lina, bank, "staff", f"staff:{new_id()}", **a_person(bank, role_ids=elsewhere))

    def test_a_login_taken_meanwhile_leaves_the_change_open(self, bank: UUID, lina: Author, omar: Author) -> None:
        waiting = propose(lina, bank, "staff", f"staff:{new_id()}", **a_person(bank, login="salma"))
        a_newcomer(bank)
        with pytest.raises(LoginTaken):
            confirm_change(waiting.id, by=omar)

    def test_one_person_alone_adds_nobody(self, bank: UUID, lina: Author) -> None:
        one = a_person(bank)
        with pytest.raises(SecondPersonNeeded):
            add_staff(
                id=new_id(), login="huda", names=one["names"], language="he", institution_id=bank, role_ids=[],
                by=lina, reason="quick",
            )  # fmt: skip
        newcomer = a_newcomer(bank)
        for verb in (reset_staff, unlock_staff):
            with pytest.raises(SecondPersonNeeded):
                verb(newcomer.id, by=lina, reason="quick")

    def test_the_same_again_is_the_same(self, bank: UUID) -> None:
        newcomer = a_newcomer(bank)

        def again(login: str) -> Staff:
            return add_staff(
                id=newcomer.id, login=login, names={"en": "Salma"}, language="ar", institution_id=bank, role_ids=[],
                by=SYSTEM, reason="again",
            )  # fmt: skip

        assert again("salma") == newcomer
        with pytest.raises(SameIdOtherContent):
            again("other")


class TestGrants:
    def test_two_people_give_and_take_roles_and_sessions_end(self, bank: UUID, lina: Author, omar: Author) -> None:
        salma = a_colleague(bank).staff
        wanted = role_ids(bank, "auditor", "back-office")
        waiting = propose(lina, bank, "grants", salma.actor, role_ids=wanted)
        assert [(line.before, line.after) for line in describe_change(waiting, "en")] == [
            ("Customer service", "Audit · Back office")
        ]
        confirm_change(waiting.id, by=omar)
        after = staff(salma.id)
        assert {str(role_id) for _, role_id in after.grants} == set(wanted)
        assert after.session_epoch == salma.session_epoch + 1
        author = author_of_staff(salma.id)
        assert author.may("banking.limits.propose", bank)
        assert not author.may("people.phone.propose", bank)
        assert not author.may("banking.limits.propose", new_id())
        assert GrantRow.objects.exclude(until=None).count() == 1

    def test_a_second_proposal_made_before_the_first_was_applied_is_outdated(
        self, bank: UUID, lina: Author, omar: Author
    ) -> None:
        salma = a_newcomer(bank)
        first = propose(lina, bank, "grants", salma.actor, role_ids=[])
        second = propose(lina, bank, "grants", salma.actor, role_ids=role_ids(bank, "administrator"))
        confirm_change(first.id, by=omar)
        with pytest.raises(ChangeOutdated):
            confirm_change(second.id, by=omar)

    def test_nobody_confirms_their_own_roles(self, bank: UUID, lina: Author) -> None:
        salma = a_colleague(bank, roles=("administrator",)).staff
        waiting = propose(lina, bank, "grants", salma.actor, role_ids=role_ids(bank, "supervisor"))
        with pytest.raises(SecondPersonNeeded):
            confirm_change(waiting.id, by=author_of_staff(salma.id))

    def test_another_institution_gives_its_own_roles_and_touches_no_others(self, bank: UUID) -> None:
        delta, salma = an_institution("delta").id, a_newcomer(bank)
        one, two = an_author(delta, *STAFF_BOTH), an_author(delta, *STAFF_BOTH)
        confirm_change(propose(one, delta, "grants", salma.actor, role_ids=role_ids(delta, "auditor")).id, by=two)
        assert {where for where, _ in staff(salma.id).grants} == {bank, delta}
        confirm_change(propose(one, delta, "grants", salma.actor, role_ids=[]).id, by=two)
        assert {where for where, _ in staff(salma.id).grants} == {bank}
        with pytest.raises(NotPermitted):
            lock_staff(salma.id, by=one, reason="not ours to lock")
        with pytest.raises(UnknownStaff):
            propose(one, delta, "staff_reset", salma.actor)

    @pytest.mark.parametrize("payload", [{}, {"role_ids": None}, {"role_ids": [5]}, {"role_ids": [], "more": 1}])
    def test_a_bad_proposal_is_refused(self, bank: UUID, lina: Author, payload: dict[str, Any]) -> None:
        with pytest.raises(InvalidStaff):
            propose(lina, bank, "grants", a_newcomer(bank).actor, **payload)

    @pytest.mark.parametrize("subject", ["staff:", "staff:x", "role:1", ""])
    def test_a_subject_that_is_nobody_is_refused(self, bank: UUID, lina: Author, subject: str) -> None:
        with pytest.raises(InvalidStaff):
            propose(lina, bank, "grants", subject, role_ids=[])
        for kind in ("staff_reset", "staff_unlock"):
            with pytest.raises(InvalidStaff):
                propose(lina, bank, kind, subject)

    def test_grants_stay_to_be_read(self, database: Any, bank: UUID) -> None:
        a_newcomer(bank)
        with psycopg.connect(database.owner_dsn, autocommit=True) as owner:
            for deed in ("DELETE FROM people_grant", "UPDATE people_grant SET since = now()", "TRUNCATE people_grant"):
                with pytest.raises(psycopg.errors.RestrictViolation):
                    owner.execute(deed.encode())


class TestStanding:
    def test_one_administrator_locks_and_two_unlock(self, bank: UUID, lina: Author, omar: Author) -> None:
        salma = a_colleague(bank).staff
        gone = lock_staff(salma.id, by=lina, reason="lost badge")
        assert (gone.state, gone.session_epoch) == (StaffState.LOCKED, salma.session_epoch + 1)
        with pytest.raises(StaffNotActive):
            author_of_staff(salma.id)
        with pytest.raises(StaffStateRefuses):
            lock_staff(salma.id, by=lina, reason="once more")
        waiting = propose(lina, bank, "staff_unlock", salma.actor)
        assert [(line.before, line.after) for line in describe_change(waiting, "en")] == [("Locked out", "Active")]
        confirm_change(waiting.id, by=omar)
        assert staff(salma.id).state is StaffState.ACTIVE
        assert author_of_staff(salma.id).may("people.customers.view", bank)
        with pytest.raises(StaffStateRefuses):
            propose(lina, bank, "staff_unlock", salma.actor)

    def test_locking_someone_invited_voids_the_invitation_and_unlocking_invites_again(
        self, bank: UUID, lina: Author
    ) -> None:
        salma = a_newcomer(bank)
        token = issue_invitation(salma.id, by=lina, reason="first day").token
        lock_staff(salma.id, by=lina, reason="not yet")
        with pytest.raises(InvitationInvalid):
            invited(token)
        with pytest.raises(StaffStateRefuses):
            issue_invitation(salma.id, by=lina, reason="first day")
        assert unlock_staff(salma.id, by=SYSTEM, reason="now").state is StaffState.INVITED

    def test_who_left_keeps_the_login_and_nothing_else(self, bank: UUID, lina: Author) -> None:
        salma = a_colleague(bank).staff
        start_staff_sign_in(login="salma", password=PASSWORD)
        gone = end_staff(salma.id, by=lina, reason="retired")
        assert (gone.state, gone.grants) == (StaffState.LEFT, ())
        row = StaffRow.objects.get()
        assert (row.password, bytes(row.totp_secret)) == ("", b"")
        assert not RecoveryCodeRow.objects.exists()
        assert not TicketRow.objects.exists()
        refused: list[Callable[[], object]] = [
            lambda: end_staff(salma.id, by=lina, reason="retired"),
            lambda: lock_staff(salma.id, by=lina, reason="retired"),
            lambda: reset_staff(salma.id, by=SYSTEM, reason="retired"),
            lambda: unlock_staff(salma.id, by=SYSTEM, reason="retired"),
            lambda: issue_invitation(salma.id, by=lina, reason="retired"),
            lambda: propose(lina, bank, "grants", salma.actor, role_ids=[]),
            lambda: propose(lina, bank, "staff_reset", salma.actor),
        ]
        for verb in refused:
            with pytest.raises(StaffStateRefuses):
                verb()
        with pytest.raises(LoginTaken):
            a_newcomer(bank)

    def test_a_reset_by_two_makes_one_enrol_anew(self, bank: UUID, lina: Author, omar: Author) -> None:
        salma = a_colleague(bank)
        waiting = propose(lina, bank, "staff_reset", salma.staff.actor)
        assert [(line.before, line.after) for line in describe_change(waiting, "en")] == [("Active", "Invited")]
        confirm_change(waiting.id, by=omar)
        anew = staff(salma.staff.id)
        assert (anew.state, anew.grants) == (StaffState.INVITED, salma.staff.grants)
        assert anew.session_epoch == salma.staff.session_epoch + 1
        assert recovery_codes_left(anew.id) == 0
        assert issue_invitation(anew.id, by=lina, reason="new phone").token

    def test_each_deed_needs_its_permission_a_reason_and_someone(self, bank: UUID, lina: Author) -> None:
        salma, stranger = a_newcomer(bank), an_author(bank, "people.staff.view")
        for verb in (lock_staff, end_staff, issue_invitation):
            with pytest.raises(NotPermitted):
                verb(salma.id, by=stranger, reason="no right")
            with pytest.raises(UnacceptableText):
                verb(salma.id, by=lina, reason="  ")
            with pytest.raises(UnknownStaff):
                verb(new_id(), by=lina, reason="nobody")
        for verb in (reset_staff, unlock_staff):
            with pytest.raises(UnknownStaff):
                verb(new_id(), by=SYSTEM, reason="nobody")
        with pytest.raises(UnknownStaff):
            author_of_staff(new_id())
        with pytest.raises(StaffNotActive):
            author_of_staff(salma.id)
        assert staff(salma.id) == salma == staff_by_login(" Salma ")

    def test_every_deed_is_in_the_audit_trail_with_its_reason(self, bank: UUID, lina: Author) -> None:
        salma = a_newcomer(bank)
        issue_invitation(salma.id, by=lina, reason="first day")
        lock_staff(salma.id, by=lina, reason="lost badge")
        end_staff(salma.id, by=lina, reason="moved away")
        told = [(one.action, one.actor, one.reason) for one in audit_trail(salma.actor)]
        assert told == [
            ("people.staff_left", lina.actor, "moved away"),
            ("people.staff_locked", lina.actor, "lost badge"),
            ("people.staff_invited", lina.actor, "first day"),
            ("people.staff_added", "system", "begins today"),
        ]

    def test_staff_are_listed_page_by_page(self, bank: UUID) -> None:
        logins = [f"clerk{n}" for n in range(5)]
        for login in reversed(logins):
            a_newcomer(bank, login=login)
        delta = an_institution("delta").id
        a_newcomer(delta, login="elsewhere")
        first = staff_of(bank, limit=3)
        second = staff_of(bank, limit=3, after=first.next)
        assert [one.login for one in (*first.staff, *second.staff)] == logins
        assert second.next is None
        with pytest.raises(InvalidCursor):
            staff_of(delta, after=first.next)
