"""Limits, chains and ties in the office: proposed by one, confirmed by another, and no limit means no."""

from __future__ import annotations

from uuid import UUID

import pytest
from django.test import Client

from raseed.care.api import authority
from raseed.kernel.ids import new_id
from raseed.kernel.money import Money
from raseed.people import api as people
from raseed.people.tests.office import an_author
from raseed.web.tests.office.house import DELTA, NILE, House, at_desk, enrolled
from raseed.web.tests.street import hidden, words_of

AT = "/office/care/authority"
BOUNDS = {
    "per_act_minor": "100", "per_day_minor": "٥٠٠٫٥٠", "per_customer_minor": "200.25", "per_day_count": "",
    "per_customer_count": "3", "window_days": "30",
}  # fmt: skip


def the_role(slug: str) -> UUID:
    return people.role_by_slug(NILE, slug).id


def entered(client: Client, address: str, **others: str) -> dict[str, str]:
    page = client.get(address).content.decode()
    asked = {
        "holder": f"role:{the_role('agent')}",
        "action": "goodwill_credit",
        "currency": "EGP",
        "reason": "as agreed",
    }
    return {"id": hidden(page, "id")} | asked | BOUNDS | others


def proposed(house: House, **others: str) -> str:
    client = at_desk(house.basma)
    answer = client.post(f"{AT}/limits/new", entered(client, f"{AT}/limits/new", **others))
    assert answer.status_code == 303, words_of(answer.content.decode())
    return answer["Location"]


def confirmed(house: House, address: str) -> None:
    answer = at_desk(house.hoda).post(f"{address}/decide", {"verdict": "confirm", "note": ""})
    assert (answer.status_code, answer.headers.get("Location")) == (303, address), words_of(answer.content.decode())


def in_force() -> list[authority.Limit]:
    return authority.limits(NILE, by=people.SYSTEM)


def test_a_limit_is_proposed_shown_before_and_after_and_confirmed_by_another(house: House) -> None:
    address = proposed(house)
    assert in_force() == []
    shown = words_of(at_desk(house.hoda).get(address).content.decode())
    for said in ("Customer service", "Give a goodwill credit", "EGP 100.00", "EGP 500.50", "EGP 200.25"):
        assert said in shown
    assert "What staff may grant" in words_of(at_desk(house.hoda).get(AT).content.decode())
    confirmed(house, address)
    (limit,) = in_force()
    assert limit.bounds == authority.Bounds(100_00, 500_50, 200_25, None, 3, 30)
    page = words_of(at_desk(house.tamer).get(AT).content.decode())
    assert "No limit means no" in page
    assert "EGP 500.50" in page
    assert "Let a bill be paid later" in page.split("Nobody may grant this alone", 1)[1]


def test_what_is_in_force_is_changed_and_ended_by_two_people_too(house: House) -> None:
    confirmed(house, proposed(house))
    (limit,) = in_force()
    client, address = at_desk(house.basma), f"{AT}/limits/{limit.id}"
    page = client.get(address).content.decode()
    assert 'value="500.50"' in page
    changed = client.post(address, {"id": hidden(page, "id"), **BOUNDS, "per_act_minor": "0", "reason": "held short"})
    assert changed.status_code == 303, words_of(changed.content.decode())
    shown = words_of(at_desk(house.hoda).get(changed["Location"]).content.decode())
    assert "EGP 100.00" in shown
    assert "EGP 0.00" in shown
    confirmed(house, changed["Location"])
    (limit,) = in_force()
    assert limit.bounds.per_act_minor == 0
    assert client.get(address).status_code == 404, "what was changed since is told"
    end = client.post(f"{AT}/limits/{limit.id}/end", {"reason": "no longer", "id": str(new_id())})
    assert "Nothing: no limit means no" in words_of(at_desk(house.hoda).get(end["Location"]).content.decode())
    confirmed(house, end["Location"])
    assert in_force() == []


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"holder": ""}, "holder"),
        ({"holder": "role:x"}, "holder"),
        ({"holder": f"staff:{new_id()}"}, "form"),
        ({"action": "steal"}, "action"),
        ({"currency": "XXQ"}, "currency"),
        ({"per_act_minor": ""}, "per_act_minor"),
        ({"per_day_minor": "-1"}, "per_day_minor"),
        ({"per_day_minor": "1.005"}, "per_day_minor"),
        ({"per_day_count": "many"}, "per_day_count"),
        ({"window_days": "0"}, "window_days"),
        ({"window_days": "9999999"}, "window_days"),
        ({"action": "unblock_account"}, "per_act_minor"),
        ({"reason": ""}, "reason"),
        ({"reason": "a\u202eb"}, "reason"),
    ],
)
def test_what_can_not_be_is_said_beside_its_field_and_nothing_is_lost(
    house: House, wrong: dict[str, str], field: str
) -> None:
    client = at_desk(house.basma)
    answer = client.post(f"{AT}/limits/new", entered(client, f"{AT}/limits/new", **wrong))
    page = answer.content.decode()
    assert answer.status_code in (400, 404), field
    assert f'id="{field}-error"' in page or (field == "form" and "notice bad" in page)
    assert 'value="200.25"' in page
    assert not people.changes(institution_id=NILE, kind="care.limits").changes


def test_nobody_proposes_or_confirms_their_own_limit(house: House) -> None:
    client = at_desk(house.basma)
    own = entered(client, f"{AT}/limits/new", holder=f"staff:{house.basma.staff.id}")
    refused = client.post(f"{AT}/limits/new", own)
    assert refused.status_code == 403
    assert "Nobody decides about their own limits." in words_of(refused.content.decode())
    address = proposed(house, holder=f"staff:{house.hoda.staff.id}")
    answer = at_desk(house.hoda).post(f"{address}/decide", {"verdict": "confirm"})
    assert answer.status_code == 403
    assert in_force() == []


def test_limits_of_another_institution_are_not_there(house: House) -> None:
    stranger = enrolled("omar", {"en": "Omar", "ar": "عمر"}, "back-office", at=DELTA)
    boss = enrolled("rana", {"en": "Rana", "ar": "رنا"}, "supervisor", at=DELTA)
    confirmed(house, proposed(house))
    (limit,) = in_force()
    elsewhere = at_desk(stranger)
    assert elsewhere.get(f"{AT}/limits/{limit.id}").status_code == 404
    assert elsewhere.post(f"{AT}/limits/{limit.id}/end", {"reason": "not mine"}).status_code == 404
    assert "EGP 500.50" not in words_of(elsewhere.get(AT).content.decode())
    theirs = entered(elsewhere, f"{AT}/limits/new", holder=f"staff:{house.salma.staff.id}")
    assert elsewhere.post(f"{AT}/limits/new", theirs).status_code == 400
    assert at_desk(boss).get(f"{AT}/ties").status_code == 200


def test_sent_twice_a_proposal_is_one(house: House) -> None:
    client = at_desk(house.basma)
    sent = entered(client, f"{AT}/limits/new")
    answers = [client.post(f"{AT}/limits/new", sent) for _ in range(2)]
    assert answers[0]["Location"] == answers[1]["Location"]
    assert len(people.changes(institution_id=NILE, kind="care.limits").changes) == 1


def test_a_chain_is_proposed_step_by_step_and_shown_with_who_may_decide(house: House) -> None:
    client, address = at_desk(house.basma), f"{AT}/chains/everything-else"
    page = client.get(address).content.decode()
    sent = {
        "id": hidden(page, "id"), "reason": "as agreed",
        "who": [f"role:{the_role('supervisor')}", "", f"staff:{house.tamer.staff.id}"], "time": ["4", "", "١"],
        "unit": ["hours", "hours", "days"],
    }  # fmt: skip
    more = client.post(address, sent | {"do": "more"}).content.decode()
    assert more.count('name="who"') == 4
    answer = client.post(address, sent)
    assert answer.status_code == 303, words_of(answer.content.decode())
    assert "Supervision, within 4 h" in words_of(at_desk(house.hoda).get(answer["Location"]).content.decode())
    confirmed(house, answer["Location"])
    (chain,) = authority.chains(NILE)
    assert [each.within_s for each in chain.steps] == [14_400, 86_400]
    shown = words_of(at_desk(house.tamer).get(f"{AT}/chains").content.decode())
    assert "Hoda Mansour" in shown
    assert "Nobody here may decide about requests: this step is passed over." in shown


@pytest.mark.parametrize(
    "wrong",
    [
        {"who": [""], "time": [""], "unit": ["hours"]},
        {"who": ["role:x"], "time": ["1"], "unit": ["hours"]},
        {"time": [""]}, {"time": ["0"]}, {"time": ["99999"]}, {"unit": ["years"]}, {"reason": ""},
    ],
)  # fmt: skip
def test_a_chain_that_can_not_be_is_refused(house: House, wrong: dict[str, list[str] | str]) -> None:
    client, address = at_desk(house.basma), f"{AT}/chains/goodwill_credit"
    sent = {"who": [f"role:{the_role('supervisor')}"], "time": ["4"], "unit": ["hours"], "reason": "as agreed"}
    answer = client.post(address, {"id": str(new_id())} | sent | wrong)
    assert answer.status_code == 400, wrong
    assert 'class="error"' in answer.content.decode()
    assert client.get(f"{AT}/chains/steal").status_code == 404
    assert client.post(f"{AT}/chains/goodwill_credit/end", {"reason": "none there"}).status_code == 400


def test_ties_are_said_by_oneself_and_by_supervisors_and_ended_by_another(house: House) -> None:
    agent, boss = at_desk(house.salma), at_desk(house.hoda)
    phone = house.street.layla.phone
    own = {"id": str(new_id()), "phone": phone, "kind": "family", "reason": "my sister"}
    assert [agent.post("/office/me/ties", own).status_code for _ in range(2)] == [303, 303]
    (tie,) = authority.ties(NILE, by=people.SYSTEM)
    assert (tie.staff_id, tie.customer_id) == (house.salma.staff.id, house.street.layla.id)
    assert "Family" in words_of(agent.get("/office/me/limits").content.decode())
    assert agent.get(f"{AT}/ties").status_code == 403
    assert agent.post(f"{AT}/ties/{tie.id}/end", {"reason": "not my sister"}).status_code == 403
    said = own | {"id": str(new_id()), "staff": f"staff:{house.hoda.staff.id}", "reason": "she said so"}
    assert boss.post(f"{AT}/ties/new", said).status_code == 303
    mine = next(each for each in authority.ties(NILE, by=people.SYSTEM) if each.staff_id == house.hoda.staff.id)
    assert boss.post(f"{AT}/ties/{mine.id}/end", {"reason": "not mine"}).status_code == 403
    assert boss.post(f"{AT}/ties/{tie.id}/end", {"reason": "a mistake"}).status_code == 303
    assert [each.id for each in authority.ties(NILE, by=people.SYSTEM)] == [mine.id]


@pytest.mark.parametrize(
    ("wrong", "field"), [({"phone": "+201000000009"}, "phone"), ({"phone": "x"}, "phone"), ({"kind": "foe"}, "kind")]
)
def test_a_tie_to_nobody_is_none(house: House, wrong: dict[str, str], field: str) -> None:
    own = {"id": str(new_id()), "phone": house.street.layla.phone, "kind": "family", "reason": "my sister"}
    answer = at_desk(house.salma).post("/office/me/ties", own | wrong)
    assert answer.status_code == 400
    assert f'id="{field}-error"' in answer.content.decode()
    assert authority.ties(NILE, by=people.SYSTEM) == []


def test_what_was_granted_is_shown_with_its_pieces_and_today_s_use(house: House) -> None:
    confirmed(house, proposed(house, per_act_minor="10"))
    wider = proposed(house, holder=f"role:{the_role('supervisor')}", per_act_minor="100")
    people.confirm_change(UUID(wider.rpartition("/")[2]), by=an_author(NILE, "care.limits.confirm"))
    tamer = at_desk(house.tamer)
    assert "Nobody has granted anything today." in words_of(tamer.get(f"{AT}/report").content.decode())
    chain = authority.propose_chain(
        id=new_id(), institution_id=NILE, action="", reason="as agreed", by=people.author_of_staff(house.basma.staff.id),
        steps=[authority.ChainStep(authority.HolderKind.ROLE, the_role("supervisor"), 3_600)],
    )  # fmt: skip
    people.confirm_change(chain.id, by=people.author_of_staff(house.hoda.staff.id))
    salma, wallet = people.author_of_staff(house.salma.staff.id), house.street.layla_wallet
    asked = [
        authority.ask(
            id=new_id(), action="goodwill_credit", institution_id=NILE, customer_id=wallet.owner_id,
            subject=f"account:{wallet.id}", amount=Money(minor, wallet.currency), reason="late answer", by=salma,
        )
        for minor in (6_00, 7_00)
    ]  # fmt: skip
    assert [(each.state.value, each.split) for each in asked] == [("done", False), ("awaiting", True)]
    page = words_of(tamer.get(f"{AT}/report").content.decode())
    assert "EGP 6.00 of EGP 500.50" in page
    assert "EGP 7.00" in page.split("In small pieces", 1)[1]
    assert "Salma Fouad" in page
    assert tamer.get(f"/office/desk/requests/{asked[1].id}").status_code == 200
    authority.approve(asked[1].id, by=people.author_of_staff(house.hoda.staff.id))
    ties = words_of(at_desk(house.hoda).get(f"{AT}/ties").content.decode())
    assert "Salma Fouad" in ties.split("In turn", 1)[1]
    assert tamer.get(f"{AT}/report?since=2026-02-31").status_code == 400
    assert tamer.get(f"{AT}/report?since=2026-02-02&until=2026-02-01").status_code == 400
    mine = words_of(at_desk(house.salma).get("/office/me/limits").content.decode())
    assert "Give a goodwill credit (EGP)" in mine
    assert "EGP 6.00 of EGP 500.50" in mine
    none = words_of(at_desk(house.basma).get("/office/me/limits").content.decode())
    assert "No limit is set for you, and that means no" in none
