"""What audit records and changes call ``kind:id``, in words and with the address of its page, looked up a page at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext

from raseed.assurance.api import guard
from raseed.banking import api as banking
from raseed.bills import api as bills
from raseed.care import api as care
from raseed.kernel.errors import mark
from raseed.kernel.ids import InvalidId, parse_id
from raseed.payments import api as payments
from raseed.people import api as people

if TYPE_CHECKING:
    from .requests import StaffRequest

SHORT_ID: Final = 8
"""Characters of an id by which things without a name are told apart."""
KIND_WORDS: Final = {
    "system": mark("Raseed itself"),
    "staff": mark("Staff"),
    "customer": mark("Person"),
    "account": mark("Account"),
    "product": mark("Product"),
    "role": mark("Role"),
    "institution": mark("Institution"),
    "key": mark("Access key"),
    "change": mark("Change"),
    "payment": mark("Payment"),
    "payment_order": mark("Payment order"),
    "access_key": mark("Access key"),
    "accounts": mark("Accounts"),
    "vulnerability": mark("Marker of special care"),
    "webhook": mark("Webhook"),
    "line": mark("Line"),
    "item": mark("Delivered item"),
    "outgoing": mark("Message to a customer"),
    "biller": mark("Biller"),
    "break": mark("Difference to a biller"),
    "finding": mark("Finding of a check"),
    "ledger": mark("Ledger"),
    "transfer": mark("Posting"),
    "order": mark("Order of bills"),
    "batch": mark("Batch of postings"),
    "leaf": mark("Leaf of the log"),
    "checkpoint": mark("Checkpoint"),
    "log": mark("Sealed log"),
    "delivery": mark("Delivery of an event"),
    "check": mark("Check"),
    "generation": mark("Generation of shown balances"),
    "tree": mark("Tree of certificates"),
    "lane": mark("Way to recipients outside"),
    "waiver": mark("Waiver"),
    "loan_waiver": mark("Waiver of loans"),
    "dispute": mark("Dispute"),
    "bill": mark("Bill"),
    "release": mark("Release"),
    "team": mark("Team"),
    "calendar": mark("Working hours"),
}
NO_ID_WORDS: Final = {"many": mark("many"), "unknown": mark("unknown")}
"""What stands in the place of an id where there is none: an import of thousands, a login that nobody has."""


@dataclass(frozen=True, slots=True)
class Named:
    """A thing in words. ``number`` says that the words are a number (an IBAN), to be written from the left."""

    kind: str
    kind_words: str
    words: str
    address: str = ""
    number: bool = False


def name_in(names: Mapping[str, str], language: str) -> str:
    """Return a name in ``language``, else in the first language there is one in."""
    return names.get(language) or next(iter(names.values()), "")


def kind_words(kind: str) -> str:
    """Return what things of a kind are called."""
    return gettext(KIND_WORDS[kind]) if kind in KIND_WORDS else kind.replace("_", " ")


def names_of(references: Iterable[str], page: StaffRequest) -> dict[str, Named]:
    """Return the things that references (``kind:id``) name, in words for this reader; those unknown by a part of their id.

    A customer is named in full to staff who may see customers where they are one, and masked to others.
    """
    wanted: dict[str, dict[UUID, str]] = defaultdict(dict)
    found: dict[str, Named] = {}
    for reference in set(references):
        kind, _, text = reference.partition(":")
        try:
            wanted[kind][parse_id(text)] = reference
        except InvalidId:
            known = gettext(NO_ID_WORDS[text]) if text in NO_ID_WORDS else text
            found[reference] = Named(kind, kind_words(kind), known or kind_words(kind))
    for kind, ids in wanted.items():
        named = _NAMERS[kind](list(ids), page) if kind in _NAMERS else {}
        for id_, reference in ids.items():
            found[reference] = named.get(id_) or Named(kind, kind_words(kind), id_.hex[-SHORT_ID:].upper(), number=True)
    return found


def _staff(ids: list[UUID], page: StaffRequest) -> Mapping[UUID, Named]:
    linked, found = page.rights.may("people.staff.view"), {}
    for id_ in ids:
        with suppress(people.UnknownStaff):
            one = people.staff(id_)
            address = reverse("office:staff-one", args=[id_]) if linked else ""
            found[id_] = Named("staff", kind_words("staff"), name_in(one.names, page.reader.language), address)
    return found


def _customers(ids: list[UUID], page: StaffRequest) -> Mapping[UUID, Named]:
    found = {}
    for id_, one in people.customers(ids).items():
        seen = any(page.rights.may("people.customers.view", house.id) for house in people.institutions_of(id_))
        told = people.display_name if seen else people.masked_name
        address = reverse("office:person", args=[id_]) if seen else ""
        found[id_] = Named("customer", kind_words("customer"), told(one, page.reader.language), address)
    return found


def account_words(account: banking.BankAccount) -> str:
    """Return the number by which an account is told: a wallet's phone number, an IBAN, an account number."""
    phone, iban, number = (account.alias(kind) for kind in banking.ACCOUNT_ALIAS_KINDS)
    if phone and account.product.kind is banking.ProductKind.WALLET:
        return people.phone_text(phone)
    return banking.printed_iban(iban) if iban else number or account.id.hex[-SHORT_ID:].upper()


def _accounts(ids: list[UUID], page: StaffRequest) -> Mapping[UUID, Named]:
    return {
        id_: Named(
            "account",
            kind_words("account"),
            account_words(one),
            reverse("office:account", args=[id_])
            if page.rights.may("banking.accounts.view", one.institution_id)
            else "",
            number=True,
        )
        for id_, one in banking.accounts(ids).items()
    }


def _products(ids: list[UUID], page: StaffRequest) -> Mapping[UUID, Named]:
    found = {}
    for id_ in ids:
        with suppress(banking.ProductNotOffered):
            product = banking.product(id_)
            linked = page.rights.may("banking.accounts.view", product.institution_id)
            address = reverse("office:product", args=[id_]) if linked else ""
            found[id_] = Named("product", kind_words("product"), product.name(page.reader.language), address)
    return found


def _roles(ids: list[UUID], page: StaffRequest) -> Mapping[UUID, Named]:
    linked, found = page.rights.may("people.staff.view"), {}
    for id_ in ids:
        with suppress(people.UnknownRole):
            one = people.role(id_)
            address = reverse("office:role", args=[id_]) if linked else ""
            found[id_] = Named("role", kind_words("role"), name_in(one.names, page.reader.language), address)
    return found


def _institutions(ids: list[UUID], page: StaffRequest) -> Mapping[UUID, Named]:
    return {
        one.id: Named("institution", kind_words("institution"), people.display_name(one, page.reader.language))
        for one in people.institutions()
        if one.id in ids
    }


def _payments(ids: list[UUID], page: StaffRequest) -> Mapping[UUID, Named]:
    linked = page.rights.may("payments.view")
    return {
        id_: Named(
            "payment",
            kind_words("payment"),
            payments.reference_of(id_),
            reverse("office:operation", args=[id_]) if linked else "",
            number=True,
        )
        for id_ in ids
    }


def _billers(ids: list[UUID], page: StaffRequest) -> Mapping[UUID, Named]:
    return {
        id_: Named(
            "biller",
            kind_words("biller"),
            one.name(page.reader.language),
            reverse("office:biller-terms", args=[id_]) if page.rights.may("bills.view", one.institution_id) else "",
        )
        for id_, one in bills.billers(ids).items()
    }


def _waivers(ids: list[UUID], page: StaffRequest) -> Mapping[UUID, Named]:
    address = reverse("office:waivers") if page.rights.may("bills.view") else ""
    return {
        id_: Named("waiver", kind_words("waiver"), one.name(page.reader.language), address)
        for id_, one in bills.waivers_by_id(ids).items()
    }


def _loan_waivers(ids: list[UUID], page: StaffRequest) -> Mapping[UUID, Named]:
    address = reverse("office:loan-waivers") if page.rights.may("banking.accounts.view") else ""
    return {
        id_: Named("loan_waiver", kind_words("loan_waiver"), one.name(page.reader.language), address)
        for id_, one in banking.penalty_waivers_by_id(ids).items()
    }


def _disputes(ids: list[UUID], page: StaffRequest) -> Mapping[UUID, Named]:
    linked = page.rights.may("bills.view")
    return {
        id_: Named(
            "dispute",
            kind_words("dispute"),
            id_.hex[-SHORT_ID:].upper(),
            reverse("office:dispute", args=[id_]) if linked else "",
            number=True,
        )
        for id_ in ids
    }


def _bills(ids: list[UUID], page: StaffRequest) -> Mapping[UUID, Named]:
    del page
    return {
        id_: Named("bill", kind_words("bill"), one.number, number=True) for id_, one in bills.bills_by_id(ids).items()
    }


def _releases(ids: list[UUID], page: StaffRequest) -> Mapping[UUID, Named]:
    found = {}
    for id_ in ids:
        with suppress(guard.ReleaseUnknown):
            one = guard.release(id_)
            linked = page.rights.may("assurance.guard.view", one.institution_id)
            address = reverse("office:release", args=[id_]) if linked else ""
            found[id_] = Named(
                "release", kind_words("release"), f"{guard.system(one.system).name} {one.candidate}", address
            )
    return found


def _teams(ids: list[UUID], page: StaffRequest) -> Mapping[UUID, Named]:
    found = {}
    for id_ in ids:
        with suppress(care.duty.UnknownTeam):
            one = care.duty.team(id_)
            linked = page.rights.may(care.duty.VIEW_DUTY, one.institution_id)
            address = reverse("office:care-team", args=[id_]) if linked else ""
            found[id_] = Named("team", kind_words("team"), name_in(one.names, page.reader.language), address)
    return found


def _calendars(ids: list[UUID], page: StaffRequest) -> Mapping[UUID, Named]:
    found = {}
    for id_ in ids:
        with suppress(care.duty.UnknownCalendar):
            one = care.duty.named_calendar(id_)
            linked = page.rights.may(care.duty.VIEW_DUTY, one.institution_id)
            address = reverse("office:care-calendar", args=[id_]) if linked else ""
            found[id_] = Named("calendar", kind_words("calendar"), name_in(one.names, page.reader.language), address)
    return found


_NAMERS: Final[Mapping[str, Callable[[list[UUID], StaffRequest], Mapping[UUID, Named]]]] = {
    "staff": _staff,
    "customer": _customers,
    "account": _accounts,
    "product": _products,
    "role": _roles,
    "institution": _institutions,
    "payment": _payments,
    "biller": _billers,
    "waiver": _waivers,
    "loan_waiver": _loan_waivers,
    "dispute": _disputes,
    "bill": _bills,
    "release": _releases,
    "team": _teams,
    "calendar": _calendars,
}
