"""The console of releases: steps as buttons, the big red button, who may, and the report as a page and as files."""

from __future__ import annotations

from typing import Any

import pytest

from raseed.assurance.guard import api as guard
from raseed.assurance.guard.api import DifferenceKind, ReleaseState
from raseed.assurance.guard.tests.shop import Town, town_of
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.web.tests.office.house import NILE, House, at_desk
from raseed.web.tests.street import words_of


@pytest.fixture
def town(house: House, monkeypatch: pytest.MonkeyPatch) -> Town:
    """A system under guard in the care of Nile Cash."""
    assert house.hoda.staff.login == "hoda"
    return town_of(NILE, monkeypatch)


def text_of(answer: Any) -> str:
    return words_of(answer.content.decode())


def shadowed(town: Town) -> guard.Release:
    of = town.release("7")
    guard.take_baseline(of.id, by=town.first)
    return guard.run_shadow(of.id, by=town.first)


def test_a_release_is_registered_and_its_next_step_is_a_button(house: House, town: Town) -> None:
    client = at_desk(house.basma)
    assert "Nothing new shows" in text_of(client.get("/office/releases"))
    form = {"id": str(new_id()), "system": "shop", "candidate": "7", "reason": "the new projector"}
    answer = client.post("/office/releases/new", form)
    assert answer.status_code == 303
    assert client.post("/office/releases/new", form)["Location"] == answer["Location"], "sent twice, registered once"
    page = client.get(answer["Location"])
    assert "Take the baseline" in text_of(page)
    assert "Roll back now" not in text_of(page)
    step = f"{answer['Location']}/baseline"
    assert client.post(step, {"reason": "x"}).status_code == 400
    assert client.post(step, {"reason": "before anything"}).status_code == 303
    (of,) = guard.releases(NILE, by=town.first)
    assert of.wanted
    assert "A worker begins" in text_of(client.get(answer["Location"]))
    assert guard.go_on(of.id).state is ReleaseState.BASELINED
    assert "Run the shadow" in text_of(client.get(answer["Location"]))


def test_refusals_of_a_registration_stand_beside_their_fields(house: House, town: Town) -> None:
    client = at_desk(house.basma)
    answer = client.post("/office/releases/new", {"system": "nowhere", "candidate": "7", "reason": "because"})
    assert (answer.status_code, guard.releases(NILE, by=town.first)) == (404, [])
    assert "We guard no system" in text_of(answer)


def test_what_differed_is_a_map_and_forcing_takes_two(house: House, town: Town) -> None:
    town.shop.wrong = {"account-3": DifferenceKind.SWAPPED, "account-4": DifferenceKind.SIGN}
    of = shadowed(town)
    address = f"/office/releases/{of.id}"
    client = at_desk(house.basma)
    page = text_of(client.get(address))
    for words in ("Shadow red", "What differed", "Swapped with another account", "Wrong sign", "account-3"):
        assert words in page
    assert "Go live" not in page
    answer = client.post(f"{address}/force", {"id": str(new_id()), "reason": "the old one is worse"})
    assert answer.status_code == 303
    assert "/office/changes/" in answer["Location"]
    assert "May go live without a green shadow" in text_of(client.get(answer["Location"]))
    change = people.changes(institution_id=NILE).changes[0]
    people.confirm_change(change.id, by=people.author_of_staff(house.hoda.staff.id), note="seen")
    page = text_of(client.get(address))
    assert "Go live" in page
    assert "Forced by two persons" in page


def test_the_big_red_button_takes_a_reason_and_rolls_back(house: House, town: Town) -> None:
    of = shadowed(town)
    guard.cut_over(of.id, by=town.first, reason="it is time")
    client = at_desk(house.hoda)
    address = f"/office/releases/{of.id}"
    assert "Roll back now" in text_of(client.get(address))
    assert client.post(f"{address}/roll-back", {"reason": ""}).status_code == 400
    assert town.shop.shown == "new"
    assert client.post(f"{address}/roll-back", {"reason": "customers call"}).status_code == 303
    assert (town.shop.shown, guard.release(of.id).state) == ("old", ReleaseState.ROLLED_BACK)
    assert "customers call" in text_of(client.get(address))


def test_the_page_looks_again_by_itself_only_while_something_goes_on(house: House, town: Town) -> None:
    of = shadowed(town)
    client, address = at_desk(house.hoda), f"/office/releases/{of.id}"
    assert 'hx-trigger="every 2s"' not in client.get(address).content.decode()
    guard.cut_over(of.id, by=town.first, reason="it is time")
    part = client.get(address, headers={"HX-Request": "true", "HX-Trigger": "release"}).content.decode()
    assert part.startswith('<div class="stack" id="release" hx-get')


def test_the_report_is_a_page_and_files(house: House, town: Town) -> None:
    of = shadowed(town)
    guard.refuse(of.id, by=town.first, reason="not wanted")
    guard.go_on(of.id)
    client, address = at_desk(house.tamer), f"/office/releases/{of.id}"
    page = text_of(client.get(f"{address}/report"))
    assert "Signature checks" in page
    assert "Refused: nobody was shown a balance of it" in page
    assert client.get(f"{address}/report.pdf").content.startswith(b"%PDF")
    assert client.get(f"{address}/report.json").json()["verdict"] == "refused"
    assert b"<html" in client.get(f"{address}/report.html").content
    assert client.get(f"{address}/report.exe").status_code == 404


def test_who_may_only_look_gets_no_buttons_and_is_refused(house: House, town: Town) -> None:
    of = shadowed(town)
    client, address = at_desk(house.tamer), f"/office/releases/{of.id}"
    page = text_of(client.get(address))
    assert "Go live" not in page
    assert client.post(f"{address}/cut-over", {"reason": "because"}).status_code == 403
    assert client.post(f"{address}/roll-back", {"reason": "because"}).status_code == 403
    assert at_desk(house.salma).get(address).status_code == 403
    assert guard.release(of.id).state is ReleaseState.SHADOWED_GREEN
