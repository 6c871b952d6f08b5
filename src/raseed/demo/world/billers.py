"""The invented billers that the bank collects for: none of them exists, and their names say so to whoever reads them."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final

from ..biller.book import Kind


@dataclass(frozen=True, slots=True)
class Asked:
    """The one thing that a biller asks for; ``check`` is ``luhn``, ``mod97`` or empty."""

    code: str
    kind: str
    names: dict[str, str]
    length: int
    check: str = ""
    help: dict[str, str] | None = None
    mask: str = ""
    example: str = ""


@dataclass(frozen=True, slots=True)
class LateShare:
    """What a biller asks for when a bill is late: a share of what is owed, once, after some days, at most so much."""

    rate_ppm: int
    grace_days: int
    cap_minor: int


@dataclass(frozen=True, slots=True)
class Collected:
    """A biller: how it is paid, what it asks for, how its bills look; ``share`` of people in a hundred are its customers."""

    code: str
    category: str
    model: str
    names: dict[str, str]
    asked: Asked
    bills: Kind
    share: int
    colour: str
    sign: str
    late: LateShare | None = None
    term: Asked | None = None


_ON_BILL: Final = {"ar": "تجده أعلى الفاتورة.", "he": "מופיע בראש החשבון.", "en": "It is at the top of your bill."}
_METER: Final = Asked(
    "meter", "meter", {"ar": "رقم العدّاد", "he": "מספר מונה", "en": "Meter number"}, 11, "luhn", _ON_BILL
)
_CONTRACT: Final = Asked(
    "contract", "account", {"ar": "رقم الاشتراك", "he": "מספר מנוי", "en": "Contract number"}, 10, "mod97", _ON_BILL
)
_PHONE: Final = Asked("phone", "number", {"ar": "رقم الهاتف", "he": "מספר טלפון", "en": "Phone number"}, 10)
_STUDENT: Final = Asked(
    "student", "student", {"ar": "رقم الطالب", "he": "מספר סטודנט", "en": "Student number"}, 9, "",
    {"ar": "على بطاقة الجامعة.", "he": "על כרטיס הסטודנט.", "en": "On your student card."},
)  # fmt: skip
_TERM: Final = Asked(
    "term", "code", {"ar": "الفصل الدراسي", "he": "סמסטר", "en": "Term"}, 6, "",
    {
        "ar": "سنة بداية العام الدراسي ورقم الفصل، كما في كشف المصروفات.",
        "he": "השנה שבה נפתחה שנת הלימודים ומספר הסמסטר, כפי שבדרישת התשלום.",
        "en": "The year in which the academic year began, and the number of the term, as on the fee note.",
    },
    "9999-9", "2026-1",
)  # fmt: skip
_POLICY: Final = Asked(
    "policy", "account", {"ar": "رقم الوثيقة", "he": "מספר פוליסה", "en": "Policy number"}, 12, "luhn"
)
_PROPERTY: Final = Asked(
    "property", "account", {"ar": "رقم العقار", "he": "מספר נכס", "en": "Property number"}, 8, "luhn"
)

BILLERS: Final = (
    Collected("nur-power", "electricity", "fetch",
              {"ar": "نور للكهرباء (تجريبية)", "he": "נור חשמל (הדגמה)", "en": "Nur Electricity (demo)"},
              _METER, Kind(9_000, 90_000, "any"), 90, "#b45309", "M13 2 5 13h5l-1 9 8-11h-5z"),
    Collected("nab-water", "water", "fetch",
              {"ar": "مياه النبع (تجريبية)", "he": "מי הנביעה (הדגמה)", "en": "Nab Water (demo)"},
              _CONTRACT, Kind(4_000, 30_000), 80, "#0369a1", "M12 2c4 6 6 9 6 12a6 6 0 0 1-12 0c0-3 2-6 6-12z",
              LateShare(20_000, 5, 2_000)),
    Collected("silk-landline", "landline", "fetch",
              {"ar": "سلك للهاتف الأرضي (تجريبية)", "he": "סילק טלפוניה (הדגמה)", "en": "Silk Landline (demo)"},
              _CONTRACT, Kind(3_000, 15_000), 35, "#4d7c0f", "M4 4h5l2 5-3 2a11 11 0 0 0 5 5l2-3 5 2v5C10 20 4 14 4 4z"),
    Collected("sada-mobile", "mobile", "validate",
              {"ar": "صدى للمحمول (تجريبية)", "he": "צדא סלולר (הדגמה)", "en": "Sada Mobile (demo)"},
              _PHONE, Kind(1_000, 50_000), 0, "#7e22ce", "M7 2h10v20H7zM10 18h4"),
    Collected("barq-internet", "internet", "fetch",
              {"ar": "برق للإنترنت (تجريبية)", "he": "ברק אינטרנט (הדגמה)", "en": "Barq Internet (demo)"},
              _CONTRACT, Kind(12_000, 45_000), 50, "#0f766e", "M3 9a14 14 0 0 1 18 0M6 13a9 9 0 0 1 12 0M12 18h0"),
    Collected("nakhil-university", "university", "fetch",
              {"ar": "جامعة النخيل (تجريبية)", "he": "אוניברסיטת הדקלים (הדגמה)", "en": "University of the Palms (demo)"},
              _STUDENT, Kind(150_000, 900_000, "minimum", 1, by_term=True), 20, "#9f1239",
              "M2 9l10-5 10 5-10 5zM6 12v5l6 3 6-3v-5", term=_TERM),
    Collected("baladiya", "municipality", "fetch",
              {"ar": "بلدية الواحة (تجريبية)", "he": "עיריית נווה (הדגמה)", "en": "Oasis Municipality (demo)"},
              _PROPERTY, Kind(20_000, 160_000, "any", 1), 40, "#475569", "M4 21V9l8-6 8 6v12zM9 21v-6h6v6"),
    Collected("aman-insurance", "insurance", "direct",
              {"ar": "أمان للتأمين (تجريبية)", "he": "אמאן ביטוח (הדגמה)", "en": "Aman Insurance (demo)"},
              _POLICY, Kind(1_000, 50_000), 0, "#1d4ed8", "M12 2l8 3v6c0 5-3 9-8 11-5-2-8-6-8-11V5z"),
)  # fmt: skip


def logo_of(biller: Collected) -> bytes:
    """Return a biller's picture: its sign in its colour."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><rect width="24" height="24" rx="6" fill="{biller.colour}"/>'
        f'<path d="{biller.sign}" fill="none" stroke="#fff" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round" '
        'transform="translate(4.8 4.8) scale(0.6)"/></svg>'
    ).encode()


def number_of(rng: Random, asked: Asked) -> str:
    """Return somebody's number at a biller: as long as it should be, with check digits that fit; never nobody's."""
    from stdnum import luhn  # noqa: PLC0415  (only needed while planting)
    from stdnum.iso7064 import mod_97_10  # noqa: PLC0415

    checks = {"": 0, "luhn": 1, "mod97": 2}[asked.check]
    while True:
        stem = str(rng.randrange(10 ** (asked.length - checks - 1), 10 ** (asked.length - checks)))
        digits = {0: "", 1: luhn.calc_check_digit(stem) if checks == 1 else "", 2: ""}[checks]
        if checks == 2:  # noqa: PLR2004
            digits = mod_97_10.calc_check_digits(stem)
        if not (stem + digits).endswith("000"):
            return stem + digits
