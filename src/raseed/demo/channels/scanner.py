"""The malware scanner: clamd's protocol (``PING``, ``VERSION``, ``INSTREAM``), on the same port as the providers.

A client of clamd begins with ``z`` or ``n`` (commands that end in NUL or a line feed), which no HTTP method does.
"""

from __future__ import annotations

import hashlib
from typing import BinaryIO, Final

from .manners import Manner
from .world import World

CHANNEL: Final = "scanner"
STREAM_BYTES_MAX: Final = 110 << 20
CHUNK_BYTES_MAX: Final = 32 << 20
COMMAND_BYTES_MAX: Final = 64
VERSION: Final = "ClamAV 1.4.3/27800/Sun Nov  1 08:00:00 2026"
_EICAR_SHA256: Final = "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"
_EICAR_LENGTH: Final = 68
MARKED: Final = b"RASEED-DEMO-MALWARE"
"""What the demo's own harmless "malware" holds, so that nobody has to carry the real test file about."""
_LEAD: Final = frozenset(b"zn")


def is_scanner(first: bytes) -> bool:
    """Whether a connection that begins with this byte is a client of clamd."""
    return bool(first) and first[0] in _LEAD


def serve(world: World, reading: BinaryIO, writing: BinaryIO) -> None:
    """Answer the commands of one connection: one, or as many as come in a session."""
    session, number = False, 0
    while True:
        lead = reading.read(1)
        if not is_scanner(lead):
            return
        end = b"\x00" if lead == b"z" else b"\n"
        command = _command(reading, end)
        if command == b"IDSESSION":
            session = True
            continue
        if command in (b"END", None):
            return
        number += 1
        said = _said(world, command or b"", reading)
        if said is None:
            return
        numbered = f"{number}: {said}" if session else said
        writing.write(numbered.encode() + end)
        writing.flush()
        if not session:
            return


def _command(reading: BinaryIO, end: bytes) -> bytes | None:
    command = b""
    while len(command) < COMMAND_BYTES_MAX:
        byte = reading.read(1)
        if not byte:
            return None
        if byte == end:
            return command
        command += byte
    return None


def _said(world: World, command: bytes, reading: BinaryIO) -> str | None:  # noqa: PLR0911 - a list of answers
    """Return what is said to a command; ``None`` hangs up."""
    if command == b"PING":
        return "PONG"
    if command == b"VERSION":
        return VERSION
    if command != b"INSTREAM":
        return "UNKNOWN COMMAND"
    told = world.switch.next(CHANNEL, "scan")
    if told.manner is Manner.DEAD:
        return None
    content = _stream(reading)
    if told.manner in (Manner.SLOW, Manner.HANG):
        world.stopping.wait(told.seconds)
        if told.manner is Manner.HANG:
            return None
    if content is None:
        return "INSTREAM size limit exceeded. ERROR"
    if told.manner in (Manner.ERROR, Manner.BUSY, Manner.RUBBISH):
        return "Can't allocate memory ERROR"
    if told.manner is Manner.NOTHING:
        return ""
    return found_in(content) if told.manner is not Manner.FOUND else "stream: Demo.Everything FOUND"


def found_in(content: bytes) -> str:
    """Return the verdict on a file: the EICAR test file and the demo's own mark are found, wherever the mark stands."""
    head = content[:_EICAR_LENGTH]
    if hashlib.sha256(head).hexdigest() == _EICAR_SHA256 and not content[_EICAR_LENGTH:].strip():
        return "stream: Eicar-Signature FOUND"
    return "stream: Raseed.Demo.Malware FOUND" if MARKED in content else "stream: OK"


def _stream(reading: BinaryIO) -> bytes | None:
    """Return what was streamed in chunks, each behind its length in four bytes, up to one of none; ``None``: too much."""
    content = bytearray()
    while True:
        size = int.from_bytes(reading.read(4), "big")
        if size == 0:
            return bytes(content)
        if size > CHUNK_BYTES_MAX or len(content) + size > STREAM_BYTES_MAX:
            return None
        content += reading.read(size)
