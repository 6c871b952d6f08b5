"""The demo's staff sign in as real ones do, with secrets that lie in one file and nowhere else."""

from __future__ import annotations

import json
import stat
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from raseed.demo import cli, staff
from raseed.demo.api import NotEmbedded, plant_missing_staff
from raseed.demo.authenticator import code_at, seconds_left
from raseed.demo.models import WorldRow
from raseed.demo.phone.staff_page import staff_page
from raseed.demo.staff import StaffPlanted, plant_staff
from raseed.demo.staff_file import NAME, StaffAccess, read_staff_file, write_staff_file
from raseed.demo.world.people import SEED
from raseed.demo.world.places import BANK, COUNTRY, CURRENCY, ISSUERS, POWER, ZONE
from raseed.demo.world.staff import colleagues
from raseed.kernel.clock import ManualClock
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.platform import api as platform

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
ALL = 3
"""Of most tests: hashing passwords takes its time."""


@pytest.fixture
def houses(database: None) -> None:
    """A world that has its institutions; of the rest, staff need nothing."""
    WorldRow.objects.create(seed=SEED, planted_on=NOON.date(), people=6, blocks_done=1)
    for place in (BANK, *ISSUERS, POWER):
        people.register_institution(
            people.Institution(
                id=new_id(), slug=place.slug, names=place.names, kind=place.kind, country=COUNTRY, zone=ZONE,
                currency_code=CURRENCY, default_region=COUNTRY,
            ),
            clock=ManualClock(NOON),
        )  # fmt: skip


@pytest.fixture
def file(houses: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(staff, "colleagues", lambda seed: colleagues(seed)[:ALL])
    return tmp_path / NAME


def planted_in(file: Path, clock: ManualClock | None = None) -> StaffPlanted:
    return plant_staff(seed=SEED, file=file, clock=clock or ManualClock(NOON))


def test_who_is_added_later_began_when_it_is_said_and_enrols_anew_at_the_present(file: Path):
    earlier = NOON - timedelta(days=92)
    plant_staff(seed=SEED, file=file, since=earlier, clock=ManualClock(NOON))
    one = read_staff_file(file)[0]
    told = platform.audit_trail(f"staff:{one.id}")
    assert {record.at for record in told} == {earlier}
    assert str(sign_in(one, NOON).id) == one.id
    file.unlink()
    assert plant_staff(seed=SEED, file=file, since=earlier, clock=ManualClock(NOON)).reset == ALL
    assert platform.audit_trail(f"staff:{one.id}")[0].at == NOON


def sign_in(access: StaffAccess, at: datetime) -> people.Staff:
    clock = ManualClock(at)
    challenge = people.start_staff_sign_in(
        login=access.login, password=access.password, client_address="127.0.0.1", clock=clock
    )
    code = code_at(access.secret, at)
    return people.finish_staff_sign_in(token=challenge.token, code=code, client_address="127.0.0.1", clock=clock)


def test_everyone_signs_in_at_once_with_what_the_file_says(file: Path):
    planted_in(file)
    for access in read_staff_file(file):
        assert str(sign_in(access, NOON).id) == access.id


def test_wherever_accounts_are_kept_two_people_can_propose_and_confirm_for_each_other(houses: None, tmp_path: Path):
    file, count = tmp_path / NAME, len(colleagues(SEED))
    assert planted_in(file) == StaffPlanted(staff=count, enrolled=count, reset=0)
    may: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for access in read_staff_file(file):
        someone = people.staff_by_login(access.login)
        author = people.author_of_staff(someone.id)
        for code in author.permissions.get(someone.institution_id, ()):  # a biller's clerk may nothing there
            may[access.institution["en"]][code].add(access.login)
    assert set(may) == {
        "Jasmine Bank",
        "Qamar Wallet",
        "Zumurrud Wallet",
        "Rayhan Wallet",
        "Bulbul Wallet",
        "Nur Electricity",
    }
    for house, holders in may.items():
        assert len(holders["people.staff.confirm"]) == 2
        if house == "Nur Electricity":  # keeps no accounts
            continue
        for kind in ("banking.limits", "banking.fees", "people.phone"):
            assert holders[f"{kind}.propose"]
            assert any(holders[f"{kind}.confirm"] - {one} for one in holders[f"{kind}.propose"])
    assert {
        "Administration",
        "Supervision",
        "Customer service",
        "Audit",
        "Back office",
        "Collections and refunds; signs in at /biller/",
    } == {names["en"] for access in read_staff_file(file) for names in access.roles}


def test_again_it_changes_nothing(file: Path):
    planted_in(file)
    before = file.read_bytes()
    assert planted_in(file) == StaffPlanted(staff=ALL, enrolled=0, reset=0)
    assert file.read_bytes() == before


def test_the_file_is_for_its_owner_only_and_no_two_homes_have_the_same_secrets(file: Path):
    planted_in(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [each.name for each in file.parent.iterdir()] == [NAME]
    before = read_staff_file(file)
    file.unlink()
    planted_in(file)
    after = read_staff_file(file)
    assert [one.login for one in after] == [one.login for one in before]
    assert not {one.password for one in before} & {one.password for one in after}
    assert not {one.secret for one in before} & {one.secret for one in after}


@pytest.mark.parametrize(
    "spoil", [Path.unlink, lambda path: path.write_text("{"), lambda path: path.write_text('{"staff": [1]}')]
)
def test_where_the_file_was_lost_they_enrol_anew_and_the_earlier_passwords_are_void(
    file: Path, spoil: Callable[[Path], object]
):
    planted_in(file)
    earlier = read_staff_file(file)[0]
    spoil(file)
    later = NOON + timedelta(minutes=5)
    assert planted_in(file, ManualClock(later)) == StaffPlanted(staff=ALL, enrolled=ALL, reset=ALL)
    with pytest.raises(people.WrongLogin):
        sign_in(earlier, later)
    assert str(sign_in(read_staff_file(file)[0], later).id) == earlier.id


def test_who_was_locked_stays_locked(file: Path):
    planted_in(file)
    one = people.staff_by_login(read_staff_file(file)[0].login)
    people.lock_staff(one.id, by=people.SYSTEM, reason="a test of the lock", clock=ManualClock(NOON))
    file.unlink()
    assert planted_in(file).reset == ALL - 1
    assert people.staff(one.id).state is people.StaffState.LOCKED


@pytest.mark.parametrize("cut", ["write_staff_file", "code_at"])
def test_an_interrupted_planting_leaves_nobody_enrolled_who_is_not_in_the_file(
    file: Path, cut: str, monkeypatch: pytest.MonkeyPatch
):
    whole, calls = getattr(staff, cut), []

    def interrupted(*words: object, **more: object) -> object:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return whole(*words, **more)

    with monkeypatch.context() as patch:
        patch.setattr(staff, cut, interrupted)
        with pytest.raises(KeyboardInterrupt):
            planted_in(file)
    assert planted_in(file) == StaffPlanted(staff=ALL, enrolled=ALL - 2, reset=0)
    assert len(read_staff_file(file)) == ALL


def test_the_command_says_what_it_did_and_where_the_file_is(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setattr(staff, "staff_file", lambda: file)
    monkeypatch.setattr(cli, "staff_file", lambda: file)
    assert cli.main(["staff"]) == 0
    out = capsys.readouterr().out
    assert str(file) in out
    assert "was lost" not in out
    file.unlink()
    assert cli.main(["staff"]) == 0
    assert "was lost" in capsys.readouterr().out
    assert all(access.password not in out for access in read_staff_file(file))


@pytest.mark.usefixtures("database")
def test_without_a_world_there_are_no_staff_nor_on_somebodys_server(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    assert cli.main(["staff"]) == 2
    assert "not planted yet" in capsys.readouterr().err
    monkeypatch.setenv("DATABASE_URL", "postgresql://someone@db/production")
    with pytest.raises(NotEmbedded):
        plant_missing_staff()


def test_the_authenticator_agrees_with_the_vectors_of_rfc_6238():
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    for second, code in ((59, "287082"), (1111111109, "081804"), (2000000000, "279037"), (20000000000, "353130")):
        assert code_at(secret, datetime.fromtimestamp(second, UTC)) == code
    assert seconds_left(datetime.fromtimestamp(60, UTC)) == 30
    assert seconds_left(datetime.fromtimestamp(89, UTC)) == 1


def test_the_page_shows_each_persons_code_in_three_languages_and_takes_nothing_for_markup():
    one = StaffAccess(
        "1", "noa.yasmin", {"ar": "نوعا", "he": "נועה", "en": "<b>Noa"}, "he", {"ar": "بنك", "he": "בנק", "en": "Bank"},
        [{"ar": "إدارة", "he": "ניהול", "en": "Administration"}], "p&ss", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
    )  # fmt: skip
    at = datetime.fromtimestamp(1111111109, UTC)
    for language, words in (("ar", "كلمة المرور"), ("he", "סיסמה"), ("en", "Password")):
        page = staff_page(language, [one], at)
        assert words in page
        assert "081804" in page
        assert 'content="1"' in page, "it is fetched again when the code is over"
        assert "<b>" not in page
        assert "p&amp;ss" in page
    assert "demo staff" in staff_page("en", [], at)
    edited = StaffAccess("1", "a", {"en": "A"}, "en", {"en": "B"}, [], "p", "not base32!")
    assert "Password" in staff_page("en", [edited], at)


def test_a_file_that_is_not_what_it_should_be_is_nobody(tmp_path: Path):
    file = tmp_path / NAME
    assert read_staff_file(file) == []
    for text in ("", "[]", "null", json.dumps({"staff": [{"id": "1"}]}), '"'):
        file.write_text(text)
        assert read_staff_file(file) == []
    write_staff_file(file, [])
    assert read_staff_file(file) == []
