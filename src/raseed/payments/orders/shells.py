"""The schema, checked a group of payments at a time: a small document with the head of their block as the file has it."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from lxml import etree

from .schemas import INITIATION, namespace

NS: Final = f"{{{namespace(INITIATION)}}}"
DOCUMENT: Final = f"{NS}Document"
MESSAGE: Final = f"{NS}CstmrCdtTrfInitn"
HEADER: Final = f"{NS}GrpHdr"
BLOCK: Final = f"{NS}PmtInf"
PAYMENT: Final = f"{NS}CdtTrfTxInf"
DETAIL_LENGTH_MAX: Final = 300
_NAMESPACE: Final = re.compile(r"\{[^{}]*\}")

Element: TypeAlias = Any
"""An element as lxml makes them; lxml comes without types."""


@dataclass(frozen=True, slots=True)
class Twin:
    """An element of the file, and what stands for it in the shell: a copy, or itself where it was moved there."""

    original: Element
    placed: Element


@dataclass(frozen=True, slots=True)
class Break:
    """Something that the schema does not allow: ``payment`` is the file's own element that it is in, if it is in one."""

    line: int | None
    payment: Element | None
    block: int
    path: str
    detail: str

    def place(self, number: int | None) -> str:
        """Return where it is; ``number`` is the payment's in its block."""
        tail = self.path.partition("CdtTrfTxInf")[2]
        if number is not None:
            return f"PmtInf[{self.block}]/CdtTrfTxInf[{number}]{tail}"
        return self.path.replace("PmtInf", f"PmtInf[{self.block}]", 1)


class Shell:
    """The document in which the payments of one block are validated.

    ``is_checked``: it was validated once; ``is_clean``: nothing was wrong outside of the payments.
    """

    def __init__(self, header: Element | None, block: Element, number: int) -> None:
        self.block = block
        self.is_checked = False
        self.is_clean = True
        self._number = number
        self._root = etree.Element(DOCUMENT, nsmap={None: NS[1:-1]})
        message = etree.SubElement(self._root, MESSAGE)
        self._twins: list[Twin] = []
        if header is not None:
            self._twins.append(self.twin(header))
            message.append(self._twins[0].placed)
        self._head = etree.SubElement(message, BLOCK, dict(block.attrib))
        self._head.text = block.text
        self._twins.append(Twin(block, self._head))
        for child in block:
            if child.tag == PAYMENT:
                break
            self._head.append(self.twin(child).placed)
        self._fields = len(self._head)

    @staticmethod
    def twin(element: Element) -> Twin:
        """Return an element with a copy of it, and of the text behind it."""
        placed = copy.deepcopy(element)
        placed.tail = element.tail
        return Twin(element, placed)

    def check(self, schema: etree.XMLSchema, payments: Sequence[Twin]) -> Iterator[Break]:
        """Validate payments in their block, and yield what is wrong; what is wrong with the head is told once."""
        head_is_new, self.is_checked = not self.is_checked, True
        head_was_clean = self.is_clean
        self._head.extend(payment.placed for payment in payments)
        originals = {payment.placed: payment.original for payment in payments}
        try:
            for path, element, detail in breaks(schema, self._root):
                placed = next((above for above in (element, *element.iterancestors()) if above in originals), None)
                if placed is None:
                    self.is_clean = False
                    if not (head_is_new or head_was_clean):
                        continue
                line = self._line(element, originals)
                yield Break(line, None if placed is None else originals[placed], self._number, path, detail)
        finally:
            del self._head[self._fields :]

    def _line(self, element: Element, originals: dict[Element, Element]) -> int | None:
        """Return the line of what an element of the shell stands for: copies do not know theirs past line 65,535."""
        known = originals | {twin.placed: twin.original for twin in self._twins}
        steps: list[int] = []
        at: Element | None = element
        while at is not None and at not in known:
            above = at.getparent()
            steps.append(0 if above is None else above.index(at))
            at = above
        found = None if at is None else known[at]
        for step in reversed(steps):
            if found is None or step >= len(found):
                break
            found = found[step]
        line: int | None = (element if found is None else found).sourceline
        return line


def breaks(schema: etree.XMLSchema, root: Element) -> Iterator[tuple[str, Element, str]]:
    """Yield what a schema says against a document: the place, the element, and the validator's words."""
    if schema.validate(root):
        return
    tree = root.getroottree()
    for entry in list(schema.error_log):
        found = tree.xpath(entry.path) if entry.path else []
        element = found[0] if isinstance(found, list) and found and etree.iselement(found[0]) else root
        yield place_of(element), element, detail_of(entry.message)


def place_of(element: Element) -> str:
    """Return where an element stands, in the document's own names, below the message."""
    names = [etree.QName(above).localname for above in (element, *element.iterancestors())]
    names.reverse()
    return "/".join(names[2:] or names)


def detail_of(message: str) -> str:
    """Return the parser's or validator's words without namespaces, in one bounded line."""
    plain = _NAMESPACE.sub("", message)
    return " ".join("".join(c if c.isprintable() else " " for c in plain).split())[:DETAIL_LENGTH_MAX]
