"""WhatsApp's webhooks as bytes: envelopes of several entries, changes and items, escaped, signed, and the same said otherwise."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, Final

OBJECT: Final = "whatsapp_business_account"
FIELD: Final = "messages"
SIGNATURE: Final = "X-Hub-Signature-256"

Item = Mapping[str, Any]
"""``{"waba", "metadata", "contact", "message" or "status"}``: one message or status with all that is said beside it."""


def envelope(items: Sequence[Item], rng: Random | None = None) -> dict[str, Any]:
    """Return one webhook with all the items, in as many entries, changes and arrays as chance wants; without it, in as few as can be."""
    entries: list[dict[str, Any]] = []
    for item in items:
        entry = entries[-1] if entries and entries[-1]["id"] == item["waba"] and not _parts(rng) else None
        if entry is None:
            entry = {"id": item["waba"], "changes": []}
            entries.append(entry)
        changes: list[dict[str, Any]] = entry["changes"]
        same = bool(changes) and changes[-1]["value"]["metadata"] == item["metadata"]
        if not same or _parts(rng):
            value: dict[str, Any] = {"messaging_product": "whatsapp", "metadata": dict(item["metadata"])}
            changes.append({"value": value, "field": FIELD})
        _put(changes[-1]["value"], item)
    return {"object": OBJECT, "entry": entries}


def _parts(rng: Random | None) -> bool:
    return rng is not None and rng.random() < 0.3  # noqa: PLR2004


def _put(value: dict[str, Any], item: Item) -> None:
    contact = item.get("contact")
    if contact is not None and contact not in value.setdefault("contacts", []):
        value["contacts"].append(dict(contact))
    for name, many in (("message", "messages"), ("status", "statuses")):
        if name in item:
            value.setdefault(many, []).append(dict(item[name]))


def as_bytes(told: Mapping[str, Any]) -> bytes:
    r"""Return the body as Meta writes it: everything that is not ASCII as lower-case ``\uXXXX``, slashes escaped, no spaces."""
    return json.dumps(told, separators=(",", ":")).replace("/", "\\/").encode("ascii")


def as_other_bytes(told: Mapping[str, Any], copy: int) -> bytes:
    """Return the same said in other bytes: in another order, another spacing, another escaping, by the copy's number."""
    turned = _turned(told) if copy % 2 else told
    ways: tuple[dict[str, Any], ...] = (
        {"separators": (", ", ": ")},
        {"ensure_ascii": False, "separators": (",", ":")},
        {"indent": 1},
    )
    return json.dumps(turned, **ways[copy % len(ways)]).encode()


def _turned(told: Any) -> Any:
    """Return an object with its names in reverse order; what stands in arrays stays where it is."""
    if isinstance(told, Mapping):
        return {name: _turned(told[name]) for name in reversed(list(told))}
    return [_turned(each) for each in told] if isinstance(told, list) else told


def signature(app_secret: str, body: bytes) -> str:
    """Return the header's value: HMAC-SHA256 over the raw bytes, in hex."""
    return "sha256=" + hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest()
