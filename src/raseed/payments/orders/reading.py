"""Reading a payment file of any size, trusting nothing: bounded, a payment at a time, every complaint with its line.

Safety comes before sense. Only UTF-8, no document type declaration (hence no entities, so nothing can swell or reach
outside), no network, the parser's own bounds on depth and names, and a bound on every single part: what stands between the
ends of two payments. The document is never whole in memory.

The schema is checked by groups: payments are moved out of the growing document into a shell (header and block as the file
has them) that is validated as a small document of its own; the first payment of each block and the first block stay where
they are, so that what remains at the end shows whether the parts came in the order that the schema wants. libxml2's own
validation while parsing is not used: it gives no lines, and lets a file that is cut in the middle pass.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Final, NoReturn

from lxml import etree

from raseed.kernel.errors import RaseedError

from .domain import BLOCKS_MAX, PAYMENTS_MAX
from .errors import (
    BreaksSchema,
    BrokenEncoding,
    CutOff,
    FileUnreadable,
    HasDocumentType,
    NotAPaymentFile,
    NotWellFormed,
    PartTooLarge,
    TooManyBlocks,
    TooManyOrderPayments,
    WrongEncoding,
)
from .schemas import INITIATION, schema
from .shells import BLOCK, DOCUMENT, HEADER, MESSAGE, PAYMENT, Element, Shell, Twin, breaks, detail_of

PART_BYTES_MAX: Final = 256 << 10
HEAD_BYTES_MAX: Final = 64 << 10
"""Within this the root element has to begin."""
GROUP: Final = 128
"""How many payments are validated together."""

_UTF8: Final = frozenset({None, "UTF-8", "UTF8"})
_UTF8_MARK: Final = b"\xef\xbb\xbf"
_DECLARED: Final = re.compile(rb"""encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_FOREIGN_MARKS: Final = {
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
    b"<\0": "UTF-16",
    b"\0<": "UTF-16",
    b"\0\0": "UTF-32",
}

Complain = Callable[[int | None, str, RaseedError], None]


@dataclass(frozen=True, slots=True)
class Header:
    """The group header."""

    element: Element


@dataclass(frozen=True, slots=True)
class BlockHead:
    """A block whose own fields are there; its payments follow."""

    number: int
    element: Element


@dataclass(frozen=True, slots=True)
class PaymentPart:
    """A payment: its block, its place in it and in the file, all from 1."""

    block: int
    number: int
    position: int
    element: Element


@dataclass(frozen=True, slots=True)
class BlockEnd:
    """A block is over."""

    number: int
    line: int


Part = Header | BlockHead | PaymentPart | BlockEnd


class Stop(Exception):
    """The file can't be read further; what is wrong has been complained of."""


class Reader:
    """Reads one file. Parts that the schema allows are yielded; whatever is wrong goes to ``complain``.

    Elements that are yielded may be read until the next part is asked for; they are not to be changed.
    """

    def __init__(self, complain: Complain) -> None:
        self.payments = 0
        self.blocks = 0
        self.bytes_read = 0
        self._complain = complain
        self._parser = etree.XMLPullParser(
            events=("end",), tag=(DOCUMENT, HEADER, BLOCK, PAYMENT), encoding="utf-8", resolve_entities=False,
            no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False, remove_comments=True, remove_pis=True,
        )  # fmt: skip
        self._schema = schema(INITIATION)
        self.schema_kept = True
        self._lines = 1
        self._since_part = 0
        self._whole = False
        self._message: Element | None = None
        self._header: Element | None = None
        self._header_told = False
        self._shell: Shell | None = None
        self._in_block = 0
        self._last: Element | None = None
        self._group: list[tuple[PaymentPart, Twin]] = []

    def parts(self, pieces: Iterable[bytes]) -> Iterator[Part]:
        """Yield the parts of a file that comes in pieces (of at most ``HEAD_BYTES_MAX``).

        Raises:
            Stop: it is not safe, or not possible, to read on.
        """
        source = iter(pieces)
        head = self._checked_head(source)
        for piece in chain([head], source):
            self.bytes_read += len(piece)
            self._feed(piece)
            for _, element in self._parser.read_events():
                yield from self._part(element)
            self._bounded(piece)
        root = self._closed()
        if self.schema_kept:
            for place, element, detail in breaks(self._schema, root):
                self._complain(element.sourceline, place, BreaksSchema(detail=detail))

    # Safety.

    def _checked_head(self, pieces: Iterator[bytes]) -> bytes:
        """Return the first bytes, once they are known to be the head of a payment file in UTF-8 without a DOCTYPE."""
        head = b""
        while len(head) < HEAD_BYTES_MAX and (piece := next(pieces, b"")):
            head += piece
        found = next((name for mark, name in _FOREIGN_MARKS.items() if head.startswith(mark)), None)
        if found is None and head.removeprefix(_UTF8_MARK).startswith(b"<?xml"):
            declared = _DECLARED.search(head[: head.find(b"?>") + 2])
            found = declared[1].decode().upper() if declared else None
        if found not in _UTF8:
            self._stop(1, WrongEncoding(found=found))
        self._walk_to_root(head)
        kind = _kind_of(head)
        if kind is not None and kind != DOCUMENT:
            self._stop(self._lines, NotAPaymentFile(found=_known_as(kind)))
        return head

    def _walk_to_root(self, head: bytes) -> None:
        """Walk over what may stand before the root element: declaration, comments, instructions. Nothing else may."""
        at = len(_UTF8_MARK) if head.startswith(_UTF8_MARK) else 0
        while True:
            while head[at : at + 1].isspace():
                at += 1
            if head.startswith(b"<!--", at):
                end = head.find(b"-->", at + 4)
            elif head.startswith(b"<?", at):
                end = head.find(b"?>", at + 2)
            elif head.startswith(b"<!", at):
                self._stop(1 + head.count(b"\n", 0, at), HasDocumentType())
            else:
                return  # the root begins, or the parser says why it does not
            if end < 0:
                self._stop(1 + head.count(b"\n", 0, at), PartTooLarge(limit=HEAD_BYTES_MAX >> 10))
            at = head.index(b">", end) + 1

    def _feed(self, piece: bytes) -> None:
        try:
            self._parser.feed(piece)
        except etree.XMLSyntaxError as error:
            line = error.position[0] or self._lines
            if error.code == etree.ErrorTypes.ERR_INVALID_ENCODING:
                self._stop(line, BrokenEncoding())
            self._stop(line, NotWellFormed(detail=detail_of(error.msg)))
        # Some errors do not raise: the parser notes them, and would begin a new document with the next piece.
        for entry in self._parser.feed_error_log:
            self._stop(entry.line, NotWellFormed(detail=detail_of(entry.message)))

    def _bounded(self, piece: bytes) -> None:
        """Refuse a part that grows past its bound before the parser swallows more of it."""
        self._lines += piece.count(b"\n")
        self._since_part += len(piece)
        if self._since_part > PART_BYTES_MAX + len(piece):
            self._stop(self._lines, PartTooLarge(limit=PART_BYTES_MAX >> 10))

    def _closed(self) -> Element:
        try:
            root = self._parser.close()
        except etree.XMLSyntaxError:
            self._stop(self._lines, CutOff())
        if not self._whole or self._parser.feed_error_log:
            self._stop(self._lines, CutOff())
        return root

    def _stop(self, line: int, error: FileUnreadable) -> NoReturn:
        self._complain(line, "", error)
        raise Stop

    # Parts.

    def _part(self, element: Element) -> Iterator[Part]:
        """Take note of an element that has ended, if it stands where its name belongs."""
        parent = element.getparent()
        if element.tag == DOCUMENT:
            self._whole = self._whole or parent is None
        elif parent is not None and element.tag == PAYMENT:
            if parent.tag == BLOCK and self._is_message(parent.getparent()):
                yield from self._payment(parent, element)
        elif self._is_message(parent):
            self._since_part = 0
            if element.tag == BLOCK:
                yield from self._end_block(element)
            elif self._header is None:
                self._header = element

    def _is_message(self, candidate: Element | None) -> bool:
        """Whether an element is the message: the first child of the root by its name, in which all else stands."""
        if candidate is None:
            return False
        if self._message is None and candidate.tag == MESSAGE:
            root = candidate.getparent()
            if root is not None and root.getparent() is None:
                self._message = candidate
        return candidate is self._message

    def _payment(self, block: Element, element: Element) -> Iterator[Part]:
        self._since_part = 0
        shell = self._shell_of(block)
        self.payments += 1
        self._in_block += 1
        if self.payments > PAYMENTS_MAX:
            self._stop(element.sourceline or self._lines, TooManyOrderPayments(limit=PAYMENTS_MAX))
        if self._in_block == 1:  # stays, so that the order of what remains can be checked; a twin is looked at
            self._group.append((PaymentPart(self.blocks, 1, self.payments, element), shell.twin(element)))
            return
        self._group_last(behind=1)
        self._last = element  # the parser may still be writing what follows it
        if len(self._group) >= GROUP:
            yield from self._flush(shell)

    def _group_last(self, *, behind: int) -> None:
        """Move the last payment into the group; ``behind`` says how many have been counted since."""
        if self._last is not None:
            part = PaymentPart(self.blocks, self._in_block - behind, self.payments - behind, self._last)
            self._group.append((part, Twin(self._last, self._last)))
            self._last = None

    def _shell_of(self, block: Element) -> Shell:
        if self._shell is None or self._shell.block is not block:
            self.blocks += 1
            if self.blocks > BLOCKS_MAX:
                self._stop(block.sourceline or self._lines, TooManyBlocks(limit=BLOCKS_MAX))
            self._shell, self._in_block, self._last = Shell(self._header, block, self.blocks), 0, None
        return self._shell

    def _end_block(self, block: Element) -> Iterator[Part]:
        shell = self._shell_of(block)
        self._group_last(behind=0)
        yield from self._flush(shell)
        yield BlockEnd(self.blocks, block.sourceline or self._lines)
        before = block.getprevious()
        if self.blocks > 2 and before is not None and before.tag == BLOCK and self._message is not None:  # noqa: PLR2004
            self._message.remove(before)  # the first block stays, and the last, which the parser may still be at
        self._shell = None

    def _flush(self, shell: Shell) -> Iterator[Part]:
        """Validate the payments that have gathered, with their block's head, and yield what is in order."""
        group, self._group = self._group, []
        is_first = not shell.is_checked
        wrong: set[Element] = set()
        for found in shell.check(self._schema, [twin for _, twin in group]):
            self.schema_kept = False
            number = next((part.number for part, _ in group if part.element is found.payment), None)
            if found.payment is not None:
                wrong.add(found.payment)
            self._complain(found.line, found.place(number), BreaksSchema(detail=found.detail))
        if is_first and shell.is_clean:
            if self._header is not None and not self._header_told:
                self._header_told = True
                yield Header(self._header)
            yield BlockHead(self.blocks, shell.block)
        yield from (part for part, _ in group if part.element not in wrong)


def _kind_of(head: bytes) -> str | None:
    """Return the name of the root element, if the head shows one."""
    parser = etree.XMLPullParser(
        events=("start",), encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False
    )
    with contextlib.suppress(etree.XMLSyntaxError):  # the reader proper meets it again, and says where
        parser.feed(head)
    event = next(iter(parser.read_events()), None)
    return None if event is None else str(event[1].tag)


def _known_as(tag: str) -> str:
    """Return what a root element shows a file to be: its message, if ISO 20022 has it, else the element's own name."""
    name = etree.QName(tag)
    known = (name.namespace or "").rpartition(":")[2]
    return known[:40] if known and name.localname == "Document" else f"<{name.localname[:40]}>"
