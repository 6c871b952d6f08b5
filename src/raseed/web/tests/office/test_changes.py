"""Changes with weight: proposed on a form, decided by another, said plainly where they can't be."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
import time_machine

from raseed.banking import api as banking
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.people import api as people
from raseed.web.tests.office.house import NILE, House, at_desk, next_recovery_code
from raseed.web.tests.street import hidden, words_of


def wallet() -> banking.Product:
    return banking.products_of(NILE)[0]


def propose_limits(house: House, per_transfer: str = "7,500", per_day: str = "", **entered: str) -> str:
    """Propose limits by the form, as Basma; return the change's address."""
    client = at_desk(house.basma)
    address = f"/office/products/{wallet().id}/limits"
    form = client.get(address).content.decode()
    answer = client.post(
        address,
        {
            "id": hidden(form, "id"),
            "per_transfer_minor": per_transfer,
            "per_day_minor": per_day,
            "valid_from": SYSTEM_CLOCK.now().date().isoformat(),
            "reason": "rents have risen",
        }
        | entered,
    )
    assert answer.status_code == 303, words_of(answer.content.decode())
    return answer["Location"]


def test_the_form_shows_what_is_in_force(house: House) -> None:
    page = at_desk(house.basma).get(f"/office/products/{wallet().id}/limits").content.decode()
    assert 'name="per_transfer_minor"' in page
    assert 'value="5000.00"' in page


def test_before_and_after_are_shown_and_a_second_person_makes_it_so(house: House) -> None:
    address = propose_limits(house)
    page = words_of(at_desk(house.hoda).get(address).content.decode())
    assert "EGP 5,000.00" in page
    assert "EGP 7,500.00" in page
    assert "rents have risen" in page
    answer = at_desk(house.hoda).post(address + "/decide", {"verdict": "confirm", "note": "agreed"})
    assert answer["Location"] == address
    after = words_of(at_desk(house.hoda).get(address).content.decode())
    assert "Confirmed and in force" in after
    assert "agreed" in after
    today = banking.business_date(NILE, SYSTEM_CLOCK.now())
    assert banking.limits_of(wallet().id, on=today) == banking.Limits(7_500_00, None)


def test_ones_own_proposal_says_that_it_needs_another(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    address = propose_limits(house)
    both = frozenset({"banking.limits.propose", "banking.limits.confirm", "banking.accounts.view"})
    monkeypatch.setattr(people, "author_of_staff", lambda id_: people.Author(f"staff:{id_}", {NILE: both}))
    basma = at_desk(house.basma)
    page = basma.get(address).content.decode()
    assert "This needs a second person." in page
    assert 'value="confirm"' not in page
    assert 'value="withdraw"' in page
    answer = basma.post(address + "/decide", {"verdict": "confirm"})
    assert answer.status_code == 403
    assert people.change(UUID(address.rpartition("/")[2])).state is people.ChangeState.OPEN


def test_a_rejection_needs_its_reason_and_loses_nothing(house: House) -> None:
    address = propose_limits(house)
    hoda = at_desk(house.hoda)
    answer = hoda.post(address + "/decide", {"verdict": "reject", "note": "no"})
    assert answer.status_code == 400
    page = answer.content.decode()
    assert 'id="note-error"' in page
    assert ">no</textarea>" in page
    assert hoda.post(address + "/decide", {"verdict": "reject", "note": "too much at once"}).status_code == 303
    assert "Rejected" in hoda.get(address).content.decode()


def test_who_proposed_may_take_it_back(house: House) -> None:
    address = propose_limits(house)
    assert at_desk(house.basma).post(address + "/decide", {"verdict": "withdraw"}).status_code == 303
    assert "Withdrawn" in at_desk(house.basma).get(address).content.decode()


def test_an_outdated_proposal_says_so_and_is_not_confirmed(house: House) -> None:
    first, second = propose_limits(house), propose_limits(house, per_transfer="6000")
    hoda = at_desk(house.hoda)
    hoda.post(second + "/decide", {"verdict": "confirm"})
    page = hoda.get(first).content.decode()
    assert "Something else was changed since this was proposed" in page
    assert 'value="confirm"' not in page
    assert 'value="reject"' in page
    assert hoda.post(first + "/decide", {"verdict": "confirm"}).status_code == 409


def test_deciding_twice_says_that_it_was_decided(house: House) -> None:
    address = propose_limits(house)
    hoda = at_desk(house.hoda)
    hoda.post(address + "/decide", {"verdict": "confirm"})
    answer = hoda.post(address + "/decide", {"verdict": "confirm"})
    assert answer.status_code == 409
    assert "This change is no longer open." in answer.content.decode()


def test_a_form_sent_twice_proposes_once(house: House) -> None:
    client = at_desk(house.basma)
    address = f"/office/products/{wallet().id}/fees"
    entered = {
        "id": hidden(client.get(address).content.decode(), "id"),
        "amount": "1.50",
        "valid_from": SYSTEM_CLOCK.now().date().isoformat(),
        "reason": "the fee for a transfer",
    }
    assert client.post(address, entered)["Location"] == client.post(address, entered)["Location"]
    assert len(people.changes(institution_id=NILE).changes) == 1


@pytest.mark.parametrize(
    ("entered", "field", "said"),
    [
        ({"per_transfer_minor": "-5"}, "per_transfer_minor", "amount"),
        ({"per_transfer_minor": "0"}, "per_transfer_minor", "amount"),
        ({"per_day_minor": "abc"}, "per_day_minor", "amount"),
        ({"valid_from": "2026-13-40"}, "valid_from", "not a day"),
        ({"valid_from": ""}, "valid_from", "not a day"),
        ({"reason": "x"}, "reason", "too long"),
        ({"reason": "\u202egnp.exe"}, "reason", "can&#x27;t be seen"),
    ],
)
def test_what_can_not_be_is_said_beside_its_field_and_the_rest_stays(
    house: House, entered: dict[str, str], field: str, said: str
) -> None:
    client = at_desk(house.basma)
    whole = {
        "per_transfer_minor": "123.45", "per_day_minor": "987.65", "valid_from": "2031-05-06", "reason": "a good reason",
    } | entered  # fmt: skip
    answer = client.post(f"/office/products/{wallet().id}/limits", whole)
    page = answer.content.decode()
    assert answer.status_code == 400
    assert f'id="{field}-error"' in page
    assert said in page.split(f'id="{field}-error"')[1][:400]
    for name, value in whole.items():
        if name != field:
            assert value in page, name


def test_a_fee_may_be_zero_and_is_shown_as_zero(house: House) -> None:
    product = words_of(at_desk(house.basma).get(f"/office/products/{wallet().id}").content.decode())
    assert "EGP 0.00" in product
    client = at_desk(house.basma)
    for typed in ("0", "٠٫٠٠", "0.00"):
        answer = client.post(
            f"/office/products/{wallet().id}/fees",
            {"amount": typed, "valid_from": SYSTEM_CLOCK.now().date().isoformat(), "reason": "free for all"},
        )
        assert answer.status_code == 303, words_of(answer.content.decode())


def test_the_queue_shows_each_only_to_whom_it_concerns(house: House) -> None:
    propose_limits(house)
    assert "/office/changes/" in at_desk(house.hoda).get("/office/changes").content.decode()
    assert "/office/changes/0" not in at_desk(house.salma).get("/office/changes").content.decode()
    change = people.changes(institution_id=NILE).changes[0]
    assert at_desk(house.salma).get(f"/office/changes/{change.id}").status_code == 404


def test_a_weighty_deed_asks_again_for_the_second_factor_and_nothing_is_lost(house: House) -> None:
    hoda = at_desk(house.hoda)
    address = propose_limits(house)
    now = SYSTEM_CLOCK.now()
    with time_machine.travel(now + timedelta(minutes=9), tick=False):
        hoda.get("/office/")
    with time_machine.travel(now + timedelta(minutes=17), tick=False):
        asked = hoda.post(address + "/decide", {"verdict": "confirm", "note": "read and agreed"})
        page = asked.content.decode()
        assert "Is it still you?" in page
        assert people.change(UUID(address.rpartition("/")[2])).state is people.ChangeState.OPEN
        carried = {name: hidden(page, name) for name in ("verdict", "note")}
        wrong = hoda.post(address + "/decide", carried | {"second_factor": "000000"})
        assert wrong.status_code == 400
        assert hidden(wrong.content.decode(), "note") == "read and agreed"
        code = next_recovery_code(house.hoda)
        assert hoda.post(address + "/decide", carried | {"second_factor": code}).status_code == 303
    done = people.change(UUID(address.rpartition("/")[2]))
    assert (done.state, done.decision_note) == (people.ChangeState.APPLIED, "read and agreed")


def test_what_stands_in_the_address_goes_on_with_the_code_too(house: House) -> None:
    """Which fee is meant stands in the address: it must still stand there when the code was asked for."""
    basma = at_desk(house.basma)
    now = SYSTEM_CLOCK.now()
    with time_machine.travel(now + timedelta(minutes=9), tick=False):
        basma.get("/office/")
    with time_machine.travel(now + timedelta(minutes=17), tick=False):
        address = f"/office/products/{wallet().id}/fees?event=transfer_on_us"
        page = basma.post(address, {"amount": "1", "reason": "a fee", "valid_from": "2031-01-01"}).content.decode()
    assert f'action="{address}"' in page


def test_a_role_is_changed_by_two_and_shown_before_and_after(house: House) -> None:
    role = people.role_by_slug(NILE, "agent")
    adam = at_desk(house.adam)
    form = adam.get(f"/office/roles/{role.id}/change").content.decode()
    assert "See customers" in form
    kept = sorted(role.permissions - {"people.customers.edit"})
    answer = adam.post(
        f"/office/roles/{role.id}/change",
        {
            "id": hidden(form, "id"), "slug": "agent", "name_ar": role.names["ar"], "name_en": "Counter",
            "permission": kept, "reason": "they only read",
        },
    )  # fmt: skip
    page = words_of(at_desk(house.amal).get(answer["Location"]).content.decode())
    assert "Edit what is known of customers" in page
    assert "Counter" in page
    assert at_desk(house.amal).post(answer["Location"] + "/decide", {"verdict": "confirm"}).status_code == 303
    assert people.role(role.id).permissions == frozenset(kept)


def test_someone_new_is_proposed_confirmed_and_invited(house: House) -> None:
    adam = at_desk(house.adam)
    role = people.role_by_slug(NILE, "agent")
    entered = {
        "id": hidden(adam.get("/office/staff/new").content.decode(), "id"), "login": "Dina.S", "name_en": "Dina Saleh",
        "name_ar": "دينا صالح", "language": "ar", "role": [str(role.id)], "reason": "starts on Sunday",
    }  # fmt: skip
    refused = adam.post("/office/staff/new", entered | {"login": "salma"})
    assert 'id="login-error"' in refused.content.decode()
    assert "دينا صالح" in refused.content.decode()
    address = adam.post("/office/staff/new", entered)["Location"]
    assert at_desk(house.amal).post(address + "/decide", {"verdict": "confirm"}).status_code == 303
    dina = people.staff_by_login("dina.s")
    made = adam.post(f"/office/staff/{dina.id}/invite", {"reason": "first day"}).content.decode()
    assert "/office/invitation/" in made
    assert "It is shown this once" in made


def test_locking_takes_one_person_and_letting_in_again_two(house: House) -> None:
    adam = at_desk(house.adam)
    salma = house.salma.staff
    assert adam.post(f"/office/staff/{salma.id}/lock", {"reason": "left the badge in a taxi"}).status_code == 303
    assert people.staff(salma.id).state is people.StaffState.LOCKED
    address = adam.post(f"/office/staff/{salma.id}/unlock", {"reason": "the badge was found"})["Location"]
    assert people.staff(salma.id).state is people.StaffState.LOCKED
    at_desk(house.amal).post(address + "/decide", {"verdict": "confirm"})
    assert people.staff(salma.id).state is people.StaffState.ACTIVE
