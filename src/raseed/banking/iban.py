"""IBANs and account numbers. IBANs are made for the countries we serve, checked for all (ISO 13616-1:2020; check digits by ISO 7064 MOD 97-10).

Structures of the national part (BBAN) are those of the SWIFT IBAN registry. Syria is not in it: accounts there have a
number only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .errors import InvalidIban

IBAN_LENGTH_MIN: Final = 15
IBAN_LENGTH_MAX: Final = 34


@dataclass(frozen=True, slots=True)
class Structure:
    """A country's BBAN: digits of the bank code, of the branch code, and of the account number, in this order."""

    bank: int
    branch: int
    account: int

    @property
    def length(self) -> int:
        """The length of the whole IBAN."""
        return 4 + self.bank + self.branch + self.account


STRUCTURES: Final = {
    "EG": Structure(bank=4, branch=4, account=17),
    "IL": Structure(bank=3, branch=3, account=13),
    "OM": Structure(bank=3, branch=0, account=16),
}

_VALUES: Final = str.maketrans({chr(55 + value): str(value) for value in range(10, 36)})
"""What a letter stands for: A = 10 … Z = 35; digits stand for themselves."""


def _remainder(text: str) -> int:
    """Return the number that an IBAN's characters stand for (A = 10 … Z = 35) modulo 97."""
    return int(text.translate(_VALUES)) % 97


def make_iban(*, country: str, bank_code: str, branch_code: str, account_number: str) -> str | None:
    """Return the IBAN of an account number, or ``None`` where the country has no IBAN that we make.

    Codes and number are digits, padded with zeros on the left.

    Raises:
        ValueError: a part does not fit: an institution set up with a wrong code, which is a bug of its set-up.
    """
    structure = STRUCTURES.get(country)
    if structure is None:
        return None
    bban = ""
    for text, width in (
        (bank_code, structure.bank),
        (branch_code, structure.branch),
        (account_number, structure.account),
    ):
        digits = text.lstrip("0")
        if not digits.isascii() or not (digits.isdigit() or not digits) or len(digits) > width:
            raise ValueError(f"“{text}” does not fit {width} digits of an IBAN of {country}")
        bban += digits.rjust(width, "0")
    check = 98 - _remainder(f"{bban}{country}00")
    return f"{country}{check:02d}{bban}"


def checked_iban(text: str, *, field: str = "to") -> str:
    """Return an IBAN in its electronic form: capitals, no spaces.

    Raises:
        InvalidIban: wrong characters, length or check digits.
    """
    iban = "".join(text.split()).upper()
    fits = iban.isascii() and iban.isalnum() and IBAN_LENGTH_MIN <= len(iban) <= IBAN_LENGTH_MAX
    if not fits or not (iban[:2].isalpha() and iban[2:4].isdigit()):
        raise InvalidIban(field=field)
    structure = STRUCTURES.get(iban[:2])
    if (structure and len(iban) != structure.length) or _remainder(iban[4:] + iban[:4]) != 1:
        raise InvalidIban(field=field)
    return iban


def printed_iban(iban: str) -> str:
    """Return an IBAN as it is printed: in groups of four."""
    return " ".join(iban[at : at + 4] for at in range(0, len(iban), 4))


def numbered(serial: int) -> str:
    """Return the account number of a serial: the serial and two check digits (ISO 7064 MOD 97-10).

    A slip of the finger then meets nobody's account rather than somebody's.
    """
    return f"{serial}{98 - serial * 100 % 97:02d}"
