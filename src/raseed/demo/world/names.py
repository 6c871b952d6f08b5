"""Names for invented people: each is a given name and a family name put together by chance, in three scripts.

Every name on the lists is common; no pair is taken from a person.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from random import Random


@dataclass(frozen=True, slots=True)
class Name:
    """One word of a name in Arabic, Hebrew and Latin letters."""

    ar: str
    he: str
    en: str


def _list(text: str) -> tuple[Name, ...]:
    return tuple(Name(*line.split()) for line in text.strip().splitlines())


ARABIC_GIVEN: Final = _list("""
ليلى לילא Layla
منى מונא Mona
نور נור Nour
سلمى סלמא Salma
هدى הודא Huda
ريم רים Reem
مريم מרים Maryam
فاطمة פאטמה Fatma
أمينة אמינה Amina
دينا דינא Dina
رانيا רניא Rania
سعاد סועאד Suad
ياسمين יאסמין Yasmin
هالة האלה Hala
زينب זינב Zeinab
نجلاء נג׳לאא Naglaa
أحمد אחמד Ahmad
محمود מחמוד Mahmoud
يوسف יוסף Yousef
كريم כרים Karim
طارق טארק Tarek
سامي סאמי Sami
عمر עומר Omar
خالد ח׳אלד Khaled
حسن חסן Hassan
إبراهيم אבראהים Ibrahim
مصطفى מוסטפא Mostafa
ماجد מאג׳ד Maged
وليد וליד Walid
رامي ראמי Rami
جورج ג׳ורג׳ George
مينا מינא Mina
""")
ARABIC_FAMILY: Final = _list("""
منصور מנצור Mansour
النجار אלנג׳אר Alnaggar
الخياط אלח׳יאט Alkhayyat
حداد חדאד Haddad
الشامي אלשאמי Alshami
المصري אלמצרי Almasri
درويش דרוויש Darwish
سليمان סלימאן Soliman
عبدالله עבדאללה Abdallah
يعقوب יעקוב Yaqoub
خليل ח׳ליל Khalil
صالح סאלח Saleh
نصار נסאר Nassar
فرح פרח Farah
زيدان זידאן Zidan
شاهين שאהין Shahin
قاسم קאסם Qasem
مراد מוראד Mourad
الحلبي אלחלבי Alhalabi
بطرس בוטרוס Boutros
عزيز עזיז Aziz
الصياد אלסיאד Alsayyad
الزيات אלזיאת Alzayyat
غانم ר׳אנם Ghanem
""")
HEBREW_GIVEN: Final = _list("""
نوعا נועה Noa
تمار תמר Tamar
يعيل יעל Yael
شيرا שירה Shira
مايا מאיה Maya
ميخال מיכל Michal
روني רוני Roni
أورلي אורלי Orly
راحيل רחל Rachel
دفنا דפנה Dafna
هداس הדס Hadas
ليئور ליאור Lior
يونتان יונתן Yonatan
إيتاي איתי Itay
دانيال דניאל Daniel
عيدو עידו Ido
غاي גיא Guy
أوري אורי Uri
عوفر עופר Ofer
موشيه משה Moshe
دافيد דוד David
يوآف יואב Yoav
نير ניר Nir
أمير אמיר Amir
""")
HEBREW_FAMILY: Final = _list("""
ليفي לוי Levi
كوهين כהן Cohen
مزراحي מזרחי Mizrahi
بيرتس פרץ Peretz
بيتون ביטון Biton
دهان דהן Dahan
أفراهام אברהם Avraham
فريدمان פרידמן Friedman
أزولاي אזולאי Azoulay
كاتس כץ Katz
غباي גבאי Gabay
حداد חדד Hadad
عمار עמר Amar
شابيرا שפירא Shapira
أوحايون אוחיון Ohayon
سيغال סגל Segal
مالكا מלכה Malka
بن-دافيد בן־דוד Ben-David
روزنبرغ רוזנברג Rosenberg
هراري הררי Harari
""")


def full_names(rng: Random, *, hebrew: bool) -> dict[str, str]:
    """Return a person's names by language."""
    given = rng.choice(HEBREW_GIVEN if hebrew else ARABIC_GIVEN)
    family = rng.choice(HEBREW_FAMILY if hebrew else ARABIC_FAMILY)
    return {"ar": f"{given.ar} {family.ar}", "he": f"{given.he} {family.he}", "en": f"{given.en} {family.en}"}
