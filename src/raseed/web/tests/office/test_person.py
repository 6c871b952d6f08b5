"""A person's page: what staff see, what stands behind a reason, and that every look is on record."""

from __future__ import annotations

import io
from datetime import timedelta

from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.ids import new_id
from raseed.payments import api as payments
from raseed.people import api as people
from raseed.platform import api as platform
from raseed.web.tests.office.house import NILE, House, at_desk
from raseed.web.tests.street import ORDER_BYTES, signed_in, words_of

NUMBER = "29001011234567"


def person(house: House) -> str:
    return f"/office/people/{house.street.layla.id}"


def test_who_they_are_how_they_are_reached_and_what_they_hold(house: House) -> None:
    page = at_desk(house.salma).get(person(house)).content.decode()
    words = words_of(page)
    for text in ("Layla Abdelrahman", "ليلى عبد الرحمن", "+20 10 01234567", "Nile Cash", "EGP 1,000.00", "Arabic"):
        assert text in words, text
    assert f"/office/accounts/{house.street.layla_wallet.id}" in page


def test_opening_a_page_about_a_person_is_on_record(house: House) -> None:
    at_desk(house.salma).get(person(house))
    latest = platform.audit_trail(f"customer:{house.street.layla.id}")[0]
    assert (latest.actor, latest.action) == (house.salma.staff.actor, "office.person_opened")
    assert latest.institution_id == NILE
    assert latest.after == {"part": "overview"}


def test_being_refused_a_page_opens_nothing_and_records_nothing(house: House) -> None:
    assert at_desk(house.adam).get(person(house)).status_code == 403
    trail = platform.audit_trail(f"customer:{house.street.layla.id}")
    assert not [one for one in trail if one.action == "office.person_opened"]


def test_an_identity_number_is_masked_and_shown_whole_for_a_reason(house: House) -> None:
    people.register_civil_id(house.street.layla.id, country="EG", number=NUMBER, by=people.SYSTEM, reason="papers seen")
    auditor = at_desk(house.hoda)
    page = auditor.get(person(house)).content.decode()
    assert NUMBER not in page
    assert "•••567" in page
    address = f"{person(house)}/civil-id/EG"
    assert address in page
    assert NUMBER not in auditor.get(address).content.decode()
    refused = auditor.post(address, {"reason": " "})
    assert refused.status_code == 400
    assert NUMBER not in refused.content.decode()
    assert NUMBER in auditor.post(address, {"reason": "compared with the papers"}).content.decode()
    latest = platform.audit_trail(f"customer:{house.street.layla.id}")[0]
    assert (latest.action, latest.reason) == ("people.civil_id_viewed", "compared with the papers")


def test_special_care_is_offered_only_to_who_may_see_it_and_each_view_is_on_record(house: House) -> None:
    today = SYSTEM_CLOCK.now().date()
    people.note_vulnerability(
        id=new_id(), customer_id=house.street.layla.id, institution_id=NILE, driver="health", needs=["large_print"],
        since=today, review_on=today + timedelta(days=90), by=people.SYSTEM, reason="asked for it",
    )  # fmt: skip
    address = f"{person(house)}/vulnerability"
    assert address not in at_desk(house.basma).get(person(house)).content.decode()
    assert at_desk(house.basma).post(address, {"reason": "curious"}).status_code == 403
    salma = at_desk(house.salma)
    assert "large print" not in salma.get(person(house)).content.decode()
    page = salma.post(address, {"reason": "preparing a letter"}).content.decode()
    assert "Send large print" in page
    trail = platform.audit_trail(f"customer:{house.street.layla.id}")
    assert "people.vulnerabilities_viewed" in [one.action for one in trail]


def test_names_are_corrected_with_a_reason_and_a_bad_one_is_said_beside_its_field(house: House) -> None:
    salma = at_desk(house.salma)
    address = f"{person(house)}/names"
    assert 'value="Layla Abdelrahman"' in salma.get(address).content.decode()
    bad = salma.post(address, {"name_en": "Layla \u202eevil", "name_ar": "ليلى", "reason": "as in the papers"})
    assert bad.status_code == 400
    assert 'id="name_en-error"' in bad.content.decode()
    assert "as in the papers" in bad.content.decode()
    good = salma.post(
        address, {"name_en": "Layla Abdel-Rahman", "name_ar": "ليلى عبد الرحمن", "reason": "as in the papers"}
    )
    assert good.status_code == 303
    assert people.customer(house.street.layla.id).names["en"] == "Layla Abdel-Rahman"


def test_another_phone_number_takes_two_people_and_ends_the_sessions(house: House) -> None:
    customer = signed_in()
    salma = at_desk(house.salma)
    address = f"{person(house)}/phone"
    refused = salma.post(address, {"phone": "12", "reason": "lost the old phone"})
    assert refused.status_code == 400
    assert 'id="phone-error"' in refused.content.decode()
    change = salma.post(address, {"phone": "0100 555 6677", "reason": "lost the old phone"})["Location"]
    assert people.customer(house.street.layla.id).phone == house.street.layla.phone
    page = words_of(at_desk(house.hoda).get(change).content.decode())
    assert "+20 10 05556677" in page
    assert at_desk(house.hoda).post(change + "/decide", {"verdict": "confirm"}).status_code == 303
    assert people.customer(house.street.layla.id).phone == "+201005556677"
    page = words_of(salma.get(person(house)).content.decode())
    assert "Now +20 10 05556677 Earlier +20 10 01234567" in page
    assert customer is not None


def test_payments_and_what_became_of_each(house: House) -> None:
    layla = signed_in()
    layla.post("/send/confirm", {**ORDER_BYTES, "from": str(house.street.layla_wallet.id)})
    salma = at_desk(house.salma)
    listed = salma.get(f"{person(house)}/payments").content.decode()
    assert "EGP 250.00" in words_of(listed)
    page = words_of(salma.get(f"{person(house)}/payments/{ORDER_BYTES['id']}").content.decode())
    assert "إيجار شهر نوفمبر" in page
    assert "Done. The money has arrived." in page
    account = salma.get(f"/office/accounts/{house.street.layla_wallet.id}").content.decode()
    assert f"{person(house)}/payments/{ORDER_BYTES['id']}" in account


def test_payments_are_filtered_by_state_side_and_day(house: House) -> None:
    layla = signed_in()
    layla.post("/send/confirm", {**ORDER_BYTES, "from": str(house.street.layla_wallet.id)})
    salma, address = at_desk(house.salma), f"{person(house)}/payments"
    assert "EGP 250.00" in words_of(salma.get(f"{address}?state=settled&sent=out").content.decode())
    for query in ("state=refused", "sent=in", "last=2001-01-01"):
        assert "No payment fits." in salma.get(f"{address}?{query}").content.decode(), query
    arrived = salma.get(f"/office/people/{house.street.mona.id}/payments?sent=in").content.decode()
    assert "EGP 250.00" in words_of(arrived)
    wrong = salma.get(f"{address}?first=2026-02-02&last=2026-02-01")
    assert wrong.status_code == 400
    assert 'id="last-error"' in wrong.content.decode()


def test_payment_files_what_is_wrong_with_one_and_its_results(house: House) -> None:
    payments.receive_order_file(
        id=(order_id := new_id()),
        stream=io.BytesIO(b"<?xml version='1.0'?><Document>not a payment file</Document>"),
        actor_customer_id=house.street.layla.id,
        file_name="رواتب.xml",
    )
    assert at_desk(house.adam).get(f"{person(house)}/orders").status_code == 403
    salma = at_desk(house.salma)
    assert f"{person(house)}/orders" in salma.get(person(house)).content.decode()
    listed = salma.get(f"{person(house)}/orders").content.decode()
    assert "رواتب.xml" in listed
    assert "Refused. Nothing has moved." in listed
    page = salma.get(f"{person(house)}/orders/{order_id}").content.decode()
    assert "What is wrong with the file" in page
    results = salma.get(f"{person(house)}/orders/{order_id}/results")
    assert results["Content-Type"] == "application/xml"
    assert b"pain.002" in results.getvalue()
    assert salma.get(f"/office/people/{house.street.mona.id}/orders/{order_id}").status_code == 404


def test_signing_a_person_out_everywhere_needs_its_reason(house: House) -> None:
    salma = at_desk(house.salma)
    address = f"{person(house)}/sessions"
    assert salma.post(address, {"reason": ""}).status_code == 400
    assert salma.post(address, {"reason": "the phone was stolen"}).status_code == 303
    latest = platform.audit_trail(f"customer:{house.street.layla.id}")
    assert "people.sessions_ended" in [one.action for one in latest]
