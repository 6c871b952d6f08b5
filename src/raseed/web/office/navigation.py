"""The menu of the back office: what the person may open at the institution they look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.urls import reverse
from django.utils.translation import gettext

from raseed.kernel.errors import mark

if TYPE_CHECKING:
    from .requests import StaffRequest


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the menu. ``permissions``: holding one of them is enough; none: for all staff."""

    name: str
    words: str
    icon: str
    permissions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ShownItem:
    """A line of the menu as it stands on a page."""

    name: str
    words: str
    icon: str
    address: str


ITEMS: Final = (
    Item("desk", mark("Desk"), "home"),
    Item("inbox", mark("Inbox"), "info", ("care.conversations.view",)),
    Item("macros", mark("Prepared answers"), "file", ("care.macros.edit", "care.tags.edit")),
    Item("care-reports", mark("Reports"), "statement", ("care.reports.view", "care.conversations.work")),
    Item("care-mine", mark("My shifts and record"), "day", ("care.conversations.work",)),
    Item("care-teams", mark("Teams and duty"), "people", ("care.duty.view",)),
    Item("care-calendars", mark("Working hours"), "day", ("care.duty.view",)),
    Item("care-rules", mark("Time limits"), "bill", ("care.duty.view",)),
    Item("search", mark("People and accounts"), "search", ("people.customers.view", "banking.accounts.view")),
    Item("merges", mark("Read as one person"), "people", ("people.merge.propose", "people.merge.confirm")),
    Item("operations", mark("Payments on their way"), "send", ("payments.view",)),
    Item("lanes", mark("Ways outside"), "to", ("payments.view",)),
    Item("channels", mark("Lines and messages"), "send", ("channels.messages.view",)),
    Item("set-aside", mark("Set aside"), "alert", ("channels.items.view",)),
    Item("billers", mark("Billers"), "bill", ("bills.view",)),
    Item("settlements", mark("Settlements"), "file", ("bills.settlement.view",)),
    Item("breaks", mark("What differs"), "find", ("bills.reconciliation.work",)),
    Item("books", mark("Checks of the books"), "check", ("assurance.books.view",)),
    Item("disputes", mark("Disputed bills"), "alert", ("bills.view",)),
    Item("waivers", mark("Waivers"), "day", ("bills.view",)),
    Item("loan-waivers", mark("Waivers of loans"), "day", ("banking.accounts.view",)),
    Item("releases", mark("Releases"), "shield", ("assurance.guard.view",)),
    Item("receipt-keys", mark("Keys of receipts"), "shield", ("bills.receipts.keys",)),
    Item("authority", mark("What staff may grant"), "check", ("care.authority.view", "care.limits.propose")),
    Item("changes", mark("Changes"), "changes"),
    Item("products", mark("Products, limits, fees"), "tag", ("banking.accounts.view",)),
    Item("staff", mark("Staff"), "people", ("people.staff.view",)),
    Item("roles", mark("Roles"), "shield", ("people.staff.view",)),
    Item("audit", mark("Audit trail"), "audit", ("people.audit.view",)),
    Item("me", mark("My sign-in"), "key"),
)


def menu(page: StaffRequest) -> list[ShownItem]:
    """Return the lines of the menu that this person is offered here."""
    return [
        ShownItem(item.name, gettext(item.words), item.icon, reverse(f"office:{item.name}"))
        for item in ITEMS
        if not item.permissions or any(page.author.may(code, page.institution.id) for code in item.permissions)
    ]
