"""Bytes are a budget: what a customer's first page and all pages together weigh on the wire."""

from __future__ import annotations

import gzip
import re
from typing import Final
from uuid import UUID

from django.test import Client

from raseed.bills import api as bills
from raseed.web.tests.corner import Corner, carry
from raseed.web.tests.street import MONA_PHONE, ORDER_BYTES, Street, pay_in, signed_in

FIRST_PAINT_MAX: Final = 14 * 1024
"""Bytes of the first page with all that it needs to be painted: ten TCP segments, one round on GPRS (RFC 6928)."""
ALL_MAX: Final = 60 * 1024
"""Bytes of the first page with everything it loads: style, scripts, icon, manifest."""


def wire(client: Client, address: str) -> tuple[int, str]:
    """Return an answer's bytes on the wire (head and compressed body), and its text."""
    answer = client.get(address, headers={"accept-encoding": "gzip"})
    assert answer.status_code == 200, address
    packed = answer["Content-Encoding"] == "gzip" if "Content-Encoding" in answer else False
    text = (gzip.decompress(answer.content) if packed else answer.content).decode()
    head = sum(len(f"{name}: {value}\r\n".encode()) for name, value in answer.items()) + len("HTTP/1.1 200 OK\r\n\r\n")
    cookies = sum(len(cookie.OutputString().encode()) + len("Set-Cookie: \r\n") for cookie in answer.cookies.values())
    return head + cookies + len(answer.content), text


def weigh(client: Client, address: str) -> tuple[int, int]:
    """Return the bytes needed for the first paint, and those of everything the page loads."""
    page, text = wire(client, address)
    style = re.findall(r'<link rel="stylesheet" href="([^"]+)"', text)
    later = re.findall(r'<link rel="(?:icon|manifest)" href="([^"]+)"', text) + re.findall(
        r'<script src="([^"]+)"', text
    )
    assert all("defer" in tag for tag in re.findall(r"<script[^>]*>", text)), "a script that holds up the paint counts"
    paint = page + sum(wire(client, one)[0] for one in style)
    return paint, paint + sum(wire(client, one)[0] for one in later)


def full_street(street: Street) -> dict[str, tuple[Client, str]]:
    """Return every page of a customer who has used the account, in Arabic (two bytes a letter)."""
    pay_in(street.layla_wallet, 1_23, times=60)
    client = signed_in(language="ar")
    client.post("/send/confirm", {**ORDER_BYTES, "from": str(street.layla_wallet.id)})
    return {
        "sign in": (Client(SERVER_NAME="localhost"), "/sign-in"),
        "home": (client, "/"),
        "statement, 50 lines": (client, f"/accounts/{street.layla_wallet.id}"),
        "send": (client, "/send"),
        "receipt": (client, f"/payments/{ORDER_BYTES['id']}"),
        "open an account": (signed_in(MONA_PHONE, language="ar"), "/accounts/open"),
        "settings": (client, "/settings"),
        "security": (client, "/security"),
        "about me": (client, "/about-me"),
        "my payments": (client, "/payments"),
        "account details": (client, f"/accounts/{street.layla_wallet.id}/details"),
    }


def test_every_page_paints_within_fourteen_and_loads_within_sixty_kilobytes(street: Street) -> None:
    over = {}
    for name, (client, address) in full_street(street).items():
        paint, everything = weigh(client, address)
        print(f"{name}: {paint} bytes to the first paint, {everything} in all")
        if paint > FIRST_PAINT_MAX or everything > ALL_MAX:
            over[name] = (paint, everything)
    assert not over


def test_the_pages_of_bills_are_within_the_budget_too(corner: Corner) -> None:
    numbers = [str(10_000_001 + n) for n in range(12)]
    owed = [bill for number in numbers for bill in corner.owed(number)]
    assert len(owed) > 20, "a long list"
    client = signed_in(corner.mona.phone, language="ar")
    several = next(each for each in owed if sum(one.reference == each.reference for one in owed) > 1)
    _, other = corner.confirmed(owed[1], client=client)
    client.post("/bills/pay", other)
    carry()
    receipt = bills.receipt(UUID(str(other["id"])), corner.mona.id)
    _, form = corner.confirmed(owed[0], client=client)
    client.post("/bills/pay", form)
    under_way = f"/payments/{form['id']}"
    addresses = {
        "receipt": f"/payments/{other['id']}", "check": "/receipts/check", "genuine": f"/r/{receipt.text}",
        "pay": "/bills", "calendar": "/bills/calendar", "billers": "/bills/billers", "a biller": f"/bills/billers/{corner.nur.id}",
        "choose": f"/bills/{several.id}/choose", "confirm": f"/bills/pay?bill={owed[-1].id}", "under way": under_way,
        "paid bills": "/bills/paid", "several": "/bills/several",
        "several confirmed": "/bills/several?" + "&".join(f"bill={each.id}" for each in owed[1:20]),
        "autopays": "/bills/autopays", "a new autopay": "/bills/autopays/new", "reminders": "/bills/reminders",
        "autopay form": f"/bills/autopays/new?order={form['id']}", "saving": f"/bills/saved/new/{form['id']}",
    }  # fmt: skip
    over = {}
    for name, address in addresses.items():
        paint, everything = weigh(client, address)
        print(f"{name}: {paint} bytes to the first paint, {everything} in all")
        if paint > FIRST_PAINT_MAX or everything > ALL_MAX:
            over[name] = (paint, everything)
    assert not over
