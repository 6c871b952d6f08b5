"""The invented institutions, shops and small talk of the demo world. No institution here exists."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from raseed.kernel.errors import mark

COUNTRY: Final = "EG"
ZONE: Final = "Africa/Cairo"
CURRENCY: Final = "EGP"
PHONE_BLOCK: Final = "+2014"
"""Egyptian mobile numbers beginning with 014 have been given to no operator: no text sent there reaches anyone."""


@dataclass(frozen=True, slots=True)
class Place:
    """An institution of the demo; ``share`` is an issuer's per cent of all wallets."""

    slug: str
    kind: str
    names: dict[str, str]
    share: int = 0


ISSUERS: Final = (
    Place("qamar", "issuer", {"ar": "محفظة قمر", "he": "ארנק קמר", "en": "Qamar Wallet"}, 65),
    Place("zumurrud", "issuer", {"ar": "محفظة زمرد", "he": "ארנק זומרוד", "en": "Zumurrud Wallet"}, 20),
    Place("rayhan", "issuer", {"ar": "محفظة ريحان", "he": "ארנק ריחאן", "en": "Rayhan Wallet"}, 11),
    Place("bulbul", "issuer", {"ar": "محفظة بلبل", "he": "ארנק בולבול", "en": "Bulbul Wallet"}, 4),
)
BANK: Final = Place("yasmin", "bank", {"ar": "بنك الياسمين", "he": "בנק היסמין", "en": "Jasmine Bank"})
POWER: Final = Place("nur-power", "utility", {"ar": "نور للكهرباء", "he": "נור חשמל", "en": "Nur Electricity"})
OTHERS: Final = (
    POWER,
    Place("nab-water", "utility", {"ar": "مياه النبع", "he": "מי הנביעה", "en": "Nab Water"}),
    Place("silk-landline", "utility", {"ar": "سلك للهاتف الأرضي", "he": "סילק טלפוניה קווית", "en": "Silk Landline"}),
    Place("sada-mobile", "utility", {"ar": "صدى للمحمول", "he": "צדא סלולר", "en": "Sada Mobile"}),
    Place("nida-mobile", "utility", {"ar": "نداء للمحمول", "he": "נידא סלולר", "en": "Nida Mobile"}),
    Place(
        "nakhil-university",
        "utility",
        {"ar": "جامعة النخيل", "he": "אוניברסיטת הדקלים", "en": "University of the Palms"},
    ),
)
FOREIGN_CURRENCIES: Final = ("ILS", "OMR")
"""What the bank also keeps accounts in: OMR has three decimals."""


class Deed(IntEnum):
    """What moved the money; the number is the ledger's code less ``CODE_BASE`` and stands in the narrative's key."""

    OPENING = 1
    SALARY = 2
    TOP_UP = 3
    SHOPPING = 4
    CASH_OUT = 5
    SENT = 6
    RENT = 7
    SAVED = 8
    TAKINGS = 9


CODE_BASE: Final = 800
DEED_WORDS: Final = {
    Deed.OPENING: mark("Brought in when the account was opened"),
    Deed.SALARY: mark("Salary"),
    Deed.TOP_UP: mark("Cash paid in at an agent"),
    Deed.SHOPPING: mark("Shopping"),
    Deed.CASH_OUT: mark("Cash withdrawn"),
    Deed.SENT: mark("Sent to another customer"),
    Deed.RENT: mark("Rent"),
    Deed.SAVED: mark("Put aside"),
    Deed.TAKINGS: mark("Takings paid in"),
}
OTHER_SIDES: Final = {Deed.SALARY: mark("Employer"), Deed.RENT: mark("Landlord")}
SHOPS: Final = (
    {"ar": "بقالة السنبلة", "he": "מכולת השיבולת", "en": "Wheat Ear Grocery"},
    {"ar": "مخبز الفجر", "he": "מאפיית השחר", "en": "Dawn Bakery"},
    {"ar": "خضار وفاكهة البستان", "he": "ירקות ופירות הבוסתן", "en": "Orchard Greens"},
    {"ar": "صيدلية الشفاء الصغيرة", "he": "בית מרקחת המרפא הקטן", "en": "Little Remedy Pharmacy"},
    {"ar": "محطة وقود الواحة", "he": "תחנת דלק נווה", "en": "Oasis Fuel"},
    {"ar": "مكتبة الورّاق", "he": "חנות הספרים של הסופר", "en": "Scribe Books"},
    {"ar": "مقهى الركن", "he": "קפה הפינה", "en": "Corner Café"},
    {"ar": "ملابس النسيج", "he": "בגדי המארג", "en": "Weave Clothing"},
    {"ar": "سوبرماركت القافلة", "he": "סופרמרקט השיירה", "en": "Caravan Supermarket"},
    {"ar": "تصليح المحمول السريع", "he": "תיקון סלולר מהיר", "en": "Quick Phone Repair"},
)
NOTES: Final = {
    "ar": (
        "نصيبي من الغداء", "كل عام وأنتم بخير 🌙", "قسط الجمعية", "أجرة التاكسي", "شكرًا جزيلًا", "هدية المولود",
        "ثمن الكتب", "مصاريف الدرس", "سلفة، وصلت", "للبيت", "", "",
    ),
    "he": (
        "החלק שלי בארוחה", "מזל טוב! 🎉", "תודה רבה", "מונית", "מתנה לגן", "בשביל הספרים", "ועד בית", "החזר הלוואה",
        "קניות לשבת", "נסיעה משותפת", "", "",
    ),
    "en": (
        "My part of dinner", "Happy birthday!", "Thanks a lot", "Taxi", "For the books", "Trip fund", "Paying you back",
        "Groceries", "", "",
    ),
}  # fmt: skip
