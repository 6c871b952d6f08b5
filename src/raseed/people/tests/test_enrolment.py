"""An invitation leads one person in, once, soon, with a password nobody guesses first and a second factor."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest

from raseed.kernel.clock import SYSTEM_CLOCK, ManualClock
from raseed.people.api import (
    SYSTEM,
    Institution,
    InvitationInvalid,
    StaffState,
    WeakPassword,
    WrongSecondFactor,
    begin_enrolment,
    finish_enrolment,
    finish_staff_sign_in,
    invited,
    issue_invitation,
    recovery_codes_left,
    start_staff_sign_in,
)
from raseed.people.staff.tickets import INVITATION, LIVES
from raseed.platform.api import TooManyRequests

from .office import PASSWORD, Phone, a_colleague, a_newcomer, make_hashes_quick


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    make_hashes_quick(monkeypatch)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(SYSTEM_CLOCK.now())


@pytest.fixture
def bank(built: Institution) -> UUID:
    return built.id


class TestEnrolling:
    def test_an_invitation_leads_to_a_first_sign_in(self, bank: UUID, clock: ManualClock) -> None:
        salma = a_newcomer(bank)
        token = issue_invitation(salma.id, by=SYSTEM, reason="first day", clock=clock).token
        asked = invited(token, clock=clock)
        assert (asked.login, asked.names["en"], asked.language) == ("salma", "Salma", "ar")
        enrolment = begin_enrolment(token=token, password=PASSWORD, client_address="192.0.2.1", clock=clock)
        assert enrolment.otpauth_uri.startswith("otpauth://totp/Raseed:salma?")
        assert f"secret={enrolment.secret_text.replace(' ', '')}" in enrolment.otpauth_uri
        phone = Phone(enrolment.secret_text)
        enrolled = finish_enrolment(token=token, code=phone.code(clock.now()), client_address="192.0.2.1", clock=clock)
        assert enrolled.staff.state is StaffState.ACTIVE
        assert len(enrolled.recovery_codes) == recovery_codes_left(salma.id) == 10
        challenge = start_staff_sign_in(login="salma", password=PASSWORD, clock=clock)
        code = enrolled.recovery_codes[0]
        assert finish_staff_sign_in(token=challenge.token, code=code, clock=clock) == enrolled.staff

    def test_a_stolen_invitation_is_worth_nothing_once_used(self, bank: UUID, clock: ManualClock) -> None:
        salma = a_newcomer(bank)
        token = issue_invitation(salma.id, by=SYSTEM, reason="first day", clock=clock).token
        phone = Phone(begin_enrolment(token=token, password=PASSWORD, clock=clock).secret_text)
        finish_enrolment(token=token, code=phone.code(clock.now()), clock=clock)
        attempts: list[Callable[[], object]] = [
            lambda: invited(token, clock=clock),
            lambda: begin_enrolment(token=token, password=PASSWORD, clock=clock),
            lambda: finish_enrolment(token=token, code=phone.code(clock.now()), clock=clock),
        ]
        for attempt in attempts:
            with pytest.raises(InvitationInvalid):
                attempt()

    def test_it_is_good_for_three_days(self, bank: UUID, clock: ManualClock) -> None:
        invitation = issue_invitation(a_newcomer(bank).id, by=SYSTEM, reason="first day", clock=clock)
        phone = Phone(begin_enrolment(token=invitation.token, password=PASSWORD, clock=clock).secret_text)
        clock.advance(LIVES[INVITATION])
        assert clock.now() == invitation.expires_at
        with pytest.raises(InvitationInvalid):
            finish_enrolment(token=invitation.token, code=phone.code(clock.now()), clock=clock)

    def test_a_newer_one_voids_it(self, bank: UUID) -> None:
        salma = a_newcomer(bank)
        first = issue_invitation(salma.id, by=SYSTEM, reason="first day").token
        second = issue_invitation(salma.id, by=SYSTEM, reason="it was lost").token
        with pytest.raises(InvitationInvalid):
            invited(first)
        assert invited(second).login == "salma"

    def test_beginning_again_replaces_password_and_secret(self, bank: UUID, clock: ManualClock) -> None:
        token = issue_invitation(a_newcomer(bank).id, by=SYSTEM, reason="first day", clock=clock).token
        first = Phone(begin_enrolment(token=token, password=PASSWORD, clock=clock).secret_text)
        second = Phone(begin_enrolment(token=token, password="nine brass teapots sing", clock=clock).secret_text)
        with pytest.raises(WrongSecondFactor):
            finish_enrolment(token=token, code=first.code(clock.now()), clock=clock)
        finish_enrolment(token=token, code=second.code(clock.now()), clock=clock)
        assert start_staff_sign_in(login="salma", password="nine brass teapots sing", clock=clock).token

    @pytest.mark.parametrize("token", ["", "x", "é", "\x00", "x" * 1_000_000])
    @pytest.mark.usefixtures("bank")
    def test_a_made_up_one_is_none(self, token: str) -> None:
        with pytest.raises(InvitationInvalid):
            begin_enrolment(token=token, password=PASSWORD)
        with pytest.raises(InvitationInvalid):
            finish_enrolment(token=token, code="123456")

    def test_the_code_needs_a_password_first(self, bank: UUID) -> None:
        token = issue_invitation(a_newcomer(bank).id, by=SYSTEM, reason="first day").token
        with pytest.raises(InvitationInvalid):
            finish_enrolment(token=token, code="123456")

    def test_a_challenge_is_no_invitation(self, bank: UUID) -> None:
        a_colleague(bank)
        challenge = start_staff_sign_in(login="salma", password=PASSWORD)
        with pytest.raises(InvitationInvalid):
            begin_enrolment(token=challenge.token, password=PASSWORD)

    @pytest.mark.parametrize(
        "password",
        [
            "", "elevenchars", "x" * 129, "aaaaaaaaaaaaaaaa", "salma has lamps", "I love Raseed a lot",
            "Password1234!", "qwertyuiop123", "123456789012", "\ud800" * 12 + "abcdefgh",
        ],
    )  # fmt: skip
    def test_a_weak_password_is_refused_and_the_invitation_stays_good(self, bank: UUID, password: str) -> None:
        token = issue_invitation(a_newcomer(bank).id, by=SYSTEM, reason="first day").token
        with pytest.raises(WeakPassword):
            begin_enrolment(token=token, password=password)
        assert begin_enrolment(token=token, password=PASSWORD).secret_text

    @pytest.mark.parametrize(
        "password", ["wet lamp seven oranges", "كلمة سر طويلة جدا", "🐘🎺🪁🧊🥁🌵🚲🧦🛶🍋🪴🧵", "x4" * 62 + "abcd"]
    )
    def test_any_long_enough_password_is_taken_whatever_is_in_it(
        self, bank: UUID, password: str, clock: ManualClock
    ) -> None:
        token = issue_invitation(a_newcomer(bank).id, by=SYSTEM, reason="first day", clock=clock).token
        phone = Phone(begin_enrolment(token=token, password=password, clock=clock).secret_text)
        finish_enrolment(token=token, code=phone.code(clock.now()), clock=clock)
        assert start_staff_sign_in(login="salma", password=password, clock=clock).token

    def test_a_password_is_the_same_however_its_accents_are_composed(self, bank: UUID, clock: ManualClock) -> None:
        token = issue_invitation(a_newcomer(bank).id, by=SYSTEM, reason="first day", clock=clock).token
        phone = Phone(begin_enrolment(token=token, password="crème brûlée à midi", clock=clock).secret_text)
        finish_enrolment(token=token, code=phone.code(clock.now()), clock=clock)
        typed = "cre\u0300me bru\u0302le\u0301e a\u0300 midi"
        assert start_staff_sign_in(login="salma", password=typed, clock=clock).token

    def test_a_network_may_try_only_so_often(self, bank: UUID, clock: ManualClock) -> None:
        for _ in range(120):
            with pytest.raises(InvitationInvalid):
                finish_enrolment(token="x", code="1", client_address="192.0.2.1", clock=clock)
        token = issue_invitation(a_newcomer(bank).id, by=SYSTEM, reason="first day", clock=clock).token
        with pytest.raises(TooManyRequests):
            begin_enrolment(token=token, password=PASSWORD, client_address="192.0.2.1", clock=clock)
        assert begin_enrolment(token=token, password=PASSWORD, client_address="192.0.2.2", clock=clock).secret_text
