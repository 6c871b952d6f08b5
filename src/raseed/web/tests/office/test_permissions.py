"""Who may open what: every address of the back office, walked by strangers, customers and colleagues of every role."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, reverse

from raseed.banking import api as banking
from raseed.care import api as care
from raseed.channels import api as channels
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.hijri import year_near
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.web.office.urls import urlpatterns
from raseed.web.tests.office.house import NILE, House, at_desk
from raseed.web.tests.street import browser, signed_in, words_of

OPEN = {"sign-in", "sign-in-code", "sign-out", "language", "invitation", "invitation-code", "invitation-token"}
"""What anybody may ask for: the way in."""

NOT_THERE = {
    "payment", "order", "order-results", "nowhere", "operation", "operation-outcome", "lane-act", "biller-act",
    "payout-account", "settlement", "settlement-file", "break", "break-act",
    "clerks",
    "clerk-name", "clerk-end", "billed", "billed-proof", "billed-refund",
    "biller-terms", "biller-penalty", "biller-credit", "waiver-end", "loan-waiver-end", "dispute",
    "operation-dealt-with", "simulated", "finding-of-books", "finding-act",
    "conversation", "conversation-thread", "conversation-head", "conversation-cards", "conversation-case",
    "conversation-file", "conversation-ask", "case", "request",
    "person-sender-part", "merge-undo",
    "macro", "tag-retire", "limit-change", "limit-end", "tie-end",
    "conversation-question", "question", "known-answer",
    "care-shift-end", "care-leave-end", "care-rule-off",
    "message", "message-act", "set-aside-look", "set-aside-replay",
    "release", "release-roll-back", "release-report", "release-report-file", "release-act",
}  # fmt: skip
"""Pages about things that are not there under the ids of the walk."""


def a_change(house: House) -> people.Change:
    return people.propose_change(
        id=new_id(),
        kind="people.grants",
        institution_id=NILE,
        subject=house.salma.staff.actor,
        payload={"role_ids": []},
        reason="leaves the counter",
        by=people.author_of_staff(house.adam.staff.id),
    )


def a_line() -> channels.Line:
    return channels.register_line(
        id=new_id(),
        institution_id=NILE,
        channel=channels.Channel.WHATSAPP,
        address=new_id().hex,
        names={"ar": "واتساب", "en": "WhatsApp"},
        settings={"waba_id": "102290129340398"},
        by=people.SYSTEM,
    )


def arguments(house: House) -> dict[str, Any]:
    """Return something real for each part of an address."""
    return {
        "customer_id": house.street.layla.id,
        "account_id": house.street.layla_wallet.id,
        "payment_id": new_id(),
        "order_id": new_id(),
        "product_id": banking.products_of(NILE)[0].id,
        "staff_id": house.salma.staff.id,
        "role_id": people.roles(NILE)[0].id,
        "change_id": a_change(house).id,
        "country": "EG",
        "verb": "block",
        "lane": "biller:0190a0b0-0000-7000-8000-00000000abcd",
        "biller_id": new_id(),
        "settlement_id": new_id(),
        "break_id": new_id(),
        "form": "csv",
        "waiver_id": new_id(),
        "dispute_id": new_id(),
        "finding_id": new_id(),
        "release_id": new_id(),
        "line_id": a_line().id,
        "item_id": new_id(),
        "message_id": new_id(),
        "conversation_id": new_id(),
        "case_id": new_id(),
        "media_id": new_id(),
        "entry_id": new_id(),
        "request_id": new_id(),
        "gap_id": new_id(),
        "answer_id": new_id(),
        "macro_id": new_id(),
        "other_id": house.street.mona.id,
        "identity_id": new_id(),
        "merge_id": new_id(),
        "limit_id": new_id(),
        "tie_id": new_id(),
        "action": "goodwill_credit",
        "tag_id": new_id(),
        "report": "reasons",
        "table": "categories",
        "team_id": (team := care.duty.default_team(NILE)).id,
        "calendar_id": team.calendar_id,
        "shift_id": new_id(),
        "absence_id": new_id(),
        "year": year_near(SYSTEM_CLOCK.now().date()),
        "slug": "first-answer",
        "token": "x",
        "rest": "nowhere",
    }


def addresses(house: House) -> Iterator[tuple[str, str, str | None]]:
    """Yield the name, an address and the permission of every page of the back office."""
    known = arguments(house)
    for pattern in urlpatterns:
        assert isinstance(pattern, URLPattern)
        kwargs = {name: known[name] for name in pattern.pattern.converters}
        if pattern.name is None:
            yield "nowhere", "/office/nowhere", None
            continue
        if pattern.name == "staff-act":
            kwargs["verb"] = "lock"
        if pattern.name in ("lane-act", "biller-act"):
            kwargs["verb"] = "close" if pattern.name == "lane-act" else "suspend"
        if pattern.name == "release-act":
            kwargs["verb"] = "baseline"
        if pattern.name == "release-report-file":
            kwargs["form"] = "json"
        if pattern.name == "care-rule-on":
            kwargs["slug"] = "cbe-answer"
        if pattern.name == "receipt-key-act":
            kwargs["verb"] = "renew"
        permission = getattr(pattern.callback, "permission", None)
        if pattern.name == "account-act":
            permission = "banking.accounts.block"  # each verb has its own; this is that of the one walked
        yield pattern.name, reverse(f"office:{pattern.name}", kwargs=kwargs), permission


def test_strangers_and_customers_are_sent_to_sign_in_by_every_page(house: House) -> None:
    customer = signed_in()
    for name, address, _ in addresses(house):
        if name in OPEN:
            continue
        for client in (browser(), customer):
            for answer in (client.get(address), client.post(address, {"reason": "because", "verdict": "confirm"})):
                sent = answer.status_code == 303 and answer["Location"].startswith("/office/sign-in")
                assert sent or answer.status_code == 405, (name, answer.status_code)


def test_whoever_lacks_the_permission_of_a_page_gets_words_and_403(house: House) -> None:
    colleagues = {name: getattr(house, name) for name in ("salma", "hoda", "adam", "tamer", "basma")}
    desks: dict[str, Client] = {name: at_desk(one) for name, one in colleagues.items()}
    walked = 0
    for name, address, permission in addresses(house):
        if name in OPEN or permission is None:
            continue
        for who, client in desks.items():
            may = people.author_of_staff(colleagues[who].staff.id).may(permission, NILE)
            for answer in (client.get(address), client.post(address, {"reason": ""})):
                if answer.status_code == 405:
                    continue
                walked += 1
                assert (answer.status_code == 403) == (not may), (name, who, answer.status_code, permission)
                if not may:
                    page = words_of(answer.content.decode())
                    assert "You may not do this here." in page, (name, who)
                    assert "Ask an administrator for the permission" in page
    assert walked > 150


def test_no_page_breaks_for_whoever_may_open_it(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    every = {one.code for one in people.registered_permissions()}
    monkeypatch.setattr(people, "author_of_staff", lambda id_: people.Author(f"staff:{id_}", {NILE: frozenset(every)}))
    for language in ("en", "ar", "he"):
        client = at_desk(house.tamer, language)
        for name, address, _ in addresses(house):
            answer = client.get(address)
            expected = 404 if name in NOT_THERE else 400 if name == "invitation" else 200
            assert answer.status_code in (expected, 303, 405), (
                name, answer.status_code, words_of(answer.content.decode())[:300],
            )  # fmt: skip


def test_what_one_may_not_do_is_not_offered(house: House) -> None:
    account = f"/office/accounts/{house.street.layla_wallet.id}"
    auditor, agent, supervisor = at_desk(house.tamer), at_desk(house.salma), at_desk(house.hoda)
    assert f"{account}/block" not in auditor.get(account).content.decode()
    assert f"{account}/block" in agent.get(account).content.decode()
    assert f"{account}/close" not in agent.get(account).content.decode()
    assert f"{account}/close" in supervisor.get(account).content.decode()
    administrator = at_desk(house.adam).get("/office/").content.decode()
    assert 'href="/office/search"' not in administrator
    assert 'href="/office/staff"' in administrator
    assert 'href="/office/staff"' not in agent.get("/office/").content.decode()


def test_what_another_institution_keeps_is_as_if_it_were_not_there(house: House) -> None:
    agent = at_desk(house.salma)
    elsewhere = house.street.layla_current
    answer = agent.get(f"/office/accounts/{elsewhere.id}")
    assert answer.status_code == 404
    person = agent.get(f"/office/people/{house.street.layla.id}").content.decode()
    assert str(elsewhere.id) not in person
    assert "Delta Bank" not in person
    assert agent.get(f"/office/products/{elsewhere.product.id}").status_code == 404


def test_an_address_that_leads_nowhere_says_so_in_the_frame_of_the_office(house: House) -> None:
    answer = at_desk(house.salma).get("/office/nothing/here")
    assert answer.status_code == 404
    assert "There is no such page in the back office." in answer.content.decode()
    assert 'href="/office/"' in answer.content.decode()
