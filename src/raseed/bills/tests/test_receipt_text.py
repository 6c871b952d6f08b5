"""The signed text of a receipt: written in one way only, and whatever is changed in it is seen."""

from __future__ import annotations

from datetime import date

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from raseed.bills.receipts.squares import QUIET, path_of, runs_of, squares_of
from raseed.bills.receipts.wire import (
    CODE_ALPHABET,
    TEXT_LENGTH_MAX,
    Facts,
    ReceiptKind,
    code_of,
    key_id_of,
    read,
    write,
)
from raseed.kernel.money import CURRENCIES, Money, currency

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
PUBLIC = KEY.public_key().public_bytes_raw()
DAY = date(2026, 11, 22)
BILL = Facts(
    institution="nile-bank", settled_on=DAY, amount=Money(1_250_050, currency("EGP")), kind=ReceiptKind.BILL,
    payee="nur-power", number="9F3A01B2C4", code="7XK2M9QD",
)  # fmt: skip
TEXT = write(BILL, key=KEY, signed_on=DAY)

days = st.dates(date(2000, 1, 1), date(2099, 12, 31))
slugs = st.from_regex(r"[a-z0-9][a-z0-9-]{0,39}", fullmatch=True)
facts = st.builds(
    lambda institution, day, money, minor, code, number, secret: Facts(
        institution, day, Money(minor, money), ReceiptKind.BILL if code else ReceiptKind.TRANSFER, code, number, secret
    ),
    slugs, days, st.sampled_from(list(CURRENCIES.values())), st.integers(1, 2**63 - 1),
    st.one_of(st.just(""), st.from_regex(r"[a-z][a-z0-9-]{1,39}", fullmatch=True)),
    st.text("0123456789ABCDEF", min_size=10, max_size=10), st.text(CODE_ALPHABET, min_size=8, max_size=8),
)  # fmt: skip


@given(facts, days)
def test_what_is_written_is_read_again_and_fits_a_comfortable_code(of: Facts, signed_on: date) -> None:
    text = write(of, key=KEY, signed_on=signed_on)
    signed = read(text)
    assert signed is not None
    assert (signed.facts, signed.signed_on, signed.key_id) == (of, signed_on, key_id_of(PUBLIC))
    assert signed.is_signed_by(PUBLIC)
    assert len(text) <= TEXT_LENGTH_MAX
    squares = squares_of(f"HTTPS://PAY.EXAMPLE.ORG/R/{text}")
    assert (len(squares) - 17) // 4 <= 10, "version 10 is what a plain phone reads from a screen and from paper"


@given(st.integers(0, len(TEXT) - 1), st.integers(1, 127))
def test_every_byte_that_is_flipped_is_seen(place: int, bits: int) -> None:
    changed = TEXT[:place] + chr(ord(TEXT[place]) ^ bits) + TEXT[place + 1 :]
    signed = read(changed)
    assert signed is None or not signed.is_signed_by(PUBLIC)


@given(st.integers(0, len(TEXT)), st.text(max_size=3))
def test_nothing_can_be_put_in_or_cut_off(place: int, more: str) -> None:
    for changed in (TEXT[:place] + more + TEXT[place:], TEXT[:place], TEXT[place:]):
        if changed != TEXT:
            signed = read(changed)
            assert signed is None or not signed.is_signed_by(PUBLIC)


@given(st.text(max_size=400))
def test_rubbish_is_no_receipt_and_breaks_nothing(text: str) -> None:
    assert read(text) is None


def test_there_is_one_way_to_write_a_receipt() -> None:
    for changed in (
        TEXT.lower(), TEXT + "=", TEXT.replace("12500.50", "12500.5"), TEXT.replace("12500.50", "012500.50"),
        TEXT.replace("EGP", "KWD"), TEXT.replace(":B:NUR-POWER", ":T:NUR-POWER"), TEXT.replace(":B:NUR-POWER", ":B:"),
        TEXT.replace("20261122", "20261322"), TEXT.replace("20261122", "٢٠٢٦١١٢٢"), TEXT + "A" * 10_000,
    ):  # fmt: skip
        assert read(changed) is None, changed[:80]
    last = TEXT[-1]
    others = [letter for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567" if letter != last]
    assert all((signed := read(TEXT[:-1] + one)) is None or not signed.is_signed_by(PUBLIC) for one in others)


def test_another_key_signs_nothing_of_ours() -> None:
    stranger = Ed25519PrivateKey.from_private_bytes(b"x" * 32)
    signed = read(write(BILL, key=stranger, signed_on=DAY))
    assert signed is not None
    assert not signed.is_signed_by(PUBLIC)
    assert not signed.is_signed_by(b"\xff" * 32), "what is no key has signed nothing"
    assert not signed.is_signed_by(b"short")


def test_a_code_is_forty_bits_in_letters_that_nobody_confuses() -> None:
    assert code_of(b"\x00" * 32) == "00000000"
    assert code_of(b"\xff" * 32) == "ZZZZZZZZ"
    assert code_of(bytes(range(32))) == "000G40R4"
    assert not set("ILOU") & set(CODE_ALPHABET)


def test_the_drawing_is_the_squares() -> None:
    squares = squares_of(TEXT)
    drawn = [[0] * len(squares) for _ in squares]
    for y, x, length in runs_of(squares):
        drawn[y][x : x + length] = [1] * length
    assert tuple(bytes(row) for row in drawn) == squares
    assert path_of(squares).startswith(f"m{QUIET} {QUIET}h7v1h-7z"), "the finder in the upper left corner"


def test_a_stranger_can_check_with_what_the_document_says() -> None:
    """The steps of docs/formats/receipt.md, with nothing of ours."""
    import base64  # noqa: PLC0415

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415

    signed, _, signature = TEXT.rpartition(":")
    Ed25519PublicKey.from_public_bytes(PUBLIC).verify(base64.b32decode(signature + "="), signed.encode("ascii"))
    assert signed.split(":") == [
        "R1", key_id_of(PUBLIC), "NILE-BANK", "20261122", "EGP", "12500.50", "B", "NUR-POWER", "9F3A01B2C4", "7XK2M9QD",
        "20261122",
    ]  # fmt: skip
