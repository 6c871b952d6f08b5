"""Names and phone numbers for holders whose books carry none: made up, and marked so.

Given names and family names are each common; every pair is put together by arithmetic from the holder's key, so no
name here is taken from a person. Phone numbers come from blocks that no operator has been given (the Czech national
numbers that begin with 1, the Egyptian mobile numbers that begin with 014), so that no text can reach anyone.
"""

from __future__ import annotations

import hashlib
from typing import Final

CZECH_BLOCK: Final = "+4201"
EGYPTIAN_BLOCK: Final = "+2014"
_CZECH_FREE_DIGITS: Final = 8
_IMPORTED_FROM: Final = 50_000_000
"""The upper half of the Egyptian block is for imports; the demo world fills it from below."""

_MARKS: Final = {"ar": "(اسم مصطنع)", "he": "(שם בדוי)", "en": "(synthetic name)"}
_MEN: Final = (
    ("Jan", "يان", "יאן"), ("Petr", "بيتر", "פטר"), ("Pavel", "بافل", "פאבל"), ("Tomáš", "توماش", "תומאש"),
    ("Martin", "مارتن", "מרטין"), ("Jiří", "ييرجي", "יירז׳י"), ("Josef", "يوزف", "יוזף"), ("Karel", "كارل", "קארל"),
    ("Milan", "ميلان", "מילן"), ("Zdeněk", "زدينيك", "זדנייק"), ("Václav", "فاتسلاف", "ואצלב"),
)  # fmt: skip
_WOMEN: Final = (
    ("Jana", "يانا", "יאנה"), ("Marie", "ماري", "מארי"), ("Eva", "إيفا", "אווה"), ("Hana", "هانا", "האנה"),
    ("Anna", "آنا", "אנה"), ("Lenka", "لينكا", "לנקה"), ("Kateřina", "كاترجينا", "קטרז׳ינה"),
    ("Věra", "فيرا", "ויירה"), ("Alena", "ألينا", "אלנה"), ("Lucie", "لوتسي", "לוציה"), ("Petra", "بيترا", "פטרה"),
)  # fmt: skip
_FAMILIES: Final = (
    ("Novák", "نوفاك", "נובאק", "Nováková", "نوفاكوفا", "נובאקובה"),
    ("Svoboda", "سفوبودا", "סבובודה", "Svobodová", "سفوبودوفا", "סבובודובה"),
    ("Dvořák", "دفورجاك", "דבוז׳אק", "Dvořáková", "دفورجاكوفا", "דבוז׳אקובה"),
    ("Procházka", "بروخازكا", "פרוחאזקה", "Procházková", "بروخازكوفا", "פרוחאזקובה"),
    ("Kučera", "كوتشيرا", "קוצ׳רה", "Kučerová", "كوتشيروفا", "קוצ׳רובה"),
    ("Horák", "هوراك", "הוראק", "Horáková", "هوراكوفا", "הוראקובה"),
    ("Němec", "نيمتس", "ניימץ", "Němcová", "نيمتسوفا", "ניימצובה"),
    ("Pokorný", "بوكورني", "פוקורני", "Pokorná", "بوكورنا", "פוקורנה"),
    ("Marek", "ماريك", "מארק", "Marková", "ماركوفا", "מארקובה"),
    ("Hájek", "هايك", "האייק", "Hájková", "هايكوفا", "האייקובה"),
    ("Jelínek", "يلينك", "ילינק", "Jelínková", "يلينكوفا", "ילינקובה"),
    ("Růžička", "روجيتشكا", "רוז׳יצ׳קה", "Růžičková", "روجيتشكوفا", "רוז׳יצ׳קובה"),
    ("Sedláček", "سدلاتشيك", "סדלאצ׳ק", "Sedláčková", "سدلاتشكوفا", "סדלאצ׳קובה"),
)


def czech_names(number: int, *, woman: bool) -> dict[str, str]:
    """Return a made-up name in English, Arabic and Hebrew, marked so; the same for the same number."""
    given = (_WOMEN if woman else _MEN)[number % len(_MEN)]
    family = _FAMILIES[number // len(_MEN) % len(_FAMILIES)]
    shift = 3 if woman else 0
    return {
        language: f"{given[place]} {family[place + shift]} {_MARKS[language]}"
        for place, language in enumerate(("en", "ar", "he"))
    }


def holder_names(account: str) -> dict[str, str]:
    """Return a stand-in for the unknown name of an account's holder, marked so."""
    return {
        "en": f"Holder of account {account} {_MARKS['en']}",
        "ar": f"صاحب الحساب {account} {_MARKS['ar']}",
        "he": f"בעל חשבון {account} {_MARKS['he']}",
    }


def czech_phone(key: str) -> str:
    """Return the synthetic phone number of a client, from the client's number in the source.

    Raises:
        ValueError: the number has more than eight digits.
    """
    if len(key) > _CZECH_FREE_DIGITS:
        raise ValueError("no room for this client's number in the block")
    return CZECH_BLOCK + key.rjust(_CZECH_FREE_DIGITS, "0")


def holder_phone(institution: str, account: str) -> str:
    """Return a synthetic phone number for an account's unnamed holder: the same for the same account."""
    digest = hashlib.sha256(f"{institution}\x1f{account}".encode()).digest()
    return f"{EGYPTIAN_BLOCK}{_IMPORTED_FROM + int.from_bytes(digest[:8]) % _IMPORTED_FROM}"
