"""How receipts look: the code on the screen, the public page, and what the office sees of them and of answers after the end."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Iterator
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from raseed.bills import api as bills
from raseed.bills.receipts import givebacks
from raseed.demo import switching
from raseed.demo.biller.manners import Manner
from raseed.kernel.money import Money
from raseed.people import api as people
from raseed.web.office.views import billers, simulated
from raseed.web.tests.corner import Corner
from raseed.web.tests.office.house import cheap_passwords, enrolled
from raseed.web.tests.visitor import Visit, Visitor
from tests.browser.test_looks import LANGUAGES, SIGHTS, wrong_with
from tests.browser.test_looks_of_bills import carried, corner
from tests.browser.test_office import sign_in

pytestmark = pytest.mark.browser
__all__ = ["corner"]


class Refunds:
    """Gives back what it is told."""

    minor = 0

    def of_orders(self, order_ids: Iterable[UUID]) -> dict[UUID, tuple[SimpleNamespace, ...]]:
        found = bills.orders_by_id(order_ids).values() if self.minor else ()
        return {one.id: (SimpleNamespace(amount=Money(self.minor, one.amount.currency)),) for one in found}


class Simulated:
    """The demo's door, with one biller that misbehaves: tests have no demo world installed."""

    MANNER_WORDS = switching.MANNER_WORDS
    QUESTION_WORDS = switching.QUESTION_WORDS
    SimulationNotRunning = switching.SimulationNotRunning

    @staticmethod
    def simulation() -> switching.Simulation:
        rule = switching.Misbehaviour("nur", "pay", Manner.CHANGED_AMOUNT, 10, 5)
        return switching.Simulation({"nur": 3, "gift": 0}, (rule, switching.Misbehaviour("*", "*", Manner.SLOW, 7, 3)))


def paid(corner: Corner) -> UUID:
    """Pay a bill to its end."""
    _, form = corner.confirmed(corner.owed()[0])
    corner.client.post("/bills/pay", form)
    carried()
    return UUID(str(form["id"]))


def public_pages(visitor: Visitor, receipt: bills.Receipt, refunds: Refunds) -> Iterator[str]:
    """Go through what anybody sees, and yield the name of each page."""
    visitor.go("/receipts/check")
    yield "check"
    visitor.page.fill("#number", receipt.number)
    visitor.page.fill("#code", "00000000")
    visitor.press("main form .button.wide >> nth=0")
    yield "check-wrong"
    visitor.go(f"/r/{receipt.text.replace('EGP:', 'EGP:9')}")
    yield "check-forged"
    visitor.go(f"/r/{receipt.text}")
    yield "check-genuine"
    for minor, name in ((1, "partly"), (10**9, "wholly")):
        refunds.minor = minor
        visitor.go(f"/R/{receipt.text}")
        yield f"check-{name}-back"
    refunds.minor = 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_receipts_and_the_page_that_checks_them_fit_are_read_tapped_and_named(
    corner: Corner, visit: Visit, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    refunds = Refunds()
    monkeypatch.setattr(givebacks, "refunds_of_orders", refunds.of_orders)
    id_ = paid(corner)
    receipt = bills.receipt(id_, corner.mona.id)
    found: dict[str, Any] = {}

    def look(visitor: Visitor, name: str) -> None:
        for width, scheme in SIGHTS:
            visitor.look(width=width, scheme=scheme)
            visitor.picture(f"{language}-{width}-{scheme}-{name}", whole=True)
            if wrong := wrong_with(visitor, language, width):
                found[f"{name} {width} {scheme}"] = wrong

    with visit(language, reduced_motion="reduce") as visitor:
        for name in public_pages(visitor, receipt, refunds):
            look(visitor, name)
        visitor.sign_in(corner.mona.phone)
        visitor.go(f"/payments/{id_}")
        look(visitor, "receipt")
    assert not found, found


def test_the_code_on_the_screen_is_read_by_a_camera(corner: Corner, visit: Visit) -> None:
    reader = pytest.importorskip("zxingcpp", reason="no reader of QR codes is installed: none was read")
    pictures = pytest.importorskip("PIL.Image")
    id_ = paid(corner)
    with visit("ar", color_scheme="dark") as visitor:
        visitor.sign_in(corner.mona.phone)
        visitor.go(f"/payments/{id_}")
        visitor.look(width=360, scheme="dark")
        picture = visitor.page.locator("svg.qr").screenshot()
    (code,) = reader.read_barcodes(pictures.open(io.BytesIO(picture)))
    assert code.text.upper().endswith("/R/" + bills.receipt(id_, corner.mona.id).text)
    assert base64.b32decode(code.text.rpartition(":")[2] + "=")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_offices_pages_of_receipts_and_billers_fit_are_read_tapped_and_named(
    corner: Corner, visit: Visit, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cheap_passwords(monkeypatch)
    for module in (simulated, billers):
        monkeypatch.setattr(module, "demo_doors", Simulated)
    bank = corner.street.town.bank
    names = {"ar": "بسمة رمضان", "he": "בסמה רמדאן", "en": "Basma Ramadan"}
    basma = enrolled("basma", names, "back-office", at=bank)
    adam = enrolled("adam", {"ar": "آدم", "he": "אדם", "en": "Adam"}, "administrator", at=bank)
    bills.receipt(paid(corner), corner.mona.id)
    bills.renew_receipt_key(bank, by=people.SYSTEM, reason="once a year")
    bills.renew_receipt_key(bank, by=people.SYSTEM, reason="its file was copied", revoke=True)
    found: dict[str, Any] = {}
    for colleague, pages in (
        (basma, {"simulated": "/office/billers/simulated", "billers-of-demo": "/office/billers"}),
        (adam, {"receipt-keys": "/office/receipt-keys", "receipt-key-revoke": "/office/receipt-keys/revoke"}),
    ):
        with visit(language, reduced_motion="reduce") as visitor:
            sign_in(visitor, colleague)
            for name, address in pages.items():
                visitor.go(address)
                for width, scheme in SIGHTS:
                    visitor.look(width=width, scheme=scheme)
                    visitor.picture(f"{language}-{width}-{scheme}-office-{name}", whole=True)
                    if wrong := wrong_with(visitor, language, width):
                        found[f"{name} {width} {scheme}"] = wrong
    assert not found, found
