"""A slip is one page in three languages, its squares stand as they are scanned, and its parts add up however many they are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raseed.banking.api import Slip, SlipFact, SlipPart, slip_pdf
from raseed.banking.documents.pdf.slip import _shortened
from raseed.banking.documents.slip import FACTS_MAX, PARTS_MAX, STEPS_MAX
from raseed.kernel.money import Money, currency

EGP = currency("EGP")
NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
LONG = "أ very long name of somebody, with وكلمات عربية and מילים בעברית, that goes on and on " * 4


def a_slip(language: str, **changed: object) -> Slip:
    told: dict[str, object] = {
        "language": language, "digits": "arab" if language == "ar" else "latn", "country": "EG", "zone": "Africa/Cairo",
        "institution": "بنك النيل", "title": "إيصال", "state": "مدفوع", "amount": Money(1_250_050, EGP),
        "facts": (
            SlipFact("إلى", "كهرباء النور"), SlipFact("رقم", "12345678", is_code=True),
            SlipFact("رسوم", Money(0, EGP), note="مجانًا بحسب جدول الرسوم"),
        ),
        "steps_title": "ما الذي حدث", "steps": ((NOW, "قبلنا أمر الدفع."), (NOW, "تم.")),
        "check_title": "هل هذا الإيصال صحيح؟",
        "check": (("امسح الرمز.", ""), ("", "pay.example/receipts/check"), ("رقم الإيصال", "9F3A01B2C4")),
        "squares": ((4, 4, 7), (5, 4, 1), (20, 10, 3)), "squares_of": 57, "made_at": NOW,
    }  # fmt: skip
    return Slip(**(told | changed))  # type: ignore[arg-type]


@pytest.mark.parametrize("language", ["ar", "he", "en"])
def test_the_most_that_can_stand_on_a_slip_is_one_page(language: str) -> None:
    pdfium = pytest.importorskip("pypdfium2")
    parts = tuple(SlipPart(LONG, Money(10**15 + n, EGP), lowers=n % 2 == 1, what="2026-09 " * 9) for n in range(100))
    full = a_slip(
        language, institution=LONG, title="إيصال", state=LONG[:60], remark=LONG, amount=Money(10**17, EGP),
        facts=tuple(SlipFact(LONG, LONG) for _ in range(FACTS_MAX + 5)), parts_title="أجزاء", parts=parts,
        steps=tuple((NOW + timedelta(hours=n), LONG) for n in range(STEPS_MAX + 5)),
    )  # fmt: skip
    document = pdfium.PdfDocument(slip_pdf(full))
    assert len(document) == 1
    text = document[0].get_textpage().get_text_range()
    assert "9F3A01B2C4" in text
    assert "pay.example/receipts/check" in text
    document.close()


def test_the_same_slip_is_the_same_file() -> None:
    assert slip_pdf(a_slip("ar")) == slip_pdf(a_slip("ar"))


@pytest.mark.parametrize("language", ["ar", "en"])
def test_squares_are_not_turned_round_where_the_page_begins_at_the_right(language: str) -> None:
    pdfium = pytest.importorskip("pypdfium2")
    document = pdfium.PdfDocument(slip_pdf(a_slip(language)))
    page = document[0]
    dark = sorted(
        (round(left, 1), round(right - left, 1))
        for one in page.get_objects(filter=[2])
        for left, bottom, right, top in [one.get_bounds()]
        if one.get_bounds()[3] - one.get_bounds()[1] > 0
    )
    side = 124.0
    unit = side / 57
    start = 42.0 if language == "ar" else 595.28 - 42.0 - side
    whole = (round(start + 4 * unit, 1), round(9 * unit, 1))
    assert any(abs(left - whole[0]) < 0.3 and abs(width - whole[1]) < 0.3 for left, width in dark), (whole, dark)
    document.close()


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 10**12), st.booleans()), max_size=60))
def test_however_many_parts_there_are_they_add_up_to_the_same(told: list[tuple[int, bool]]) -> None:
    parts = [SlipPart("part", Money(minor, EGP), lowers) for minor, lowers in told]
    shown = _shortened(parts)

    def total(of: object) -> int:
        return sum(-each.amount.amount_minor if each.lowers else each.amount.amount_minor for each in of)  # type: ignore[attr-defined]

    assert len(shown) <= PARTS_MAX
    assert total(shown) == total(parts)
