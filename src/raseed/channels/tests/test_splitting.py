"""Laws of taking deliveries apart: nothing is lost, nothing is doubled, whatever strangers send; a name never hides anything."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from raseed.channels.domain import Channel
from raseed.channels.receiving.cleaning import safe_id, shown_name, shown_text
from raseed.channels.receiving.domain import ItemKind
from raseed.channels.receiving.splitting import DELIVERED, NotReadable, split

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(st.text(max_size=12), inside, max_size=4),
    max_leaves=12,
)
IDS = st.text(min_size=1, max_size=30)
MESSAGES = st.lists(st.builds(lambda id_, more: {**more, "id": id_, "type": "text"}, IDS, st.dictionaries(st.text(max_size=8), ANYTHING)), max_size=50)  # fmt: skip
STATUSES = st.lists(
    st.fixed_dictionaries({"id": IDS, "status": st.sampled_from(["sent", "read", "x"]), "timestamp": st.just("1")})
)
VALUES = st.fixed_dictionaries(
    {}, optional={"messages": MESSAGES, "statuses": STATUSES, "contacts": ANYTHING, "metadata": ANYTHING}
)


@given(entries=st.lists(st.lists(VALUES, max_size=4), max_size=4), escaped=st.booleans())
@settings(max_examples=60)
def test_every_element_of_every_array_is_one_piece(entries: list[list[dict[str, Any]]], *, escaped: bool) -> None:
    body = {"entry": [{"id": "1", "changes": [{"value": value} for value in entry]} for entry in entries]}
    pieces = split(Channel.WHATSAPP, json.dumps(body, ensure_ascii=escaped).encode())
    values = [value for entry in entries for value in entry]
    for kind, name in ((ItemKind.MESSAGE, "messages"), (ItemKind.STATUS, "statuses")):
        sent = [json.loads(json.dumps(one)) for value in values for one in value.get(name, [])]
        found = [json.loads(piece.content)["item"] for piece in pieces if piece.kind is kind]
        assert found == sent
    by_id = {piece.key for piece in pieces if piece.kind is ItemKind.MESSAGE}
    assert len(by_id) == len({one["id"] for value in values for one in value.get("messages", [])})


@given(
    st.sampled_from(sorted(DELIVERED)),
    st.dictionaries(st.sampled_from(["entry", "messages", "update_id", "x"]), ANYTHING),
)
def test_any_json_object_is_taken_apart_without_trouble(channel: Channel, body: dict[str, Any]) -> None:
    for piece in split(channel, json.dumps(body).encode()):
        assert piece.content
        assert 0 < len(piece.key) <= 300
        assert piece.key.isprintable()


@given(st.sampled_from(sorted(DELIVERED)), st.binary(max_size=200))
def test_any_bytes_are_taken_apart_or_kept_whole(channel: Channel, body: bytes) -> None:
    kept = None
    try:
        split(channel, body)
    except NotReadable as trouble:
        kept = trouble.piece.content
    assert kept in {None, body}


@given(st.text(max_size=300))
def test_a_shown_name_holds_only_what_can_be_seen_and_cleaning_it_again_changes_nothing(text: str) -> None:
    shown = shown_name(text)
    assert all(unicodedata.category(character)[0] != "C" for character in shown)
    assert len(shown) <= 200
    assert shown_name(shown) == shown


@given(st.text(alphabet=st.characters(exclude_categories=[]), max_size=300))
def test_a_shown_text_and_a_safe_id_can_always_be_kept(text: str) -> None:
    for kept in (shown_text(text), safe_id(text), shown_name(text)):
        assert "\0" not in kept
        kept.encode()
    assert safe_id(safe_id(text)) == safe_id(text)
