"""The stand-alone verifier says of every vector what it should, of whatever else comes that it is none, and needs nothing of ours."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raseed.display.standalone import verify_certificate as verifier
from raseed.display.standalone.verify_certificate import Refused, main, parse_key, read_certificate, verify

from .grove import AS_OF_US, KEY, NEXT_KEY, STRANGER, written
from .vectors import FOLDER, LAYLA, PROVEN, Vector, files, of, vectors

KEYS = [parse_key(str(KEY))]
ALL = vectors()
PROGRAM = Path(verifier.__file__)


def verdict(data: bytes, **given: Any) -> str:
    """Say what the verifier says."""
    seen, amount, oldest = given.get("seen"), given.get("amount"), given.get("oldest_us")
    try:
        verify(
            read_certificate(data),
            KEYS,
            account=given.get("account"),
            amount=None if amount is None else int(amount),
            oldest_us=None if oldest is None else int(oldest),
            seen=None if seen is None else (int(seen["as_of_us"]), int(seen["batch"])),
        )
    except Refused as refused:
        return refused.code
    return PROVEN


@pytest.mark.parametrize("vector", ALL, ids=lambda each: each.name)
def test_each_vector_is_judged_as_the_index_says(vector: Vector) -> None:
    assert verdict(vector.data, **vector.given) == vector.expect


def test_the_vectors_lie_in_the_folder_as_they_are_made() -> None:
    assert {path.name: path.read_bytes() for path in FOLDER.iterdir()} == files()


def test_every_refusal_has_a_vector() -> None:
    assert {each.expect for each in ALL} == {PROVEN, *verifier.REFUSALS}


GOOD = written(of())


@settings(max_examples=60, deadline=None)
@given(at=st.integers(0, len(GOOD) - 1), bit=st.integers(0, 7))
def test_no_certificate_with_a_flipped_bit_is_proven(at: int, bit: int) -> None:
    flipped = GOOD[:at] + bytes([GOOD[at] ^ (1 << bit)]) + GOOD[at + 1 :]
    assert verdict(flipped) != PROVEN


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
)
def test_whatever_comes_in_is_answered(data: bytes) -> None:
    assert verdict(data) == "not_a_certificate"


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3))  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(name=st.sampled_from([*of()]), share=st.sampled_from([None, *of()["shares"][0]]), value=JSON)
def test_whatever_stands_in_place_of_a_part_is_refused(name: str, share: str | None, value: object) -> None:
    certificate = of()
    if share is None:
        certificate[name] = value
    else:
        certificate["shares"][0][share] = value
    assert verdict(json.dumps(certificate).encode()) != PROVEN


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 30_000,
        b'{"a":' * 6_000,
        b'{"format":"raseed-certificate-v1","scale":' + b"9" * 20_000 + b"}",
        b"\xff\xfe" + "{}".encode("utf-16-le"),
        GOOD + b" " * 70_000,
        GOOD.replace(b'"scale":2', b'"scale":true'),
        GOOD.replace(b'"scale":2', b'"scale":2.0'),
        GOOD.replace(b'"checkpoint":"', b'"checkpoint":"\\ud800'),
        GOOD.replace(b"raseed.local", b"raseed\\u0000local"),
    ],
    ids=range(9),
)
def test_hostile_input_is_refused_within_its_bound(data: bytes) -> None:
    assert verdict(data) == "not_a_certificate"


def test_a_path_of_a_tree_that_no_machine_holds_is_not_walked() -> None:
    certificate = of()
    certificate["checkpoint"] = certificate["checkpoint"].replace("\n32\n", f"\n{1 << 62}\n")
    assert verdict(written(certificate)) == "not_a_certificate"


def test_a_signature_in_a_second_way_is_none() -> None:
    """Adding the group's order to S gives another text that satisfies the equation; RFC 8032 refuses it."""
    text = b"whatever"
    raw = KEY.private.sign(text)
    s = int.from_bytes(raw[32:], "little") + verifier._L
    assert verifier.signed_by(KEY.public, text, raw)
    assert not verifier.signed_by(KEY.public, text, raw[:32] + s.to_bytes(32, "little"))
    assert not verifier.signed_by(KEY.public, text + b"!", raw)
    assert not verifier.signed_by(STRANGER.public, text, raw)
    assert not verifier.signed_by(b"\xff" * 32, text, raw)


@settings(max_examples=25, deadline=None)
@given(seed=st.binary(min_size=32, max_size=32), text=st.binary(max_size=300))
def test_the_arithmetic_agrees_with_the_library(seed: bytes, text: bytes) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415  (for this test)

    private = Ed25519PrivateKey.from_private_bytes(seed)
    assert verifier.signed_by(private.public_key().public_bytes_raw(), text, private.sign(text))


def alone(folder: Path, *words: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run a copy of the file in an empty folder, without the environment and without site-packages."""
    shutil.copy(PROGRAM, folder / "v.py")
    return subprocess.run([sys.executable, "-I", "-S", "v.py", *words], cwd=folder, input=stdin, capture_output=True, timeout=60, check=False)  # fmt: skip


def test_it_runs_alone_in_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text(f"# ours\n{KEY}\n")
    (tmp_path / "it.json").write_bytes(GOOD)
    done = alone(tmp_path, "it.json", "--key", "keys", "--account", LAYLA, "--amount", "1,234.00")
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"booked EGP 1234.00, of that held 25.00" in done.stdout
    assert b"2026-03-01 12:00:00+00:00" in done.stdout
    piped = alone(tmp_path, "-", "--key", str(KEY), "--amount", "1234.01", stdin=GOOD)
    assert (piped.returncode, piped.stdout.splitlines()[0]) == (1, b"refused: other_amount")


def test_the_newest_root_is_remembered_and_an_older_one_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new, seen = tmp_path / "old", tmp_path / "new", tmp_path / "seen"
    old.write_bytes(GOOD)
    new.write_bytes(written(of(as_of_us=AS_OF_US + 5, batch=4_900)))
    ask = ["--key", str(KEY), "--seen", str(seen)]
    assert [main([str(each), *ask]) for each in (old, new, new, old)] == [0, 0, 0, 1]
    assert "older_than_seen" in capsys.readouterr().out
    seen.write_text("gibberish")
    assert main([str(new), *ask]) == 2


def test_age_is_counted_to_now_or_to_a_named_instant(tmp_path: Path) -> None:
    it = tmp_path / "it"
    it.write_bytes(GOOD)
    ask = [str(it), "--key", str(KEY), "--max-age", "10"]
    at = AS_OF_US // 1_000_000
    assert [main([*ask, "--at", str(at + late)]) for late in (0, 9, 11)] == [0, 0, 1]


@pytest.mark.parametrize(
    "words",
    [
        ["nowhere.json", "--key", str(KEY)],
        [".", "--key", str(KEY)],
        ["-", "--key", "no-such-file"],
        ["-", "--key", str(KEY)[:-3]],
        ["-", "--key", str(KEY), "--account", "layla"],
        ["-", "--key", str(KEY), "--amount", "1.234,00"],
        ["-", "--key", str(KEY), "--amount", "1.001"],
        ["-", "--key", str(KEY), "--max-age", "-1"],
        ["-"],
        ["-", "--key", str(KEY), "--max-age", "soon"],
    ],
)  # fmt: skip
def test_what_is_asked_wrongly_ends_with_two(words: list[str], tmp_path: Path) -> None:
    done = alone(tmp_path, *words, stdin=GOOD)
    assert done.returncode == 2, done.stdout
    assert b"Traceback" not in done.stderr


def test_a_giant_file_is_not_read_to_its_end(tmp_path: Path) -> None:
    done = alone(tmp_path, "/dev/zero", "--key", str(KEY))
    assert (done.returncode, done.stdout.splitlines()[0]) == (1, b"refused: not_a_certificate")


def test_one_of_two_keys_of_a_hand_over_is_enough() -> None:
    certificate = read_certificate(written(of(LAYLA, KEY, NEXT_KEY)))
    for key in (KEY, NEXT_KEY):
        verify(certificate, [parse_key(str(key))])
