"""Plots are drawings that any reader of XML takes, with every value in them, whatever the numbers are."""

from __future__ import annotations

import re
from collections.abc import Callable
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raseed.web.office import plots
from raseed.web.office.plots import Bar, Frame, Pair, Part, Span

SVG = "{http://www.w3.org/2000/svg}"
NUMBERS = st.integers(0, 10_000_000)
WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"), max_size=12)
FRAMES = st.builds(Frame, st.just("a"), WORDS, WORDS, st.booleans())


def read(drawing: str) -> ET.Element:
    found = ET.fromstring(drawing)  # noqa: S314  (our own)
    assert found.tag == f"{SVG}svg"
    title, told = found.find(f"{SVG}title"), found.find(f"{SVG}desc")
    assert title is not None
    assert told is not None
    assert (title.get("id"), told.get("id")) == (found.get("aria-labelledby"), found.get("aria-describedby"))
    for shape in found.iter():
        assert "style" not in shape.attrib
        for name in ("x", "x1", "x2", "cx", "width", "y", "y1", "y2", "height"):
            if (text := shape.get(name)) is not None:
                assert re.fullmatch(r"\d+(\.\d+)?%?", text), (shape.tag, name, text)
                assert name[0] in "yh" or float(text.removesuffix("%")) <= 100, (shape.tag, name, text)
    return found


def titles(found: ET.Element) -> list[str]:
    return [one.text or "" for group in found.iter(f"{SVG}g") for one in group.findall(f"{SVG}title")]


@given(FRAMES, st.lists(st.tuples(WORDS, st.lists(NUMBERS, min_size=1, max_size=3)), max_size=70))
def test_every_part_of_every_bar_is_drawn_as_high_as_it_is(frame, columns) -> None:
    drawn = [Bar(label, tuple(Part(value, "good", str(value)) for value in values)) for label, values in columns]
    found = read(plots.bars(frame, drawn, number=str))
    assert titles(found) == [f"{bar.label}: {', '.join(part.words for part in bar.parts)}" for bar in drawn]
    rects = list(found.iter(f"{SVG}rect"))
    values = [part.value for bar in drawn for part in bar.parts]
    assert len(rects) == len(values)
    for rect, value in zip(rects, values, strict=True):
        assert (int(rect.attrib["height"]) > 0) == (value > 0)
        assert int(rect.attrib["height"]) <= plots.HEIGHT


@given(FRAMES, st.lists(st.tuples(WORDS, NUMBERS, NUMBERS), max_size=9))
def test_every_length_has_a_dot_and_a_line_that_ends_where_nine_of_ten_do(frame, rows) -> None:
    drawn = [Span(label, min(one, two), max(one, two), f"{one} {two}") for label, one, two in rows]
    found = read(plots.spans(frame, drawn))
    assert titles(found) == [f"{row.label}: {row.words}" for row in drawn]
    dots = [float(dot.attrib["cx"].removesuffix("%")) for dot in found.iter(f"{SVG}circle")]
    places = [100 - each if frame.rtl else each for each in dots]
    ordered = sorted(range(len(drawn)), key=lambda place: drawn[place].middle)
    assert [round(places[place], 1) for place in ordered] == sorted(round(each, 1) for each in places)


@given(FRAMES, st.lists(st.tuples(WORDS, NUMBERS, NUMBERS), max_size=9))
def test_a_number_and_the_one_before_are_both_drawn(frame, rows) -> None:
    drawn = [Pair(label, now, before, f"{now} {before}") for label, now, before in rows]
    found = read(plots.pairs(frame, drawn))
    assert titles(found) == [f"{row.label}: {row.words}" for row in drawn]
    bars = [
        float(rect.attrib["width"].removesuffix("%"))
        for rect in found.iter(f"{SVG}rect")
        if rect.get("class") == "stick"
    ]
    most = max((max(row.now, row.before) for row in drawn), default=0) or 1
    assert bars == [row.now * 1000 // most / 10 for row in drawn]


@given(FRAMES, st.integers(1, 24), st.integers(1, 7), st.data())
def test_every_cell_of_a_grid_says_its_number_and_the_most_is_the_darkest(frame, height, width, data) -> None:
    values = [[data.draw(NUMBERS) for _ in range(width)] for _ in range(height)]
    rows = [(str(hour), line) for hour, line in enumerate(values)]
    said: Callable[[str, str, int], str] = lambda row, column, value: f"{row} {column} {value}"  # noqa: E731  (short)
    found = read(plots.grid(frame, [f"d{day}" for day in range(width)], rows, number=str, said=said))
    assert titles(found) == [f"{hour} d{day} {values[hour][day]}" for hour in range(height) for day in range(width)]
    levels = [int(group.attrib["class"][-1]) for group in found.iter(f"{SVG}g")]
    flat = [value for line in values for value in line]
    assert [level == 0 for level in levels] == [value == 0 for value in flat]
    if max(flat):
        assert levels[flat.index(max(flat))] == plots.LEVELS


@given(st.integers(0, 10**12))
def test_the_top_of_an_axis_is_not_far_above_what_it_has_to_hold_and_has_a_whole_half(most) -> None:
    top = plots.nice(most)
    assert most <= top <= max(2, most * 3)
    assert top % 2 == 0


@pytest.mark.parametrize("rtl", [False, True])
def test_the_first_bar_stands_where_a_line_of_text_begins(rtl) -> None:
    three = [Bar(str(place), (Part(1, "", "1"),)) for place in range(3)]
    found = read(plots.bars(Frame("a", "b", "c", rtl), three, number=str))
    edges = [float(rect.attrib["x"].removesuffix("%")) for rect in found.iter(f"{SVG}rect")]
    assert edges == sorted(edges, reverse=rtl)


def test_nothing_and_one_row_of_nothing_are_drawn_too() -> None:
    frame = Frame("a", "<b> & c", '"d"')
    for drawing in (
        plots.bars(frame, [], number=str), plots.bars(frame, [Bar("x", (Part(0, "", "0"),))], number=str),
        plots.spans(frame, []), plots.spans(frame, [Span("x", 0, 0, "0")]), plots.pairs(frame, []),
        plots.pairs(frame, [Pair("x", 0, 0, "0")]),
        plots.grid(frame, [], [], number=str, said=lambda *_: ""), plots.grid(frame, ["x"], [("y", [0])], number=str, said=lambda *_: "z"),
    ):  # fmt: skip
        assert "<b>" not in drawing
        read(drawing)
