"""Every sentence of the lowest floors is there in Arabic and in Hebrew, with all its places."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from django.utils.translation import gettext, override

SOURCE = Path(__file__).parents[2]
OWNERS = {"platform": ("kernel", "platform"), "channels": ("channels",), "people": ("people",)}
PLACE = re.compile(r"%\(\w+\)s")


def sentences(package: str) -> set[str]:
    found = set()
    for file in (SOURCE / package).glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"mark", "gettext"}:
                (argument,) = node.args
                if isinstance(argument, ast.Constant):
                    found.add(str(argument.value))
    return found


@pytest.mark.parametrize("language", ["ar", "he"])
@pytest.mark.parametrize("owner", OWNERS)
def test_every_sentence_is_translated_with_all_its_places(owner: str, language: str) -> None:
    wanted = set().union(*(sentences(package) for package in OWNERS[owner])) - {""}
    assert wanted
    with override(language):
        for sentence in wanted:
            translated = gettext(sentence)
            assert translated != sentence
            assert sorted(PLACE.findall(translated)) == sorted(PLACE.findall(sentence))
