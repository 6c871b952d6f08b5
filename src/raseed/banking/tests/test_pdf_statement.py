"""The statement as a PDF: what is on its pages, on which side, and what comes out when it is copied."""

from __future__ import annotations

import ctypes
import dataclasses
import re
import unicodedata
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import pypdfium2  # type: ignore[import-untyped]
import pypdfium2.raw as pdfium  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raseed.banking import api as banking
from raseed.banking.api import PeriodStatement
from raseed.banking.documents.pdf.fonts import Typeface
from raseed.banking.documents.pdf.layout import BLEED, MARGIN
from raseed.banking.domain import InternalRole
from raseed.kernel.money import AMOUNT_MINOR_MAX, Money

from .statements import FIRST_DAY, period_of
from .test_documents_files import HOSTILE

ARABIC_LETTERS = "\u064b\u064e\u0651ابتثجحخدذرزسشصضطظعغفقكلمنهويىةءأإآؤئ"
HEBREW_LETTERS = "אבגדהוזחטיכלמנסעפצקרשתםןץףך"


@contextmanager
def opened(period: PeriodStatement) -> Iterator[Any]:
    document = pypdfium2.PdfDocument(banking.statement_pdf(period))
    try:
        yield document
    finally:
        document.close()


def copied(period: PeriodStatement) -> list[str]:
    """Return what someone copies from each page."""
    with opened(period) as document:
        return [page.get_textpage().get_text_range() for page in document]


def test_an_arabic_statement_is_copied_as_it_is_read() -> None:
    text = copied(
        period_of(
            [-150_000, 12_345],
            language="ar",
            holder="منى عبد الرحمن علي",
            counterparties=["أحمد الشناوي وأولاده للتوكيلات"],
            notes=["فاتورة الكهرباء 2026/03 (شقة 12)", "شكرًا جزيلًا"],
        )
    )[0]
    for words in (
        "بنك النيل الوطني", "كشف حساب", "منى عبد الرحمن علي", "IBAN EG38 0019 0005 0000 0000 2631 8000 2",
        "أحمد الشناوي وأولاده للتوكيلات", "فاتورة الكهرباء 2026/03 (شقة 12)", "شكرًا جزيلًا", "١ مارس ٢٠٢٦",
        "-١٬٥٠٠٫٠٠", "١٬٥٠٠٫٠٠", "١٢٣٫٤٥", "صفحة ١ من ١",
    ):  # fmt: skip
        assert words in text


def test_a_hebrew_statement_is_copied_as_it_is_read() -> None:
    text = copied(
        period_of(
            [-150_000],
            language="he",
            code="ILS",
            country="IL",
            zone="Asia/Jerusalem",
            holder="שרה כהן־לוי",
            counterparties=["Mona Ali"],
            notes=["שכר דירה (דירה 12)"],
        )
    )[0]
    for words in ("דף חשבון", "שרה כהן־לוי", "IBAN IL62 0108 0000 0009 9999 999", "Mona Ali", "שכר דירה (דירה 12)",
                  "-1,500.00", "עמוד 1 מתוך 1"):  # fmt: skip
        assert words in text


def test_an_english_statement_says_what_it_is_of_for_when_and_by_whom() -> None:
    text = copied(period_of([5_000, -1_234_567], opening=100, account_name="Household", days=[FIRST_DAY]))[0]
    for words in (
        "National Bank of the Nile", "Account statement", "Mona Ali", "Household", "1 March 2026 – 31 March 2026",
        "2 April 2026, 11:30 UTC+02:00", "EGP", "Opening balance", "1.00", "Closing balance", "-12,294.67", "50.00",
        "12,345.67", "Movements: 1", "Page 1 of 1",
    ):  # fmt: skip
        assert words in text


def test_an_arab_reader_may_have_latin_digits_and_three_decimals() -> None:
    text = copied(period_of([-1_234_567], language="ar", digits="latn", code="OMR", country="OM", zone="Asia/Muscat"))[
        0
    ]
    assert "-1,234.567" in text
    assert not set("٠١٢٣٤٥٦٧٨٩") & set(text)


@settings(max_examples=20)
@given(
    st.lists(st.integers(min_value=-(10**12), max_value=10**12).filter(bool), min_size=1, max_size=60),
    st.integers(min_value=-(10**13), max_value=10**13),
)
def test_its_amounts_are_those_of_the_lines_in_their_order(moved: list[int], opening: int) -> None:
    period = period_of(moved, opening=opening)
    text = "\n".join(copied(period))
    at = text.index("Balance\r\n")
    for line in period.lines:
        for money in (Money(abs(line.amount.amount_minor), line.amount.currency), line.balance_after):
            sign = "-" if money.amount_minor < 0 else ""
            shown = f"{sign}{abs(money.amount_minor) // 100:,}.{abs(money.amount_minor) % 100:02d}"
            at = text.index(shown, at)


def test_the_same_statement_makes_the_same_file_and_says_nothing_of_its_holder_outside_the_pages() -> None:
    period = period_of([5, -7], language="ar", holder="منى علي", counterparties=["زياد حسن"])
    assert banking.statement_pdf(period) == banking.statement_pdf(period)
    with opened(period) as document:
        told = document.get_metadata_dict(skip_empty=True)
    assert set(told) == {"Title", "Producer", "CreationDate", "ModDate"}
    assert told["Title"] == "كشف حساب 2026-03-01 – 2026-03-31"
    assert told["CreationDate"] == "D:20260402093015Z"


def test_pages_are_a4_numbered_and_carry_the_table_on() -> None:
    days = [FIRST_DAY + timedelta(days=day) for day in range(31)]
    period = period_of([100, -40] * 150, days=days, notes=["", "Rent"])
    with opened(period) as document:
        sizes = {tuple(round(side, 2) for side in page.get_size()) for page in document}
        texts = [page.get_textpage().get_text_range() for page in document]
    assert sizes == {(595.28, 841.89)}
    assert len(texts) > 5
    for place, text in enumerate(texts, 1):
        assert f"Page {place} of {len(texts)}" in text
        assert "Date Details Reference Money out Money in Balance" in text
    assert "Opening balance" in texts[0]
    assert "Closing balance" in texts[-1]
    assert sum(text.count("Ziad") for text in texts) == 300


@pytest.mark.parametrize(("language", "side"), [("ar", "right"), ("he", "right"), ("en", "left")])
def test_the_page_is_laid_out_from_the_reader_s_side(language: str, side: str) -> None:
    """The institution's name, in its green, stands where the reader begins; amounts are at the far end."""
    with opened(period_of([5], language=language)) as document:
        image = document[0].render(scale=1).to_pil().convert("RGB")
    wide, _ = image.size
    green = [
        x for y in range(36, 60) for x in range(wide) if image.getpixel((x, y))[1] - image.getpixel((x, y))[0] > 50
    ]
    assert green
    assert all((x > wide / 2) == (side == "right") for x in green)


def test_it_is_tagged_for_screen_readers_in_its_language() -> None:
    with opened(period_of([5, -5], language="ar")) as document:
        assert pdfium.FPDFCatalog_IsTagged(document)
        tree = pdfium.FPDF_StructTree_GetForPage(document[0])
        root = pdfium.FPDF_StructTree_GetChildAtIndex(tree, 0)
        kinds = list(_kinds(root))
        pdfium.FPDF_StructTree_Close(tree)
    assert kinds[0] == "Document"
    assert kinds.count("H1") == kinds.count("Table") == 1
    assert kinds.count("TR") == 1 + 2 + 2
    assert kinds.count("TH") == 6
    assert kinds.count("TD") == 2 * 2 + 2 * 5  # an empty cell has nothing on the page
    assert b"/Lang(ar)" in _unpacked(banking.statement_pdf(period_of([5], language="ar")))


def _kinds(element: Any) -> Iterator[str]:
    buffer = ctypes.create_string_buffer(64)
    length = pdfium.FPDF_StructElement_GetType(element, buffer, 64)
    yield buffer.raw[: length - 2].decode("utf-16-le")
    for place in range(pdfium.FPDF_StructElement_CountChildren(element)):
        child = pdfium.FPDF_StructElement_GetChildAtIndex(element, place)
        if child:
            yield from _kinds(child)


def _unpacked(file: bytes) -> bytes:
    """Return the file with its streams unpacked."""
    streams = re.findall(rb"/FlateDecode/Length \d+>>stream\n(.*?)\nendstream", file, re.DOTALL)
    return b"\n".join(zlib.decompress(stream) for stream in streams)


def test_every_object_stands_where_the_file_says() -> None:
    """Readers mend a wrong table of places without a word, so it is looked at here."""
    file = banking.statement_pdf(period_of([5, -5] * 200))
    header, rows = _stream(file, int(_found(rb"startxref\n(\d+)\n%%EOF\n\Z", file)))
    assert int(_found(rb"/Size (\d+)", header)) == len(rows) // 7
    places = [
        (row[0], int.from_bytes(row[1:5]), int.from_bytes(row[5:]))
        for row in (rows[at : at + 7] for at in range(0, len(rows), 7))
    ]
    packed: dict[int, list[tuple[int, int]]] = {}
    for number, (kind, place, within) in enumerate(places[1:], 1):
        if kind == 1:
            assert file[place:].startswith(b"%d 0 obj\n" % number)
        else:
            assert kind == 2
            packed.setdefault(place, []).append((within, number))
    assert packed
    for container, members in packed.items():
        header, body = _stream(file, places[container][1])
        numbers = body[: int(_found(rb"/First (\d+)", header))].split()[::2]
        assert [int(number) for number in numbers] == [number for _, number in sorted(members)]


def _found(pattern: bytes, data: bytes) -> bytes:
    match = re.search(pattern, data)
    assert match
    return match[1]


def _stream(file: bytes, place: int) -> tuple[bytes, bytes]:
    match = re.match(rb"\d+ 0 obj\n<<(.*?)>>stream\n(.*?)\nendstream", file[place:], re.DOTALL)
    assert match
    return match[1], zlib.decompress(match[2])


def test_fonts_are_embedded_as_the_part_that_was_used() -> None:
    file = banking.statement_pdf(period_of([5], language="ar"))
    assert len(file) < 60_000
    unpacked = _unpacked(file)
    assert len(re.findall(rb"/FontName/[A-Z]{6}\+FiraGO-(?:Regular|Bold)/", unpacked)) == 2
    assert unpacked.count(b"/FontFile2") == 2


@pytest.mark.parametrize("language", ["ar", "he", "en"])
@pytest.mark.parametrize("words", HOSTILE)
def test_what_people_write_stays_in_its_cell(words: str, language: str) -> None:
    period = period_of(
        [5, -5], language=language, counterparties=[words], notes=[words], holder=words, account_name=words
    )
    with opened(period) as document:
        assert len(document) == 1
        page = document[0].get_textpage()
        text = page.get_text_range()
        boxes = [page.get_charbox(place) for place in range(page.count_chars())]
    assert not set("\u202e\u202c\u200b\ufeff\x1b\x00") & set(text)
    wide, high = 595.28, 841.89
    for left, bottom, right, top in boxes:
        assert right - left < 40
        assert MARGIN - BLEED < (left + right) / 2 < wide - MARGIN + BLEED
        assert 20 < (bottom + top) / 2 < high - 20


def test_the_largest_amounts_there_are_have_room() -> None:
    for language in ("ar", "en"):
        period = period_of([AMOUNT_MINOR_MAX, -AMOUNT_MINOR_MAX] * 3, opening=-AMOUNT_MINOR_MAX, language=language)
        with opened(period) as document:
            page = document[0].get_textpage()
            text = page.get_text_range()
            boxes = [page.get_charbox(place) for place in range(page.count_chars())]
        largest = "٩٢٬٢٣٣٬٧٢٠٬٣٦٨٬٥٤٧٬٧٥٨٫٠٧" if language == "ar" else "92,233,720,368,547,758.07"
        assert text.count(largest) >= 12
        assert min(left for left, *_ in boxes) > MARGIN - BLEED - 1
        assert max(right for _, _, right, _ in boxes) < 595.28 - MARGIN + BLEED + 1


def test_a_long_text_is_broken_between_words_and_ends_in_an_ellipsis() -> None:
    text = copied(period_of([5], counterparties=["word " * 60], notes=["x" * 300]))[0]
    lines = [line for line in text.splitlines() if line.replace("…", "").replace("word", "").strip() == "" and line]
    assert lines
    assert "…" in text
    assert "xxxxxxxxxxxxxxxxxxxx" in text


def test_that_it_was_free_is_said_once_and_what_fees_took_is_summed_up() -> None:
    moved = period_of([500, -200, -30, -15])
    free = dataclasses.replace(moved, is_free=True)
    said = copied(free)[0].replace("\r\n", " ")
    assert said.count("Fees in this period: none. Payments are free by the schedule of fees.") == 1
    charged = [dataclasses.replace(each, role=InternalRole.FEES) for each in moved.lines[2:]]
    with_fees = dataclasses.replace(free, lines=(*moved.lines[:2], *charged))
    assert with_fees.fees == Money(45, moved.opening.currency)
    assert "Fees in this period: 0.45" in copied(with_fees)[0].replace("\r\n", " ")
    assert "Fees in this period: 0.00" in copied(moved)[0].replace("\r\n", " "), "a schedule that may charge"


def test_nothing_moved_and_something_held_are_said() -> None:
    empty = period_of([], opening=500)
    assert "There were no movements in this period." in copied(empty)[0]
    held = dataclasses.replace(period_of([500]), available=Money(200, empty.opening.currency))
    assert "this much was available: 2.00" in copied(held)[0].replace("\r\n", " ")


@given(
    st.lists(st.text(ARABIC_LETTERS, min_size=1, max_size=8), min_size=1, max_size=4),
    st.lists(st.text(HEBREW_LETTERS, min_size=1, max_size=8), min_size=1, max_size=4),
    st.lists(st.text("abcdefgfiflABC", min_size=1, max_size=8), min_size=1, max_size=4),
)
def test_codes_mean_the_letters_they_were_made_of(arabic: list[str], hebrew: list[str], latin: list[str]) -> None:
    face = Typeface("Regular")
    for words, is_rtl in ((arabic, True), (hebrew, True), (latin, False)):
        text = " ".join("ل" + word if is_rtl and word[0] in "\u064b\u064e\u0651" else word for word in words)
        shaped = face.shape(text, base_rtl=is_rtl)
        means = [word for _, word, _ in face.codes()]
        codes = "".join(re.findall(r"<([0-9A-F]*)>", shaped.codes))
        told = [means[int(codes[at : at + 4], 16)] for at in range(0, len(codes), 4)]
        said = "".join(reversed(told) if is_rtl else told)
        assert unicodedata.normalize("NFC", said) == unicodedata.normalize(
            "NFC", text
        )  # marks on one letter in any order


def test_a_line_s_width_is_measured_as_it_is_written() -> None:
    face = Typeface("Regular")
    for text in ("منى عبد الرحمن", "שרה כהן", "Mona Ali 2026", "فاتورة 2026 (شقة 12)", "", "a  b"):
        assert face.width(text) == face.shape(text, base_rtl=True).width


def test_figures_of_a_column_are_equally_wide() -> None:
    face = Typeface("Regular")
    assert face.figures("1,111.11").width == face.figures("8,088.80").width
    assert face.figures("1", minus="left").width == face.figures("1", minus="right").width > face.figures("1").width


def test_a_year_of_ten_thousand_lines_is_one_document() -> None:
    """Bounded in pages and bytes; how fast it is, the benchmark says."""
    days = [date(2026, 3, 1) + timedelta(days=day) for day in range(31)]
    file = banking.statement_pdf(period_of([100, -99] * 1_000, days=days))
    assert len(file) < 2_000 * 300
