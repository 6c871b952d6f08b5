"""How the pages of settlements and of what differs look: nothing runs off, everything is read and tapped."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections
from django.test import override_settings

from raseed.bills import api as bills
from raseed.bills.tests.settling import Told, direct, next_day, pay, reconcile, told
from raseed.bills.tests.street import Street, build_street
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.web.tests.office.house import cheap_passwords, enrolled
from raseed.web.tests.street import known_codes
from raseed.web.tests.visitor import Visit
from tests.browser.test_looks import LANGUAGES, SIGHTS, wrong_with
from tests.browser.test_office import sign_in

pytestmark = pytest.mark.browser


@pytest.fixture
def street(address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Street]:
    known_codes(monkeypatch)
    with override_settings(BILLER_NETWORKS="127.0.0.0/8,::1/128"):
        built = build_street()
        try:
            yield built
        finally:
            built.server.stop()


def a_day_that_differs(street: Street) -> tuple[bills.Settlement, list[bills.Break]]:
    of = direct(street)
    _, account = street.person()
    orders = pay(street, of, account, [12_550, 1_000, 40_000])
    day = next_day(street)
    lines = told(orders[1:])
    lines[0] = Told(lines[0].payment, lines[0].reference, 1_050)
    reconcile(street, of, [*lines, lines[1], Told(new_id(), "town-A-VERY-LONG-REFERENCE-OF-THEIRS-0001", 5_000_000)])
    found = bills.breaks(street.town.bank, by=people.SYSTEM).breaks
    settled = bills.close_day(of.id, day, clock=street.town.clock)
    connections.close_all()
    return settled, list(found)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pages_of_settlements_and_breaks_fit_are_read_tapped_and_named(
    street: Street, visit: Visit, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cheap_passwords(monkeypatch)
    names = {"ar": "بسمة رمضان", "he": "בסמה רמדאן", "en": "Basma Ramadan"}
    basma = enrolled("basma", names, "back-office", at=street.town.bank)
    with ThreadPoolExecutor(1) as aside:  # Playwright's loop runs in this thread, and the courier has one of its own
        settled, found = aside.submit(a_day_that_differs, street).result()
    author = people.author_of_staff(basma.staff.id)
    one = next(each for each in found if each.kind is bills.BreakKind.AMOUNT_DIFFERS)
    bills.assign_break(one.id, to=basma.staff.id, by=author, reason="knows them", clock=street.town.clock)
    pages = {
        "settlements": "/office/settlements",
        "settlement": f"/office/settlements/{settled.id}",
        "payout-account": f"/office/billers/{settled.biller_id}/payout-account",
        "breaks": "/office/breaks",
        "break": f"/office/breaks/{one.id}",
        "break-resolve": f"/office/breaks/{one.id}/resolve",
        "break-assign": f"/office/breaks/{one.id}/assign",
        "received": "/office/breaks/file",
    }
    wrongs: dict[str, Any] = {}
    with visit(language, reduced_motion="reduce") as visitor:
        sign_in(visitor, basma)
        for name, path in pages.items():
            visitor.go(path)
            for width, scheme in SIGHTS:
                visitor.look(width=width, scheme=scheme)
                visitor.picture(f"{language}-{width}-{scheme}-office-{name}", whole=True)
                if wrong := wrong_with(visitor, language, width):
                    wrongs[f"{name} {width} {scheme}"] = wrong
    assert not wrongs, wrongs
