"""The design system holds its own rules: both dark sheets alike, AA contrast, no web font, nothing from elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent
CSS = (FOLDER / "static" / "web" / "app.css").read_text(encoding="utf-8")
OFFICE = "".join((FOLDER / "static" / "web" / name).read_text(encoding="utf-8") for name in ("office.css", "desk.css"))
"""What the back office adds: it stands on the first, and brings no colour and no token of its own."""
TEXT_MIN = 4.5
"""WCAG 2.2, 1.4.3 (AA): text against its ground."""
PART_MIN = 3.0
"""WCAG 2.2, 1.4.11 (AA): borders of fields, focus, icons that carry meaning."""

Colours = dict[str, tuple[int, int, int]]


def _colours(block: str) -> Colours:
    found: Colours = {}
    for name, text in re.findall(r"--([\w-]+):\s*#([0-9a-f]{3,6});", block):
        full = "".join(c * 2 for c in text) if len(text) == 3 else text
        found[name] = (int(full[:2], 16), int(full[2:4], 16), int(full[4:], 16))
    return found


def _blocks() -> tuple[Colours, Colours, Colours]:
    light = re.search(r"^:root \{(.*?)^\}", CSS, re.DOTALL | re.MULTILINE)
    by_system = re.search(r':root:not\(\[data-theme="light"\]\) \{(.*?)\}', CSS, re.DOTALL)
    by_choice = re.search(r'^:root\[data-theme="dark"\] \{(.*?)\}', CSS, re.DOTALL | re.MULTILINE)
    assert light
    assert by_system
    assert by_choice
    return _colours(light[1]), _colours(by_system[1]), _colours(by_choice[1])


LIGHT, DARK_BY_SYSTEM, DARK_BY_CHOICE = _blocks()


def _luminance(colour: tuple[int, int, int]) -> float:
    parts = [c / 255 for c in colour]
    red, green, blue = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: tuple[int, int, int], other: tuple[int, int, int]) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


TEXT_PAIRS = [
    *[(ink, ground) for ink in ("ink", "soft") for ground in ("paper", "surface", "sunken", "tint", "bad-tint", "warn-tint")],
    *[("brand", ground) for ground in ("paper", "surface", "tint")],
    *[(ink, ground) for ink in ("good", "bad") for ground in ("paper", "surface")],
    ("on-brand", "brand"), ("on-brand", "brand-deep"), ("bad", "bad-tint"), ("warn", "warn-tint"),
    *[(ink, ground) for ink in ("hero-ink", "hero-soft", "gold") for ground in ("hero-a", "hero-b")],
]  # fmt: skip
PART_PAIRS = [("edge", "paper"), ("edge", "surface"), ("edge", "sunken"), ("brand", "paper"), ("brand", "surface"),
              ("good", "tint"), ("gold", "hero-a")]  # fmt: skip


@pytest.mark.parametrize("colours", [LIGHT, DARK_BY_CHOICE], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), TEXT_PAIRS)
def test_text_can_be_read(colours: Colours, ink: str, ground: str) -> None:
    assert contrast(colours[ink], colours[ground]) >= TEXT_MIN


@pytest.mark.parametrize("colours", [LIGHT, DARK_BY_CHOICE], ids=["light", "dark"])
@pytest.mark.parametrize(("part", "ground"), PART_PAIRS)
def test_edges_can_be_seen(colours: Colours, part: str, ground: str) -> None:
    assert contrast(colours[part], colours[ground]) >= PART_MIN


def test_dark_is_the_same_dark_whoever_asked_for_it() -> None:
    assert DARK_BY_SYSTEM == DARK_BY_CHOICE
    assert set(LIGHT) == set(DARK_BY_CHOICE)


def test_colours_stand_only_among_the_tokens() -> None:
    rules = CSS.split("/* Ground */")[1].split("@media print")[0]
    assert not re.findall(r"#[0-9a-f]{3,6}\b", rules)


def test_every_token_used_is_defined() -> None:
    defined = set(re.findall(r"--([\w-]+):", CSS))
    assert set(re.findall(r"var\(--([\w-]+)\)", CSS)) <= defined


@pytest.mark.parametrize("sheet", [CSS, OFFICE], ids=["app", "office"])
def test_nothing_is_loaded_from_the_sheet(sheet: str) -> None:
    assert "@font-face" not in sheet
    assert "@import" not in sheet
    assert "url(" not in sheet


def test_the_office_brings_no_colour_and_no_token_of_its_own() -> None:
    assert not re.findall(r"#[0-9a-f]{3,8}\b|\brgba?\(", OFFICE)
    assert not re.findall(r"^\s*--[\w-]+:", OFFICE, re.MULTILINE)
    assert set(re.findall(r"var\(--([\w-]+)\)", OFFICE)) <= set(re.findall(r"--([\w-]+):", CSS))


def test_the_office_knows_only_logical_sides() -> None:
    assert not re.findall(r"(?<![\w-])(?:left|right|(?:border|margin|padding)-(?:left|right|top|bottom))\s*:", OFFICE)
    assert not re.findall(r"(?<![\w-])(?:min-|max-)?(?:width|height):", re.sub(r"@media \([^)]*\)", "", OFFICE))
    assert '[dir="rtl"]' not in OFFICE


def test_every_class_of_the_office_is_used() -> None:
    used = "".join(
        path.read_text(encoding="utf-8")
        for folder in ("templates", "templatetags", "office")
        for path in (FOLDER / folder).rglob("*.*")
        if path.suffix in (".html", ".py")
    )
    idle = {
        name
        for name in re.findall(r"\.([a-z][\w-]*)", re.sub(r"/\*.*?\*/", "", OFFICE, flags=re.DOTALL))
        if name not in used
    }
    assert not idle - {"good", "bad", "warn", "near", "icon", "in"}


def test_only_logical_sides() -> None:
    """Sides follow the text. Two gradients are placed by hand, once for each direction: CSS has no logical way there."""
    found = re.findall(
        r"(?<![\w-])(?:left|right|(?:border|margin|padding)-(?:left|right|top|bottom)|width|height)\s*:", CSS
    )
    found = [one for one in found if one not in ("width:", "height:")]
    assert not found
    assert not re.findall(r"(?<![\w-])(?:min-|max-)?(?:width|height):", re.sub(r"@media \([^)]*\)", "", CSS))
    assert CSS.count('[dir="rtl"]') == 4


def test_every_class_in_a_template_is_in_the_sheet() -> None:
    hooks = {"number"}
    used: set[str] = set()
    for path in (FOLDER / "templates").rglob("*.html"):
        for value in re.findall(r'class="([^"]*)"', re.sub(r"{%.*?%}|{{.*?}}", " ", path.read_text(encoding="utf-8"))):
            used |= set(value.split())
    known = set(re.findall(r"\.([a-z][\w-]*)", CSS + OFFICE))
    assert used - hooks <= known


def test_touch_targets_are_large_enough() -> None:
    """44 CSS pixels (WCAG 2.5.5) for everything that is tapped by itself; measured in a browser in tests/browser."""
    assert "--touch: 3rem" in CSS
    assert re.search(r"\.languages button \{[^}]*min-inline-size: 2\.75rem; min-block-size: 2\.75rem", CSS)
