"""The test vectors of docs/formats/certificate-vectors: ``python -m raseed.display.standalone.tests.vectors`` writes them anew."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from .grove import AS_OF_US, BATCH, KEY, NEXT_KEY, STRANGER, Grove, Leaf, TestKey, encoded, note, written

FOLDER: Final = Path(__file__).parents[5] / "docs" / "formats" / "certificate-vectors"
LAYLA: Final = "019b3c00-1111-7000-8000-000000000001"
MONA: Final = "019b3c00-2222-7000-8000-000000000002"
OMAR: Final = "019b3c00-3333-7000-8000-000000000003"
OTHER_TREE: Final = "raseed.local/display/00000000-0000-4000-8000-0000000000cc"
Object = dict[str, Any]
PROVEN: Final = "proven"
WORDS: Final = (
    "Test vectors of docs/formats/certificate.md. The keys are test keys: their private halves are public, nothing real is "
    "signed with them. A verifier is given the keys, and what stands beside a file: account, amount (minor units), oldest_us "
    "(the root may not be older), seen (the newest root accepted before). It answers what stands in expect."
)


@dataclass(frozen=True)
class Vector:
    """A file, and what a verifier has to say of it."""

    name: str
    expect: str
    why: str
    data: bytes
    given: dict[str, object] = field(default_factory=dict)


def village(depth: int = 5) -> Grove:
    """Return a tree with three accounts: one that is owed, one that owes, one with nothing but a hold."""
    grove, last = Grove(depth), (1 << depth) - 1
    grove.plant(LAYLA, 123_400, places=(17 % (last + 1), last - 3), held=2_500)
    grove.plant(MONA, -98_765, places=(6, last))
    grove.plant(OMAR, 0, places=(2, 9), held=100, position=12)
    return grove


def of(account: str = LAYLA, *keys: TestKey, **text: Any) -> Object:
    """Return a good certificate."""
    grove = village()
    return grove.certificate(account, note(grove.text(**text), *(keys or (KEY,))))


def changed(change: Callable[[Object], object], start: Object | None = None) -> bytes:
    """Return a certificate with something changed after it was signed."""
    certificate = copy.deepcopy(start or of())
    change(certificate)
    return written(certificate)


def _flipped(text: str, at: int) -> str:
    raw = bytearray(base64.b64decode(text))
    raw[at] ^= 1
    return encoded(bytes(raw))


def _set(share: int, name: str, value: object) -> Callable[[Object], object]:
    return lambda one: one["shares"][share].__setitem__(name, value)


def _good() -> Iterator[Vector]:
    yield Vector(
        "good-owed", PROVEN, "the institution owes 1,234.00", written(of()), {"account": LAYLA, "amount": "123400"}
    )
    yield Vector("good-owing", PROVEN, "the customer owes 987.65", written(of(MONA)), {"amount": "-98765"})
    yield Vector("good-nothing", PROVEN, "nothing booked, 1.00 held", written(of(OMAR)), {"amount": "0"})
    yield Vector("good-fresh", PROVEN, "just as old as is allowed", written(of()), {"oldest_us": str(AS_OF_US)})
    seen = {"as_of_us": str(AS_OF_US), "batch": str(BATCH)}
    yield Vector("good-seen-before", PROVEN, "the root that was seen last", written(of()), {"seen": seen})
    more = f"raseed-key-v1 {KEY}\nraseed-key-v1 {NEXT_KEY}\n"
    yield Vector(
        "good-hand-over", PROVEN, "two keys sign while one hands over", written(of(LAYLA, KEY, NEXT_KEY, more=more))
    )
    strange = of(LAYLA, KEY, STRANGER, more="some-day-v9 whatever\n")
    yield Vector("good-with-more", PROVEN, "unknown lines and signatures are passed over", written(strange))
    pair = Grove(1)
    pair.plant(LAYLA, 5, places=(1, 0))
    yield Vector("good-smallest", PROVEN, "the smallest tree", written(pair.certificate(LAYLA, note(pair.text(), KEY))))
    deep = village(25)
    yield Vector("good-deep", PROVEN, "33,554,432 places", written(deep.certificate(LAYLA, note(deep.text(), KEY))))


def _misshapen() -> Iterator[Vector]:
    def bad(name: str, why: str, data: bytes) -> Vector:
        return Vector(f"not_a_certificate-{name}", "not_a_certificate", why, data)

    yield bad("cut", "the end is missing", written(of())[:-7])
    yield bad("other-name", "a name that does not belong", written(of() | {"later": "1"}))
    yield bad("half-a-node", "a path of 4 nodes and a half", changed(_set(0, "path", encoded(bytes(216)))))
    yield bad("no-ledger", "no line of the ledger's log", written(
        of() | {"checkpoint": note(village().text().replace("raseed-ledger-v1", "raseed-ledger-v0"), KEY)}))  # fmt: skip
    yield bad("format", "another version", written(of() | {"format": "raseed-certificate-v2"}))
    yield bad("number", "a number in a second way", written(of() | {"held": "02500"}))
    yield bad("json-number", "a number where a text belongs", written(of() | {"booked": 123400}))
    yield bad("too-large", "a number of 2^63", written(of() | {"held": str(1 << 63)}))
    yield bad("minus-nothing", "minus nothing", written(of(OMAR) | {"booked": "-0"}))
    yield bad("one-share", "one share", changed(lambda one: one["shares"].pop()))
    yield bad("base64", "base64 in a second way", changed(_set(0, "salt", of()["shares"][0]["salt"].replace("=", ""))))
    yield bad("account", "an id in capitals", written(of() | {"account": LAYLA.replace("c", "C")}))
    text = village().text()
    for name, why, wrong in (
        ("capacity", "no power of two", text.replace("\n32\n", "\n33\n")),
        ("two-sums", "the sums twice", text + "raseed-sum-v1 EGP 2 1 1\n"),
        ("no-time", "no line of the time", text.replace("raseed-asof-v1", "raseed-asof-v0")),
    ):
        yield bad(name, why, written(of() | {"checkpoint": note(wrong, KEY)}))


def _mistrusted() -> Iterator[Vector]:
    yield Vector("unknown_key", "unknown_key", "a stranger signed under the tree's name", written(of(LAYLA, STRANGER)))
    text = village().text()
    yield Vector("forged_checkpoint", "forged_checkpoint", "the root was changed after signing", written(
        of() | {"checkpoint": note(text, KEY).replace(f" {BATCH}\n", f" {BATCH + 1}\n")}))  # fmt: skip
    yield Vector(
        "wrong_tree-origin", "wrong_tree", "another tree's root, signed under this name", written(of(origin=OTHER_TREE))
    )
    yield Vector("wrong_tree-currency", "wrong_tree", "the tree is in another currency", written(of(currency="USD")))


def _astray() -> Iterator[Vector]:
    path = of()["shares"][0]["path"]
    short, long = encoded(base64.b64decode(path)[:-48]), encoded(base64.b64decode(path) + bytes(48))
    yield Vector("path_length-short", "path_length", "a node is missing", changed(_set(0, "path", short)))
    yield Vector("path_length-long", "path_length", "a node too many", changed(_set(1, "path", long)))
    yield Vector("path_length-place", "path_length", "a place outside the tree", changed(_set(0, "place", "49")))
    huge = bytearray(base64.b64decode(path))
    huge[32:40] = ((1 << 63) - 1).to_bytes(8)
    yield Vector(
        "sum_overflow", "sum_overflow", "a sibling with a sum near 2^63", changed(_set(0, "path", encoded(bytes(huge))))
    )
    astray = "path_does_not_lead_to_root"
    yield Vector(f"{astray}-hash", astray, "a flipped bit in a hash", changed(_set(0, "path", _flipped(path, 5))))
    yield Vector(f"{astray}-sum", astray, "a flipped bit in a sum", changed(_set(0, "path", _flipped(path, 39))))
    yield Vector(f"{astray}-account", astray, "the leaf of another account", written(of() | {"account": MONA}))
    yield Vector(f"{astray}-place", astray, "another place", changed(_set(0, "place", "16")))
    yield Vector(f"{astray}-held", astray, "less is held", written(of() | {"held": "0"}))
    yield Vector(f"{astray}-shares", astray, "the shares changed places", changed(lambda one: one["shares"].reverse()))
    more = changed(
        lambda one: (one.update(booked="123401"), _set(0, "owed", str(int(one["shares"][0]["owed"]) + 1))(one))
    )
    yield Vector(f"{astray}-amount", astray, "one piastre more, in share and balance", more)
    lying = village().text().replace("raseed-sum-v1 EGP 2 123400", "raseed-sum-v1 EGP 2 123399")
    yield Vector(
        f"{astray}-root-sum",
        astray,
        "the root's sum is not that of its tree",
        written(of() | {"checkpoint": note(lying, KEY)}),
    )


def _apart() -> Iterator[Vector]:
    yield Vector(
        "shares_disagree-booked",
        "shares_disagree",
        "another balance than the shares",
        written(of() | {"booked": "123401"}),
    )
    both = village()
    for share, place, owed, owing in ((0, 20, 700, 0), (1, 21, 0, 200)):
        both.put(Leaf(place, "019b3c00-4444-7000-8000-000000000004", share, owed, owing, 0, 1, bytes(16)))
    lying = both.certificate("019b3c00-4444-7000-8000-000000000004", note(both.text(), KEY))
    yield Vector("shares_disagree-both-ways", "shares_disagree", "owed and owing at once", written(lying))
    yield Vector(
        "too_old", "too_old", "a microsecond older than allowed", written(of()), {"oldest_us": str(AS_OF_US + 1)}
    )
    later = {"as_of_us": str(AS_OF_US + 1), "batch": str(BATCH)}
    yield Vector(
        "older_than_seen", "older_than_seen", "a newer root was accepted before", written(of()), {"seen": later}
    )
    further = {"as_of_us": str(AS_OF_US), "batch": str(BATCH + 1)}
    yield Vector(
        "older_than_seen-batch",
        "older_than_seen",
        "a root with more batches was accepted before",
        written(of()),
        {"seen": further},
    )
    yield Vector("other_account", "other_account", "asked for another account", written(of()), {"account": MONA})
    yield Vector("other_amount", "other_amount", "asked for another amount", written(of()), {"amount": "123401"})


def vectors() -> list[Vector]:
    """Return all of them."""
    return [*_good(), *_misshapen(), *_mistrusted(), *_astray(), *_apart()]


def files() -> dict[str, bytes]:
    """Return the folder's files by name."""
    made = vectors()
    index = {
        "about": WORDS,
        "keys": [str(KEY)],
        "vectors": [
            {"file": f"{each.name}.json", "expect": each.expect, "why": each.why, **each.given} for each in made
        ],
    }
    found = {f"{each.name}.json": each.data for each in made}
    found["index.json"] = json.dumps(index, indent=1, ensure_ascii=False).encode() + b"\n"
    return found | {"keys": f"# test keys: their private halves are public\n{KEY}\n".encode()}


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, data in files().items():
        (FOLDER / name).write_bytes(data)
