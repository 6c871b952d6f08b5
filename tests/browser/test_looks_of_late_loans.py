"""How a late loan, its product's penalty and waivers of loans look: all fits, is read and tapped, in three languages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from raseed.banking import api as banking
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.web.tests.corner import Corner
from raseed.web.tests.late import late_loan
from raseed.web.tests.office.house import cheap_passwords, enrolled
from raseed.web.tests.visitor import Visit
from tests.browser.test_looks import LANGUAGES
from tests.browser.test_looks_of_bills import corner
from tests.browser.test_looks_of_terms import NAMES, REASON, look
from tests.browser.test_office import sign_in

pytestmark = pytest.mark.browser
__all__ = ["corner"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_of_late_loans_fit_are_read_tapped_and_named(
    corner: Corner, visit: Visit, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cheap_passwords(monkeypatch)
    bank = corner.street.town.bank
    current = banking.open_current_account(id=new_id(), institution_id=bank, owner_id=corner.mona.id)
    loan = late_loan(current)
    new = banking.NewPenaltyWaiver(
        id=new_id(), institution_id=bank, names=NAMES, first_day=loan.as_of - timedelta(days=5),
        last_day=loan.as_of + timedelta(days=20), scope=banking.WaiverScope.LOANS, member_ids=[loan.account.id],
    )  # fmt: skip
    banking.give_penalty_waiver(new, by=people.SYSTEM, reason=REASON)
    basma = enrolled("basma", {"ar": "بسمة رمضان", "he": "בסמה רמדאן", "en": "Basma Ramadan"}, "back-office", at=bank)
    found: dict[str, Any] = {}
    with visit(language, reduced_motion="reduce") as visitor:
        visitor.sign_in(corner.mona.phone)
        visitor.go(f"/accounts/{loan.account.id}/details")
        look(visitor, language, "late-loan", found)
    with visit(language, reduced_motion="reduce") as visitor:
        sign_in(visitor, basma)
        for name, path in (
            ("office-late-loan", f"/office/accounts/{loan.account.id}"),
            ("office-loan-product", f"/office/products/{loan.account.product.id}"),
            ("office-loan-penalty", f"/office/products/{loan.account.product.id}/penalty"),
            ("office-loan-waivers", "/office/loan-waivers"),
            ("office-loan-waiver-new", "/office/loan-waivers/new"),
        ):
            visitor.go(path)
            look(visitor, language, name, found)
    assert not found, found
