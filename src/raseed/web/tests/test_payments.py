"""My payments: what was sent and what was refused, with the reason in words, page by page, and nobody else's."""

from __future__ import annotations

import re

import pytest

from raseed.banking import api as banking
from raseed.kernel.ids import new_id
from raseed.kernel.money import Money
from raseed.payments import api as payments
from raseed.payments.domain import PAYMENTS_PER_PAGE
from raseed.web.tests.street import MONA_PHONE, Street, signed_in, words_of

TO_MONA = banking.Alias(banking.AliasKind.PHONE, MONA_PHONE)


def send(street: Street, minor: int, *, to: banking.Alias = TO_MONA) -> payments.Payment:
    return payments.send(
        id=new_id(),
        actor_customer_id=street.layla.id,
        from_account_id=street.layla_wallet.id,
        to=to,
        amount=Money(minor, street.layla_wallet.currency),
    )


def test_what_was_sent_and_what_was_refused_stand_there_with_the_reason(street: Street) -> None:
    done = send(street, 250_00)
    refused = send(street, 4_000_00)
    lost = send(street, 5_00, to=banking.Alias(banking.AliasKind.PHONE, "+201005550000"))
    client = signed_in()
    page = client.get("/payments").content.decode()
    told = words_of(page)
    assert "M••• K•••" in told
    assert "Khalil" not in told, "the recipient's name stays masked"
    assert "There is not enough money in this account." in told
    assert "+20 10 05550000 Not sent" in told, "who was not found is called by the number"
    assert told.count("Not sent") == 2
    for each in (done, refused, lost):
        assert f'href="/payments/{each.id}"' in page
    receipt = words_of(client.get(f"/payments/{refused.id}").content.decode())
    assert "What happened We have accepted your instruction." in receipt


def test_it_is_reached_from_home_and_from_send(street: Street) -> None:
    client = signed_in()
    for address in ("/", "/send"):
        assert 'href="/payments"' in client.get(address).content.decode()


def test_who_has_sent_nothing_is_told_so_and_sees_nobody_elses(street: Street) -> None:
    send(street, 1_00)
    page = words_of(signed_in(MONA_PHONE).get("/payments").content.decode())
    assert "You have not sent anything yet." in page
    assert "EGP 1.00" not in page


@pytest.mark.parametrize("before", ["x", "-1", "9" * 30])
def test_a_place_that_is_none_is_refused_in_words(street: Street, before: str) -> None:
    assert signed_in().get("/payments", {"before": before}).status_code == 400


def test_a_full_page_leads_to_the_next_and_none_is_lost_or_twice(street: Street) -> None:
    for _ in range(PAYMENTS_PER_PAGE + 3):
        send(street, 1)
    client, address = signed_in(), "/payments"
    seen: list[str] = []
    for _ in range(2):
        page = client.get(address).content.decode()
        seen += re.findall(r'href="/payments/([^"]+)"', page)
        older = re.search(r'href="/payments(\?before=\d+)"', page)
        address = f"/payments{older[1]}" if older else ""
    assert not address
    assert len(seen) == len(set(seen)) == PAYMENTS_PER_PAGE + 3
