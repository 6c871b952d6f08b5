"""What the invented institutions arranged for whoever writes to them: limits, tags, prepared and public answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

HEAD_SLUG: Final = "head-of-care"
HEAD_NAMES: Final = {"ar": "إدارة خدمة العملاء", "he": "ניהול שירות הלקוחות", "en": "Head of customer service"}
HEAD_MAY: Final = (
    "care.authority.approve",
    "care.authority.view",
    "care.conversations.view",
    "care.duty.view",
    "care.limits.confirm",
    "care.reports.view",
)
"""Decides after supervision, and confirms what supervision may grant: nobody does that about their own role."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How far whoever holds a role may go alone: in whole units of the currency, or how often if there is no amount."""

    role: str
    per_act: int
    per_day: int
    per_customer: int
    times_a_day: int
    times_a_customer: int


REACHES: Final = (
    Reach("agent", 50, 200, 100, 20, 5),
    Reach("supervisor", 500, 2_000, 1_000, 200, 50),
    Reach(HEAD_SLUG, 5_000, 20_000, 10_000, 200, 50),
)
OF_BILLS_AND_LOANS: Final = frozenset(
    {"extend_due_date", "refund_bill_payment", "waive_bill_penalty", "waive_loan_penalty"}
)
"""What only the bank does, which collects bills and lends."""
CHAIN: Final = (("supervisor", 3_600), (HEAD_SLUG, 14_400))
"""Who decides beyond one's own limits, with seconds for each."""
TAGS: Final = ("رسوم", "تحويل", "فاتورة", "قرض", "شكوى")


@dataclass(frozen=True, slots=True)
class Prepared:
    """An answer written beforehand, with the facts that it must carry."""

    slug: str
    title: str
    texts: dict[str, str]


PREPARED: Final = (
    Prepared(
        "where-is-my-payment",
        "أين التحويل؟ · איפה התשלום? · Where is the payment?",
        {
            "ar": (
                "تم التحقق من التحويل. {fact:payment}\nإن لم يتطابق ذلك مع ما يظهر عندك، تكفي رسالة هنا ونراجعه "
                "مرة أخرى."
            ),
            "he": "בדקנו את התשלום. {fact:payment}\nאם זה לא תואם למה שמופיע אצלך, אפשר לכתוב כאן ונבדוק שוב.",
            "en": (
                "We have looked at the payment. {fact:payment}\nIf that differs from what you see, write here "
                "and we look again."
            ),
        },
    ),
    Prepared(
        "balance-now",
        "الرصيد الآن · היתרה כעת · The balance now",
        {
            "ar": "{fact:balance}\nكشف الحساب الكامل موجود في صفحة الحساب، ويمكن تنزيله بصيغة PDF.",
            "he": "{fact:balance}\nדף החשבון המלא נמצא בעמוד החשבון, ואפשר להוריד אותו כ־PDF.",
            "en": "{fact:balance}\nThe full statement is on the account's page and can be downloaded as a PDF.",
        },
    ),
    Prepared(
        "money-held",
        "مبلغ محجوز · סכום מוחזק · Money held",
        {
            "ar": "{fact:hold}\nإذا رفض الطرف الآخر العملية، يعود المبلغ إلى الرصيد المتاح دون أي إجراء منك.",
            "he": "{fact:hold}\nאם הצד השני ידחה את הפעולה, הסכום יחזור ליתרה הזמינה בלי שום פעולה מצדך.",
            "en": (
                "{fact:hold}\nIf the other side declines, the amount returns to what is available without "
                "anything to do on your part."
            ),
        },
    ),
    Prepared(
        "asked-for-you",
        "طلب قيد القرار · בקשה שמחכה להחלטה · A request that waits for a decision",
        {
            "ar": "{fact:request}\nنكتب لك هنا فور صدور القرار، سواء كان بالموافقة أو بالرفض مع السبب.",
            "he": "{fact:request}\nנכתוב לך כאן מיד כשתתקבל החלטה, ואם התשובה שלילית נסביר למה.",
            "en": (
                "{fact:request}\nWe write to you here as soon as it is decided, and if the answer is no, we say why."
            ),
        },
    ),
    Prepared(
        "where-is-my-matter",
        "أين وصل الموضوع؟ · איפה הפנייה עומדת? · Where is the matter?",
        {
            "ar": "{fact:case}\nيكفي ذكر هذا الرقم عبر أي قناة ليظهر الموضوع كاملًا أمام من يرد.",
            "he": "{fact:case}\nאפשר לציין את המספר הזה בכל ערוץ, ומי שעונה יראה את הפנייה כולה.",
            "en": "{fact:case}\nQuote this number in any channel, and whoever answers sees the whole matter.",
        },
    ),
)


@dataclass(frozen=True, slots=True)
class Known:
    """A question that is answered for everybody: by language, the question and the answer."""

    slug: str
    texts: dict[str, tuple[str, str]]


KNOWN: Final = (
    Known(
        "how-long",
        {
            "ar": (
                "كم يستغرق وصول التحويل؟",
                (
                    "التحويل إلى عميل آخر في البنك نفسه يصل خلال ثوانٍ، في أي ساعة وأي يوم.\n"
                    "التحويل إلى جهة أخرى يصل عادة خلال دقائق. ما لم يُعرف مصيره بعد نستعلم عنه تلقائيًا لمدة 24 "
                    "ساعة، "
                    "ويبقى المبلغ خلالها محجوزًا."
                ),
            ),
            "he": (
                "כמה זמן לוקח עד שהעברה מגיעה?",
                (
                    "העברה ללקוח אחר של הבנק מגיעה בתוך שניות, בכל שעה ובכל יום.\n"
                    "העברה לגוף אחר מגיעה בדרך כלל בתוך דקות. אם עדיין לא ידוע מה עלה בגורלה, אנחנו שואלים שוב "
                    "באופן אוטומטי במשך 24 שעות, "
                    "והסכום נשאר מוחזק עד אז."
                ),
            ),
            "en": (
                "How long does a transfer take?",
                (
                    "A transfer to another customer of the bank arrives within seconds, at any hour of any day.\n"
                    "One to another institution usually arrives within minutes. Where we don't know yet what became "
                    "of it, we keep "
                    "asking for 24 hours, and the amount stays held until then."
                ),
            ),
        },
    ),
    Known(
        "lost-phone",
        {
            "ar": (
                "ضاع هاتفي، ماذا أفعل؟",
                (
                    "من أي جهاز آخر: «الإعدادات» ثم «الأمان» ثم «الخروج من كل مكان». بعدها لا يمكن لأحد الدخول من "
                    "الهاتف المفقود.\n"
                    "ويمكن أيضًا إخبارنا عبر واتساب أو تيليجرام: يمكن لخدمة العملاء إيقاف الحساب فورًا، ويُفتح من "
                    "جديد بعد التحقق من الهوية."
                ),
            ),
            "he": (
                "הטלפון שלי אבד, מה עושים?",
                (
                    "מכל מכשיר אחר: תחת „הגדרות”, „אבטחה” לבחור „יציאה מכל המקומות”. מאותו רגע אי אפשר להיכנס "
                    "מהטלפון שאבד.\n"
                    "אפשר גם לספר לנו בוואטסאפ או בטלגרם: שירות הלקוחות יכול לחסום את החשבון מיד, והוא נפתח שוב "
                    "אחרי זיהוי."
                ),
            ),
            "en": (
                "My phone is lost. What can I do?",
                (
                    "From any other device: open “Settings”, “Security” and choose “Sign out everywhere”. From then "
                    "on nobody gets in with the lost phone.\n"
                    "You can also tell us by WhatsApp or Telegram: customer service can block the account at once, "
                    "and opens it "
                    "again once it is clear that it is you."
                ),
            ),
        },
    ),
    Known(
        "disputed-bill",
        {
            "ar": (
                "الفاتورة غير صحيحة، هل أدفعها الآن؟",
                (
                    "لا. من صفحة الفاتورة يمكن الاعتراض عليها مع ذكر السبب، وحتى صدور القرار لا تُدفع.\n"
                    "بعد القرار لا تُحتسب أيام النظر فيه ضمن غرامة التأخير. أما إذا سُحب الاعتراض قبل القرار "
                    "فتُحتسب تلك الأيام."
                ),
            ),
            "he": (
                "החשבון שקיבלתי שגוי, צריך לשלם אותו עכשיו?",
                (
                    "לא. בעמוד החשבון אפשר לערער עליו ולכתוב את הסיבה, ועד להחלטה הוא לא משולם.\n"
                    "אחרי ההחלטה ימי הבדיקה לא נספרים לקנס פיגורים. אם הערעור נמשך בחזרה לפני ההחלטה, הימים האלה כן "
                    "נספרים."
                ),
            ),
            "en": (
                "A bill is wrong. Do I have to pay it now?",
                (
                    "No. On the bill's page you can dispute it and say why; until that is decided the bill isn't "
                    "paid.\n"
                    "Once it is decided, the days in between don't count for a late penalty. If you take the "
                    "dispute back before that, "
                    "they do."
                ),
            ),
        },
    ),
)
