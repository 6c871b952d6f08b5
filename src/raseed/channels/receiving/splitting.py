"""Taking a delivery apart: every element of every array becomes a piece of its own, in the bytes that came.

Nothing that parses as JSON is left out. What is known goes out as messages, statuses and echoes; what is not, as other pieces;
an element of the wrong shape is one unreadable piece and takes no neighbour with it. A piece's key is its own id at the
provider, so that the same element in other bytes is the same piece; without an id it is the digest of its bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import msgspec
from msgspec import Raw

from ..domain import Channel
from .domain import ItemKind

KEY_LENGTH_MAX: Final = 200
_WHATSAPP: Final = {"messages": ItemKind.MESSAGE, "statuses": ItemKind.STATUS, "message_echoes": ItemKind.ECHO}
_TELEGRAM: Final = frozenset({"message", "edited_message", "callback_query", "business_message"})
_BESIDE: Final = frozenset({"messaging_product", "metadata", "contacts"})
"""What says something of the other elements, and is nothing by itself."""
_T = TypeVar("_T")
_fields: Final[msgspec.json.Decoder[dict[str, Raw]]] = msgspec.json.Decoder(dict[str, Raw])
_array: Final[msgspec.json.Decoder[list[Raw]]] = msgspec.json.Decoder(list[Raw])
_id: Final[msgspec.json.Decoder[str | int]] = msgspec.json.Decoder(str | int)


@dataclass(frozen=True, slots=True)
class Piece:
    """One element of a delivery. ``problem``: why it can't be worked, where that is seen at once."""

    kind: ItemKind
    key: str
    content: bytes
    problem: str = ""


class NotReadable(Exception):
    """The delivery is no JSON object; its ``piece`` keeps it whole."""

    def __init__(self, body: bytes) -> None:
        super().__init__("not JSON")
        self.piece = unreadable(body)


def unreadable(content: bytes) -> Piece:
    """Return bytes as a piece that a person has to look at."""
    return Piece(ItemKind.UNREADABLE, digest_key(content), content, "unreadable")


def digest_key(content: bytes) -> str:
    """Return the key of what has no id."""
    return "digest:" + hashlib.sha256(content).hexdigest()


def split(channel: Channel, body: bytes) -> list[Piece]:
    """Return the pieces of a delivery: none, if it holds nothing.

    Raises:
        NotReadable: it is no JSON object.
    """
    try:
        whole = _fields.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        body = _mended(body)
        whole = _fields.decode(body)
    return list(_SPLITTERS[channel](whole, body))


def _mended(body: bytes) -> bytes:
    """Return a JSON object without halves of surrogate pairs, which some senders cut an emoji into.

    Raises:
        NotReadable: it is something else.
    """
    try:
        found = json.loads(body)
        mended = json.dumps(found, ensure_ascii=False).encode("utf-8", "replace")
        _fields.decode(mended)
    except (ValueError, RecursionError):  # msgspec's own refusals are ValueErrors too
        raise NotReadable(body) from None
    return mended


def _whatsapp(whole: Mapping[str, Raw], body: bytes) -> Iterator[Piece]:
    entries = _elements(whole.get("entry"))
    if entries is None:
        yield unreadable(body)
        return
    for entry in entries:
        changes = _elements((_object(entry) or {}).get("changes"))
        if changes is None:
            yield unreadable(bytes(entry))
            continue
        for change in changes:
            yield from _change(change)


def _change(change: Raw) -> Iterator[Piece]:
    value = _object((_object(change) or {}).get("value"))
    if value is None:
        yield unreadable(bytes(change))
        return
    beside: dict[str, Raw] = {name: value[name] for name in ("metadata", "contacts") if name in value}
    if value.keys() <= _BESIDE:
        yield Piece(ItemKind.OTHER, digest_key(bytes(change)), bytes(change))
        return
    contacts = _elements(value.get("contacts")) or []
    for name, content in value.items():
        if name in _BESIDE:
            continue
        elements = _elements(content) if name in _WHATSAPP else None
        if elements is None:
            kind = ItemKind.UNREADABLE if name in _WHATSAPP else ItemKind.OTHER
            piece = _together({name: content, **beside})
            yield Piece(kind, digest_key(piece), piece, "unreadable" if kind is ItemKind.UNREADABLE else "")
            continue
        for element in elements:
            yield _whatsapp_piece(_WHATSAPP[name], element, value.get("metadata"), contacts)


def _whatsapp_piece(kind: ItemKind, element: Raw, metadata: Raw | None, contacts: Sequence[Raw]) -> Piece:
    fields = _object(element)
    said = None if fields is None else _identifier(fields.get("id"))
    if fields is None or said is None:
        return unreadable(bytes(element))
    parts = {"item": element}
    if metadata is not None:
        parts["metadata"] = metadata
    contact = _contact_of(fields, contacts)
    if contact is not None:
        parts["contact"] = contact
    if kind is ItemKind.STATUS:
        told = _identifier(fields.get("status")) or ""
        return Piece(kind, _key("status", said, told, _identifier(fields.get("timestamp")) or ""), _together(parts))
    return Piece(kind, _key(kind.value, said), _together(parts))


def _contact_of(fields: Mapping[str, Raw], contacts: Sequence[Raw]) -> Raw | None:
    """Return the contact that an element is from: by its number, by its id, or the only one there is."""
    sender = {_identifier(fields.get(name)) for name in ("from", "from_user_id")} - {None}
    for contact in contacts:
        known = _object(contact) or {}
        if sender & ({_identifier(known.get(name)) for name in ("wa_id", "user_id")} - {None}):
            return contact
    return contacts[0] if len(contacts) == 1 else None


def _telegram(whole: Mapping[str, Raw], body: bytes) -> Iterator[Piece]:
    number = _identifier(whole.get("update_id"))
    if number is None:
        yield unreadable(body)
        return
    kind = ItemKind.MESSAGE if whole.keys() & _TELEGRAM else ItemKind.OTHER
    yield Piece(kind, _key("update", number), body)


def _x(whole: Mapping[str, Raw], body: bytes) -> Iterator[Piece]:
    beside = {name: whole[name] for name in ("for_user_id", "users", "apps") if name in whole}
    others = {name: content for name, content in whole.items() if name not in beside}
    if not others and body.strip() != b"{}":
        yield Piece(ItemKind.OTHER, digest_key(body), body)
    for name, content in others.items():
        elements = _elements(content)
        if elements is None:
            yield Piece(ItemKind.OTHER, digest_key(bytes(content)), _together({name: content, **beside}))
            continue
        for element in elements:
            if name != "direct_message_events":
                piece = _together({name: element, **beside})
                yield Piece(ItemKind.OTHER, digest_key(bytes(element)), piece)
                continue
            said = _identifier((_object(element) or {}).get("id"))
            if said is None:
                yield unreadable(bytes(element))
            else:
                yield Piece(ItemKind.MESSAGE, _key("message", said), _together({"item": element, **beside}))


def _sms(whole: Mapping[str, Raw], _body: bytes) -> Iterator[Piece]:
    for name, content in whole.items():
        kind = {"messages": ItemKind.MESSAGE, "statuses": ItemKind.STATUS}.get(name)
        elements = None if kind is None else _elements(content)
        if kind is None or elements is None:
            piece = _together({name: content})
            other = kind is None
            yield Piece(
                ItemKind.OTHER if other else ItemKind.UNREADABLE,
                digest_key(piece),
                piece,
                "" if other else "unreadable",
            )
            continue
        for element in elements:
            fields = _object(element) or {}
            said = _identifier(fields.get("id"))
            told = (_identifier(fields.get("status")) or "", _identifier(fields.get("at")) or "")
            if said is None:
                yield unreadable(bytes(element))
            elif kind is ItemKind.MESSAGE:
                yield Piece(kind, _key("message", said), _together({"item": element}))
            else:
                yield Piece(kind, _key("status", said, *told), _together({"item": element}))


_SPLITTERS: Final[Mapping[Channel, Callable[[Mapping[str, Raw], bytes], Iterator[Piece]]]] = {
    Channel.WHATSAPP: _whatsapp,
    Channel.TELEGRAM: _telegram,
    Channel.X: _x,
    Channel.SMS: _sms,
}
DELIVERED: Final = frozenset(_SPLITTERS)
"""The channels whose providers deliver to us."""


def _object(raw: Raw | None) -> dict[str, Raw] | None:
    return _decoded(_fields, raw)


def _elements(raw: Raw | None) -> list[Raw] | None:
    return _decoded(_array, raw)


def _identifier(raw: Raw | None) -> str | None:
    found = _decoded(_id, raw)
    return None if found is None or found == "" else str(found)


def _decoded(decoder: msgspec.json.Decoder[_T], raw: Raw | None) -> _T | None:
    if raw is None:
        return None
    try:
        return decoder.decode(raw)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError, RecursionError):
        return None


def _together(parts: Mapping[str, Raw]) -> bytes:
    return msgspec.json.encode(parts)


def _key(*parts: str) -> str:
    """Return a key made of ids; what is too long or unprintable is shortened to its digest."""
    key = ":".join(part.replace(":", "::") for part in parts)
    if len(key) <= KEY_LENGTH_MAX and key.isprintable():
        return key
    return f"{parts[0]}:{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()}"
