"""The command line looks after staff where there is no second person yet, and every deed of it is in the audit trail."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import pytest

from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.people.api import (
    InvitationInvalid,
    StaffState,
    author_of_staff,
    begin_enrolment,
    finish_enrolment,
    invited,
    staff_by_login,
)
from raseed.people.models import StaffRow
from raseed.people.staff.cli import main
from raseed.platform.api import audit_trail

from .office import PASSWORD, Phone
from .world import an_institution

ADD = [
    "add",
    "root.lina",
    "--institution",
    "nile",
    "--role",
    "administrator",
    "--name-en",
    "Lina",
    "--reason",
    "the first",
]


@pytest.fixture(autouse=True)
def bank(database: Any) -> UUID:
    return an_institution().id


def token_in(printed: str) -> str:
    found = re.search(r"http://127\.0\.0\.1:8000/office/invitation/(\S+)", printed)
    assert found is not None
    return found[1]


def run(*words: str) -> int:
    return main(list(words))


def test_the_first_administrator_is_added_invited_and_comes_in(bank: UUID, capsys: Any) -> None:
    assert run(*ADD) == 0
    token = token_in(capsys.readouterr().out)
    phone = Phone(begin_enrolment(token=token, password=PASSWORD).secret_text)
    lina = finish_enrolment(token=token, code=phone.code(SYSTEM_CLOCK.now())).staff
    assert author_of_staff(lina.id).may("people.staff.propose", bank)
    told = [(one.action, one.actor, one.reason) for one in audit_trail(lina.actor)]
    assert told[1:] == [("people.staff_invited", "system", "the first"), ("people.staff_added", "system", "the first")]


def test_a_new_invitation_voids_the_earlier_one(capsys: Any) -> None:
    run(*ADD)
    first = token_in(capsys.readouterr().out)
    assert run("invite", "root.lina", "--reason", "it was lost") == 0
    assert invited(token_in(capsys.readouterr().out)).login == "root.lina"
    with pytest.raises(InvitationInvalid):
        invited(first)


def test_lock_unlock_reset_and_leave(capsys: Any) -> None:
    run(*ADD)
    lina = staff_by_login("root.lina")
    states = []
    for verb in ("lock", "unlock", "lock", "reset", "leave"):
        assert run(verb, "root.lina", "--reason", "as asked") == 0
        states.append(staff_by_login("root.lina").state)
    assert states == [
        StaffState.LOCKED, StaffState.INVITED, StaffState.LOCKED, StaffState.INVITED, StaffState.LEFT,
    ]  # fmt: skip
    actions = [one.action for one in audit_trail(lina.actor)]
    assert actions == [
        "people.staff_left", "people.staff_invited", "people.staff_reset", "people.staff_locked",
        "people.staff_unlocked", "people.staff_locked", "people.staff_invited", "people.staff_added",
    ]  # fmt: skip


def test_staff_and_roles_are_listed_in_the_language_asked_for(capsys: Any) -> None:
    run(*ADD)
    capsys.readouterr()
    assert run("list", "--language", "he") == 0
    printed = capsys.readouterr().out
    assert printed.startswith("nile:")
    assert "root.lina" in printed
    assert "administrator" in printed
    run("list", "--institution", "nile", "--roles")
    assert "people.roles.confirm" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [
        [*ADD[:-1], " "],
        ["add", "x", *ADD[2:]],
        [*ADD[:3], "nowhere", *ADD[4:]],
        [*ADD[:5], "king", *ADD[6:]],
        ["add", "lina", "--institution", "nile", "--role", "agent", "--reason", "nameless"],
        ["invite", "nobody", "--reason", "who"],
        ["lock", "nobody", "--reason", "who"],
        ["unlock", "nobody", "--reason", "who"],
        ["reset", "nobody", "--reason", "who"],
        ["leave", "nobody", "--reason", "who"],
        ["list", "--institution", "nowhere"],
    ],
)
def test_what_is_refused_is_told_and_changes_nothing(words: list[str], capsys: Any) -> None:
    assert run(*words) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.strip()
    assert not StaffRow.objects.exists()


def test_a_reason_is_asked_for(capsys: Any) -> None:
    with pytest.raises(SystemExit):
        run(*ADD[:-2])
    assert "--reason" in capsys.readouterr().err
