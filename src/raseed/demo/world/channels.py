"""How the demo's bank is reached: numbers and names that nobody has, and the templates that WhatsApp has approved for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

WABA: Final = "102290129340398"
APP_ID: Final = "670843887433847"
_ACCESS_WHATSAPP: Final = ("access_token", "app_secret", "verify_token")


@dataclass(frozen=True, slots=True)
class Reached:
    """A line. ``address`` is what its provider calls it, ``display`` what people see; ``secrets``: their names, where a provider has some."""

    channel: str
    address: str
    names: Mapping[str, str]
    purpose: str = "talk"
    display: str = ""
    secrets: tuple[str, ...] = ()
    bot_number: str = ""
    active: bool = True


LINES: Final = (
    Reached("whatsapp", "106540352242922", {"ar": "واتساب", "he": "WhatsApp", "en": "WhatsApp"}, "talk",
            "201498000001", _ACCESS_WHATSAPP),
    Reached("whatsapp", "106540352242923", {"ar": "واتساب للمستندات", "he": "WhatsApp למסמכים", "en": "WhatsApp for documents"},
            "documents", "201498000002", _ACCESS_WHATSAPP),
    Reached("telegram", "yasmin_demo_bot", {"ar": "تيليجرام", "he": "Telegram", "en": "Telegram"}, "talk", "yasmin_demo_bot",
            ("access_token", "secret_token"), "7014980000"),
    Reached("x", "1498000000000000001", {"ar": "إكس", "he": "X", "en": "X"}, "talk", "yasmin_demo", ("access_token", "consumer_secret")),
    Reached("sms", "+201498000003", {"ar": "رسائل نصية", "he": "מסרונים", "en": "Text messages"}, "talk", "201498000003",
            ("access_token", "api_key")),
    Reached("email", "care@yasmin.invalid", {"ar": "بريد إلكتروني", "he": "דואר אלקטרוני", "en": "E-mail"}, active=False),
    Reached("web", "yasmin", {"ar": "محادثة في الموقع", "he": "צ'אט באתר", "en": "Web chat"}),
    Reached("phone", "+201498000004", {"ar": "مكالمات", "he": "שיחות טלפון", "en": "Phone calls"}),
    Reached("branch", "yasmin-main", {"ar": "الفرع الرئيسي", "he": "הסניף הראשי", "en": "Main branch"}),
)  # fmt: skip
"""Numbers beginning with +2014 are nobody's; ``.invalid`` reaches nobody, and the e-mail line is off."""

TEMPLATES: Final[Mapping[str, Mapping[str, str]]] = {
    "case_news": {
        "ar": "بخصوص طلبك {{1}}: {{2}} يمكنك الرد هنا في أي وقت.",
        "he": "בנוגע לפנייתך {{1}}: {{2}} אפשר להשיב כאן בכל עת.",
        "en": "About your request {{1}}: {{2}} You can reply here at any time.",
    },
    "answer_ready": {
        "ar": "لدينا جواب على سؤالك. أرسل أي رسالة هنا لنبعثه إليك.",
        "he": "יש לנו תשובה לשאלתך. כל הודעה שתישלח לכאן תאפשר לנו לשלוח אותה.",
        "en": "We have an answer to your question. Send any message here and we will give it to you.",
    },
}
"""For outside the 24 hours in which WhatsApp carries free text."""
