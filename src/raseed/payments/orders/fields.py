"""What stands in the elements of a payment file: plain values out of elements that the schema allows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from raseed.banking.api import Alias, AliasKind

from .shells import NS, Element

COUNTRIES: Final = frozenset(
    """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY
    BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK
    FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR
    IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK
    ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM
    PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF
    TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW
    """.split()  # noqa: SIM905  (a list of 250 strings is not read by anyone)
)
"""ISO 3166-1 alpha-2, and XK, which SWIFT uses for Kosovo."""

_NS_LENGTH: Final = len(NS)
_UNSTRUCTURED: Final = f"{NS}Ustrd"
MINOR_DIGITS: Final = 5
"""An amount of ISO 20022 has at most so many digits after the point; sums are compared in units of the last."""


def find(element: Element | None, *path: str) -> Element | None:
    """Return the first element down a path, if there is one."""
    for name in path:
        if element is None:
            return None
        wanted = NS + name
        for child in element:
            if child.tag == wanted:
                element = child
                break
        else:
            return None
    return element


def text(element: Element | None) -> str:
    """Return an element's text without the white space around it."""
    return (element.text or "").strip() if element is not None else ""


def exact(element: Element) -> str:
    """Return an element's text as it stands, to be given back as it came."""
    return element.text or ""


def fields(element: Element) -> dict[str, Element]:
    """Return an element's children by their short names; of several of one name, the first."""
    children = [(child.tag[_NS_LENGTH:], child) for child in element]
    children.reverse()
    return dict(children)


@dataclass(frozen=True, slots=True)
class AccountField:
    """An account as a file names it: the element to blame, its path below the account, and the alias."""

    element: Element
    path: str
    alias: Alias


def account_field(account: Element | None) -> AccountField | None:
    """Return how a ``CashAccount`` names an account, not checked yet: by IBAN, or by number or phone (``Othr/Id``).

    A number that begins with + is a phone number (E.164), as wallets are addressed.
    """
    iban = find(account, "Id", "IBAN")
    if iban is not None:
        return AccountField(iban, "Id/IBAN", Alias(AliasKind.IBAN, text(iban)))
    other = find(account, "Id", "Othr", "Id")
    if other is None:
        return None
    value = text(other)
    kind = AliasKind.PHONE if value.startswith("+") else AliasKind.NUMBER
    return AccountField(other, "Id/Othr/Id", Alias(kind, value))


def minor_units(written: str, scale: int) -> int | None:
    """Return a decimal of XML Schema as minor units, or ``None`` where it has more decimals than the currency."""
    whole, _, part = written.removeprefix("+").partition(".")
    if len(part) > scale:
        return None
    return int((whole or "0") + part.ljust(scale, "0"))


def remittance(information: Element | None) -> Iterator[Element]:
    """Yield the elements whose text goes with the payment: the unstructured lines, or else the creditor's reference."""
    lines = [] if information is None else [child for child in information if child.tag == _UNSTRUCTURED]
    yield from lines
    if not lines:
        reference = find(information, "Strd", "CdtrRefInf", "Ref")
        if reference is not None:
            yield reference


def day_of(choice: Element | None, zone: str) -> date | None:
    """Return the date of a ``DateAndDateTime`` choice, in the zone of the account's books; ``None``: no date we know."""
    given = find(choice, "Dt")
    instant = find(choice, "DtTm")
    try:
        if given is not None:
            return date.fromisoformat(text(given)[:10])
        moment = datetime.fromisoformat(text(instant))
    except ValueError:
        return None
    return moment.date() if moment.tzinfo is None else moment.astimezone(ZoneInfo(zone)).date()
