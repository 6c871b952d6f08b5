"""Which country's civil ids we check, and how: by python-stdnum where it has the country, by rules of our own for two.

Each check returns the number's one normal form, so that the same number is the same however it was typed.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterable
from datetime import date
from typing import Final

from stdnum.exceptions import ValidationError

from raseed.kernel.errors import InputError, mark
from raseed.kernel.text import ascii_digits

CIVIL_ID_LENGTH_MAX: Final = 40

_STDNUM: Final = {
    "BG": "bg.egn", "CN": "cn.ric", "CZ": "cz.rc", "DK": "dk.cpr", "EE": "ee.ik", "ES": "es.dni", "FI": "fi.hetu",
    "FR": "fr.nir", "GR": "gr.amka", "HR": "hr.oib", "ID": "id.nik", "IE": "ie.pps", "IL": "il.idnr", "IN": "in_.aadhaar",
    "IS": "is_.kennitala", "IT": "it.codicefiscale", "KR": "kr.rrn", "LT": "lt.asmens", "MY": "my.nric", "NL": "nl.bsn",
    "NO": "no.fodselsnummer", "PK": "pk.cnic", "PL": "pl.pesel", "PT": "pt.cc", "RO": "ro.cnp", "SE": "se.personnummer",
    "SI": "si.emso", "SK": "sk.rc", "TH": "th.pin", "TR": "tr.tckimlik", "US": "us.ssn", "ZA": "za.idnr",
}  # fmt: skip

_EGYPT: Final = re.compile(r"([23])(\d\d)(\d\d)(\d\d)(\d\d)\d{4}[1-9]\Z", re.ASCII)
_EGYPT_CENTURY: Final = {"2": 1900, "3": 2000}
EGYPT_GOVERNORATES: Final = frozenset(
    f"{n:02}" for n in (*range(1, 5), *range(11, 20), *range(21, 30), *range(31, 36), 88)
)
"""The first registration's governorate; 88 is abroad."""

_NINO: Final = re.compile(r"(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\d{6}[A-D]\Z", re.ASCII)


class InvalidCivilId(InputError):
    """A text that is no civil id of that country: its length, its check digit or the birth date in it is wrong."""

    code = "invalid_civil_id"
    sentence = mark("This is not a civil identity number of this country.")
    hint = mark("Compare it with the identity card, digit by digit.")


class UnknownCivilIdCountry(InputError):
    """We can't check the civil ids of this country."""

    code = "unknown_civil_id_country"
    sentence = mark("We can't check identity numbers of this country.")
    hint = mark("Choose another country.")


def civil_id_countries() -> tuple[str, ...]:
    """Return the countries (ISO 3166) whose civil ids can be kept, in order."""
    return tuple(sorted(_CHECKS))


def normal_civil_id(country: str, number: str) -> str:
    """Return the one normal form of a civil id; spaces, dashes and digits of three scripts are understood.

    Raises:
        UnknownCivilIdCountry: the country's ids can't be checked.
        InvalidCivilId: it is none of that country's.
    """
    check = _CHECKS.get(country)
    if check is None:
        raise UnknownCivilIdCountry(field="country")
    typed = ascii_digits(number).strip().upper()
    if not typed or len(typed) > CIVIL_ID_LENGTH_MAX or not typed.isascii() or not typed.isprintable():
        raise InvalidCivilId(field="number")
    try:
        return check(typed)
    except (ValidationError, ValueError):
        raise InvalidCivilId(field="number") from None


def readings(number: str, countries: Iterable[str]) -> list[tuple[str, str]]:
    """Return those of ``countries`` whose civil id this text could be, with its normal form there."""
    found = []
    for country in countries:
        try:
            found.append((country, normal_civil_id(country, number)))
        except InvalidCivilId:
            continue
    return found


def _by_stdnum(module: str) -> Callable[[str], str]:
    def check(typed: str) -> str:
        return str(importlib.import_module(f"stdnum.{module}").validate(typed))

    return check


def _egyptian(typed: str) -> str:
    """Check the structure of an Egyptian national number.

    Fourteen digits: the century (2: 19.., 3: 20..), the birth date YYMMDD, two digits of the governorate of registration,
    four of a serial number whose last is odd for men, and a check digit from 1 to 9. The check digit's rule was never
    published by the Civil Status Organization, so it is not recomputed.
    """
    digits = "".join(typed.replace("-", " ").split())
    found = _EGYPT.match(digits)
    if found is None:
        raise ValueError("not fourteen digits")
    century, year, month, day, governorate = found.groups()
    date(_EGYPT_CENTURY[century] + int(year), int(month), int(day))
    if governorate not in EGYPT_GOVERNORATES:
        raise ValueError("no such governorate")
    return digits


def _british(typed: str) -> str:
    """Check the structure of a National Insurance number, by HMRC's manual NIM39110; it has no check digit."""
    compact = "".join(typed.replace("-", " ").split())
    if not _NINO.match(compact):
        raise ValueError("not a National Insurance number")
    return compact


_CHECKS: Final[dict[str, Callable[[str], str]]] = {
    "EG": _egyptian,
    "GB": _british,
    **{country: _by_stdnum(module) for country, module in _STDNUM.items()},
}
