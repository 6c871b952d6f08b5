"""Files are fetched until their provider forgets them, checked by their content, stripped of places, and kept private."""

from __future__ import annotations

import hashlib
import io
import os
import socket
import stat
import threading
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings as django_settings
from django.test import override_settings
from PIL import Image

from raseed.channels.api import (
    Channel,
    Line,
    Media,
    MediaNotKept,
    MediaState,
    NewFile,
    Party,
    media_bytes,
    media_of,
    take_in,
)
from raseed.channels.events import MEDIA_SETTLED
from raseed.channels.media import archives, fetching, store, types
from raseed.channels.media.client import _says_gone
from raseed.channels.media.domain import FETCHED_FOR, IMAGE_BYTES_MAX
from raseed.channels.media.fetching import digest_of, fetch_next, remove_orphans
from raseed.channels.media.owing import AGAIN, FIRST
from raseed.channels.models import MediaRow
from raseed.channels.receiving.domain import MessageKind
from raseed.channels.receiving.drafts import Draft, DraftFile
from raseed.channels.receiving.messages import keep_message
from raseed.kernel.clock import SYSTEM_CLOCK, Clock, ManualClock
from raseed.kernel.ids import new_id
from raseed.platform.models import EventRow

from .holding import Holder, holding
from .lines import Clerk, make_line

PARTY = Party("waba:1", "wa:201001234567")


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Any]:
    with override_settings(CHANNEL_NETWORKS="127.0.0.0/8", MALWARE="", HOME=tmp_path):
        yield django_settings


@pytest.fixture
def holder(database: object, settings: Any) -> Iterator[Holder]:
    with holding() as told:
        yield told


def jpeg(**more: Any) -> bytes:
    out = io.BytesIO()
    picture = Image.new("RGB", (40, 30))
    picture.putdata([(x * 6, y * 8, 99) for y in range(30) for x in range(40)])
    picture.save(out, "JPEG", quality=90, **more)
    return out.getvalue()


def placed() -> Image.Exif:
    """Exif that says where a picture was taken, and that it lies on its side."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "Maker"
    exif.get_ifd(0x8825).update({1: "N", 2: (30.0, 2.0, 39.84), 3: "E", 4: (31.0, 14.0, 8.52)})
    return exif


def at_line(holder: Holder, **more: str) -> Line:
    return make_line(Channel.WHATSAPP, Clerk(), settings={"waba_id": "1", "api_base": holder.address, **more})


def sent(line: Line, source: str, kind: str = "image", clock: Clock = SYSTEM_CLOCK, sha256: str = "") -> UUID:
    """A message with a file."""
    draft = Draft(
        provider_id=str(new_id()), party=PARTY, kind=MessageKind(kind), text="", sent_at=clock.now(),
        files=(DraftFile(kind, source, claimed_type="image/jpeg", claimed_sha256=sha256),),
    )  # fmt: skip
    kept = keep_message(draft, line, received_at=clock.now(), clock=clock)
    assert kept is not None
    return kept


def settled(message_id: UUID, clock: Clock = SYSTEM_CLOCK) -> Media:
    for lane in (FIRST, AGAIN):
        while fetch_next(lane, clock=clock):
            pass
    [file] = media_of(message_id)
    return file


def test_a_picture_is_kept_private_without_the_place_and_not_compressed_anew(holder: Holder) -> None:
    line = at_line(holder)
    holder.files["1"] = (
        jpeg(exif=placed(), comment=b"at home") + b"a film that a telephone hides here +30.0444+031.2357/"
    )
    message = sent(line, "1")
    file = settled(message)
    assert (file.state, file.found_type, file.scanned, file.keeps_position) == (
        MediaState.KEPT,
        "image/jpeg",
        False,
        False,
    )
    content = media_bytes(file.id)
    assert (file.size_bytes, file.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    after, before = Image.open(io.BytesIO(content)), Image.open(io.BytesIO(holder.files["1"]))
    assert after.tobytes() == before.tobytes()
    assert dict(after.getexif()) == {0x0112: 6}
    assert not after.getexif().get_ifd(0x8825)
    assert b"film" not in content
    assert b"at home" not in content
    path = store.kept_path(file.id)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [header for _, header in holder.shown] == ["Bearer an-access-token-of-tests"] * 2
    [event] = EventRow.objects.filter(name=MEDIA_SETTLED)
    assert event.payload == {"media_id": str(file.id), "message_id": str(message), "state": "kept", "refusal": ""}


def test_a_line_that_needs_the_place_keeps_it(holder: Holder) -> None:
    holder.files["1"] = jpeg(exif=placed())
    file = settled(sent(at_line(holder, keep_position="yes"), "1"))
    assert file.keeps_position
    assert media_bytes(file.id) == holder.files["1"]


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_other_pictures_lose_the_place_too(holder: Holder, kind: str) -> None:
    out = io.BytesIO()
    Image.new("RGBA", (9, 9), (1, 2, 3, 200)).save(out, kind, exif=placed(), lossless=True)
    holder.files["1"] = out.getvalue()
    assert b"Maker" in out.getvalue()
    content = media_bytes(settled(sent(at_line(holder), "1")).id)
    after = Image.open(io.BytesIO(content))
    assert after.tobytes() == Image.open(out).tobytes()
    assert not after.getexif()


def box(name: bytes, content: bytes) -> bytes:
    return (8 + len(content)).to_bytes(4) + name + content


def test_a_film_loses_the_place_and_no_offset_moves(holder: Holder) -> None:
    place = b"+30.0444+031.2357+023.000/"
    film = box(b"ftyp", b"isom\0\0\2\0") + box(b"mdat", b"x" * 50) + box(
        b"moov", box(b"mvhd", bytes(20)) + box(b"udta", box(b"\xa9xyz", b"\0\x1a\x15\xc7" + place)) + box(b"meta", b"keys" + place)
    )  # fmt: skip
    holder.files["1"] = film
    content = media_bytes(settled(sent(at_line(holder), "1", "video")).id)
    assert len(content) == len(film)
    assert b"30.0444" not in content
    assert content[:80] == film[:80]


def test_what_can_not_be_walked_through_is_refused(holder: Holder) -> None:
    holder.files["1"] = jpeg()[:300]
    file = settled(sent(at_line(holder), "1"))
    assert (file.state, file.refusal) == (MediaState.REFUSED, "damaged")


def test_a_provider_that_is_busy_is_asked_again_with_growing_pauses_until_it_gives_the_file(holder: Holder) -> None:
    clock = ManualClock(SYSTEM_CLOCK.now())
    holder.files["1"] = jpeg()
    holder.statuses += [503, 429, 500, 302, 200, 503]
    message = sent(at_line(holder), "1", clock=clock)
    pauses = []
    while media_of(message)[0].state is MediaState.WAITING:
        before = clock.now()
        settled(message, clock)
        row = MediaRow.objects.get()
        if row.next_try_at:
            pauses.append((row.next_try_at - before).total_seconds())
            clock.advance(row.next_try_at - before)
    assert pauses == [20, 40, 80, 160, 320]
    assert media_of(message)[0].state is MediaState.KEPT


@pytest.mark.parametrize(
    ("said", "gone"),
    [
        (b'{"error":{"type":"GraphMethodException","code":100,"error_subcode":33}}', True),
        (b'{"error":{"type":"OAuthException","code":100}}', False),
        (
            b'{"ok":false,"error_code":400,"description":"Bad Request: wrong file_id or the file is temporarily unavailable"}',
            True,
        ),
        (b'{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}', False),
        (b"<html>", False),
        (b"[]", False),
    ],
)
def test_what_a_provider_says_it_will_never_give_is_not_asked_for_again(said: bytes, *, gone: bool) -> None:
    assert _says_gone(said) is gone


def test_a_file_that_never_comes_is_gone_after_seven_days_and_its_message_is_there(holder: Holder) -> None:
    clock = ManualClock(SYSTEM_CLOCK.now())
    holder.statuses += [503] * 1000
    message = sent(at_line(holder), "1", clock=clock)
    tries = 0
    while media_of(message)[0].state is MediaState.WAITING:
        fetch_next(FIRST, clock=clock)
        fetch_next(AGAIN, clock=clock)
        clock.advance(timedelta(hours=1))
        tries += 1
    [file] = media_of(message)
    assert (file.state, file.refusal) == (MediaState.GONE, "expired")
    assert tries > FETCHED_FOR.total_seconds() / 3600
    with pytest.raises(MediaNotKept):
        media_bytes(file.id)


def test_who_says_often_that_there_is_no_such_file_is_believed(holder: Holder) -> None:
    clock = ManualClock(SYSTEM_CLOCK.now())
    message = sent(at_line(holder), "unknown", clock=clock)
    for _ in range(3):
        assert settled(message, clock).state in {MediaState.WAITING, MediaState.GONE}
        clock.advance(timedelta(minutes=10))
    assert media_of(message)[0].refusal == "unfetchable"


def test_bytes_that_are_not_those_the_channel_spoke_of_are_asked_for_again_and_then_refused(holder: Holder) -> None:
    clock = ManualClock(SYSTEM_CLOCK.now())
    holder.files["1"] = jpeg()
    holder.digests["1"] = "0" * 64
    message = sent(at_line(holder), "1", clock=clock)
    for _ in range(5):
        settled(message, clock)
        clock.advance(timedelta(hours=1))
    assert media_of(message)[0].refusal == "digest"
    holder.digests.clear()
    again = sent(at_line(holder), "1", clock=clock, sha256=hashlib.sha256(holder.files["1"]).hexdigest().upper())
    assert settled(again, clock).state is MediaState.KEPT


def test_a_digest_is_read_in_hexadecimal_and_in_base64() -> None:
    digest = hashlib.sha256(b"x")
    forms = [digest.hexdigest(), digest.hexdigest().upper(), "LXEWQrcmsEQBYnyp+6wy9chTD7GQPMTbAiWHF5IaSIE=",
             "LXEWQrcmsEQBYnyp-6wy9chTD7GQPMTbAiWHF5IaSIE"]  # fmt: skip
    assert {digest_of(form) for form in forms} == {digest.hexdigest()}
    assert {digest_of(form) for form in ("", "x", "ش" * 43, "AAAA")} == {""}


def test_an_answer_cut_off_is_no_file(holder: Holder) -> None:
    holder.files["1"] = jpeg()
    holder.cut.add("1")
    message = sent(at_line(holder), "1")
    assert settled(message).state is MediaState.WAITING
    holder.cut.clear()
    clock = ManualClock(SYSTEM_CLOCK.now() + timedelta(hours=1))
    assert settled(message, clock).state is MediaState.KEPT


def test_a_token_goes_to_no_private_address(holder: Holder, settings: Any) -> None:
    line = at_line(holder)
    holder.files["1"] = jpeg()
    settings.CHANNEL_NETWORKS = ""
    message = sent(line, "1")
    assert settled(message).state is MediaState.WAITING
    assert MediaRow.objects.get().last_problem == "address_refused"
    assert not holder.shown


@pytest.mark.parametrize(
    ("content", "kind", "refusal"),
    [
        (b"MZ" + bytes(100), "image", "executable"), (b"\x7fELF" + bytes(100), "document", "executable"),
        (b"#!/bin/sh\nrm -rf ~", "document", "executable"), (b"<html><script>", "document", "type"),
        (b"<?xml version='1.0'?><svg/>", "image", "type"), (b"%PDF-1.7", "image", "type"), (b"", "image", "empty"),
        (b"\0\1\2 nothing", "document", "type"), (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "document", "type"),
        (b"PK\3\4 no archive", "document", "damaged"), (b"\xff\xd8\xff", "image", "damaged"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (60_000).to_bytes(4) * 2 + bytes(9), "image", "bomb"),
    ],
)  # fmt: skip
def test_what_a_file_is_is_seen_in_it_and_not_in_its_name(
    holder: Holder, content: bytes, kind: str, refusal: str
) -> None:
    holder.files["1"] = content
    file = settled(sent(at_line(holder), "1", kind))
    assert (file.state, file.refusal) == (MediaState.REFUSED, refusal)
    assert not list(store.all_files())


def archive(*entries: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in entries:
            made.writestr(name, content)
    return out.getvalue()


TYPES = ("[Content_Types].xml", b"<Types/>")


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (archive(TYPES, ("word/document.xml", bytes(30 << 20))), "bomb"),
        (archive(*((str(n), b"") for n in range(archives.ENTRIES_MAX + 1))), "bomb"),
        (archive(TYPES, ("word/vbaProject.bin", b"x")), "macros"), (archive(("setup.exe", b"MZ")), "archive"),
        (archive(("a.txt", b"x")), "archive"), (archive(TYPES, ("word/document.xml", b"x"), ("inner.zip", b"x")), "archive"),
    ],
)  # fmt: skip
def test_of_archives_only_those_of_office_programs_are_taken_and_no_bomb(
    holder: Holder, content: bytes, refusal: str
) -> None:
    holder.files["1"] = content
    assert settled(sent(at_line(holder), "1", "document")).refusal == refusal


def test_documents_are_taken(holder: Holder) -> None:
    line = at_line(holder)
    known = {
        "text/plain": "فاتورة\n".encode(), "application/pdf": b"%PDF-1.7\n%%EOF",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document": archive(TYPES, ("word/document.xml", b"x")),
        "application/vnd.oasis.opendocument.text": archive(("mimetype", b"application/vnd.oasis.opendocument.text")),
    }  # fmt: skip
    for found_type, content in known.items():
        holder.files["1"] = content
        assert settled(sent(line, "1", "document")).found_type == found_type


def test_a_file_beyond_the_bound_is_not_read_on(holder: Holder) -> None:
    holder.files["1"] = jpeg() + bytes(IMAGE_BYTES_MAX)
    assert settled(sent(at_line(holder), "1")).refusal == "too_large"
    assert [path for path, _ in holder.shown if "bytes" in path] == []
    assert not list(store.all_files())


class Scanner:
    """Speaks the malware port; finds what contains a word."""

    def __init__(self) -> None:
        self.wire = socket.create_server(("127.0.0.1", 0))
        self.away = False
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self) -> None:
        while True:
            try:
                asked, _ = self.wire.accept()
            except OSError:
                return
            with asked, asked.makefile("rb") as said:
                assert said.read(10) == b"zINSTREAM\0"
                content = b""
                while length := int.from_bytes(said.read(4)):
                    content += said.read(length)
                if not self.away:
                    asked.sendall(b"stream: Eicar FOUND\0" if b"EICAR" in content else b"stream: OK\0")


def test_the_malware_port_is_asked_and_waited_for(holder: Holder, settings: Any) -> None:
    line = at_line(holder)
    scanner = Scanner()
    settings.MALWARE = f"127.0.0.1:{scanner.wire.getsockname()[1]}"
    holder.files |= {"clean": b"%PDF-1.7 clean", "bad": b"%PDF-1.7 EICAR"}
    clean = settled(sent(line, "clean", "document"))
    assert (clean.state, clean.scanned) == (MediaState.KEPT, True)
    bad = settled(sent(line, "bad", "document"))
    assert (bad.state, bad.refusal) == (MediaState.INFECTED, "malware")
    scanner.away = True
    waiting = sent(line, "clean", "document")
    assert settled(waiting).state is MediaState.WAITING
    scanner.away = False
    assert settled(waiting, ManualClock(SYSTEM_CLOCK.now() + timedelta(hours=1))).state is MediaState.KEPT
    scanner.wire.close()


def test_a_file_that_was_brought_is_checked_as_any_other(holder: Holder) -> None:
    line = make_line(Channel.EMAIL, Clerk())
    told: dict[str, Any] = {"line_id": line.id, "party": PARTY, "text": "", "sent_at": SYSTEM_CLOCK.now()}
    good = take_in(**told, provider_id="1", files=[NewFile("a.jpg", "image/jpeg", jpeg(exif=placed()), "image")])
    bad = take_in(**told, provider_id="2", files=[NewFile("a.jpg", "image/jpeg", b"MZ", "image")])
    assert settled(good.id).state is MediaState.KEPT
    assert settled(bad.id).refusal == "executable"
    assert [path.name for path in store.all_files()] == [str(media_of(good.id)[0].id)]


def test_a_job_that_is_killed_between_the_file_and_its_row_leaves_nothing_behind(
    holder: Holder, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder.files["1"] = jpeg()
    message = sent(at_line(holder), "1")

    def killed(*_args: object, **_more: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(fetching, "settle", killed)
        with pytest.raises(SystemExit):
            fetch_next(FIRST, clock=SYSTEM_CLOCK)
    assert len(list(store.all_files())) == 1
    assert media_of(message)[0].state is MediaState.WAITING
    later = ManualClock(SYSTEM_CLOCK.now() + timedelta(minutes=4))
    file = settled(message, later)
    assert file.state is MediaState.KEPT
    assert len(media_bytes(file.id)) == file.size_bytes
    assert len(list(store.all_files())) == 1


def test_files_that_nobody_names_are_swept_and_no_others(holder: Holder) -> None:
    line = at_line(holder)
    holder.files["1"] = jpeg()
    kept = settled(sent(line, "1"))
    mail = make_line(Channel.EMAIL, Clerk())
    take_in(
        line_id=mail.id, party=PARTY, text="", provider_id="1", sent_at=SYSTEM_CLOCK.now(),
        files=[NewFile("a", "text/plain", b"still waiting")],
    )  # fmt: skip
    rolled_back = store.brought_path(store.bring(b"nobody's"))
    half = store.kept_path(kept.id).with_name(".half")
    half.write_bytes(b"x")
    assert remove_orphans(clock=SYSTEM_CLOCK) == 0, "what is young may still be named"
    for path in store.all_files():
        os.utime(path, (0, 0))
    assert remove_orphans(clock=SYSTEM_CLOCK) == 2
    assert not rolled_back.exists()
    assert not half.exists()
    assert media_bytes(kept.id)
    assert len(list(store.all_files())) == 2


def test_every_known_beginning_is_told_from_every_program(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"#!AMR\n")
    assert types.type_of(path) == "audio/amr"
    path.write_bytes(b"OggS" + bytes(20))
    assert types.type_of(path) == "audio/ogg"
