"""Every sentence that a person can read is there in Arabic and in Hebrew, whole and with the same places to fill."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import polib
import pytest
from django.utils.translation.template import templatize

SOURCE: Final = Path(__file__).parent.parent / "src" / "raseed"
LANGUAGES: Final = ("ar", "he")
MARKERS: Final = {"mark", "gettext", "gettext_lazy", "_", "gettext_noop", "ngettext", "ngettext_lazy", "mark_plural"}
WITH_CONTEXT: Final = {"pgettext", "pgettext_lazy"}
PLACES: Final = re.compile(r"%\(\w+\)[sd]|\{\w+\}|%[sd]")
TEMPLATE_CALL: Final = re.compile(
    r"\b(gettext|ngettext|pgettext|_)\(\s*((?:u?(?:'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")\s*,?\s*)+)"
)


def sentences_of_code(path: Path) -> Iterator[str]:
    """Yield the message ids that a Python file marks."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        arguments = node.args[1:] if name in WITH_CONTEXT else node.args
        if name in MARKERS | WITH_CONTEXT:
            for argument in arguments[: 2 if "plural" in name or name.startswith("ng") else 1]:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str) and argument.value:
                    yield argument.value


def sentences_of_template(path: Path) -> Iterator[str]:
    """Yield the message ids that a template marks."""
    code = templatize(path.read_text(encoding="utf-8"), origin=str(path))
    for name, words in TEMPLATE_CALL.findall(code):
        texts = ast.literal_eval(f"({words.rstrip().rstrip(',')},)")
        yield from texts[1:2] if name == "pgettext" else texts[: 2 if name == "ngettext" else 1]


def all_sentences() -> dict[str, str]:
    """Return every message id, and the package that says it."""
    found: dict[str, str] = {}
    for path in sorted(SOURCE.rglob("*")):
        parts = path.relative_to(SOURCE).parts
        if "tests" in parts or "migrations" in parts or parts[0] == "project":
            continue
        if path.suffix == ".py":
            found.update(dict.fromkeys(sentences_of_code(path), parts[0]))
        elif path.suffix in (".html", ".txt") and "templates" in parts:
            found.update(dict.fromkeys(sentences_of_template(path), parts[0]))
    return found


def entries(language: str) -> dict[str, polib.POEntry]:
    """Return the catalogue entries of all packages, by message id (plural forms too)."""
    found: dict[str, polib.POEntry] = {}
    for path in sorted(SOURCE.glob(f"*/locale/{language}/LC_MESSAGES/django.po")):
        for entry in polib.pofile(str(path)):
            if not entry.obsolete:
                found[entry.msgid] = entry
                if entry.msgid_plural:
                    found[entry.msgid_plural] = entry
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_translated(language: str) -> None:
    known = entries(language)
    missing = [f"{package}: {sentence}" for sentence, package in all_sentences().items() if sentence not in known]
    assert not missing, f"{len(missing)} sentences have no {language} translation:\n" + "\n".join(missing)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_translation_is_empty_fuzzy_or_unused(language: str) -> None:
    said = all_sentences()
    wrong = []
    for sentence, entry in entries(language).items():
        texts = list(entry.msgstr_plural.values()) or [entry.msgstr]
        if not all(text.strip() for text in texts):
            wrong.append(f"empty: {sentence}")
        if "fuzzy" in entry.flags:
            wrong.append(f"fuzzy: {sentence}")
        if sentence not in said:
            wrong.append(f"nobody says this any more: {sentence}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_have_the_same_places_to_fill(language: str) -> None:
    wrong = []
    for sentence, entry in entries(language).items():
        places = set(PLACES.findall(sentence))
        if entry.msgid_plural:  # a form for one or two may leave the number out
            places_of = [set(PLACES.findall(text)) for text in entry.msgstr_plural.values()]
            allowed = set(PLACES.findall(entry.msgid)) | set(PLACES.findall(entry.msgid_plural))
            wrong += [sentence for found in places_of if not found <= allowed]
        elif set(PLACES.findall(entry.msgstr)) != places:
            wrong.append(f"{sentence} → {entry.msgstr}")
    assert not wrong, "\n".join(wrong)
