"""The words of a mail that is only HTML: what a reader would see, without what runs, hides or styles."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Final

HTML_LENGTH_MAX: Final = 500_000
LINK_LENGTH_MAX: Final = 300
_UNSEEN: Final = frozenset({"script", "style", "head", "title", "template", "noscript", "svg", "math", "object"})
_BLOCKS: Final = frozenset({
    "address", "article", "blockquote", "dd", "div", "dl", "dt", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5",
    "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section", "table", "tr", "ul",
})  # fmt: skip
_HIDDEN: Final = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d])", re.IGNORECASE)
_VOID: Final = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"})
_SPACE: Final = re.compile(r"[ \t\n\r\f\v\u00a0]+")


class _Reader(HTMLParser):
    """Gathers what is seen."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        self._unseen: list[str] = []
        self._links: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin an element."""
        told = dict(attrs)
        if self._unseen or tag in _UNSEEN or _HIDDEN.search(told.get("style") or "") or "hidden" in told:
            if tag not in _VOID:
                self._unseen.append(tag)
            return
        if tag == "br" or tag in _BLOCKS:
            self.said.append("\n")
        if tag == "li":
            self.said.append("- ")
        if tag in {"td", "th"}:
            self.said.append(" ")
        if tag == "a":
            self._links.append(((told.get("href") or "")[:LINK_LENGTH_MAX], len(self.said)))

    def handle_endtag(self, tag: str) -> None:
        """End an element; one that was never begun ends nothing."""
        if self._unseen:
            if tag in self._unseen:
                while self._unseen.pop() != tag:
                    pass
            return
        if tag == "a" and self._links:
            address, begun = self._links.pop()
            words = "".join(self.said[begun:]).strip()
            if address.startswith(("http://", "https://")) and words and address not in words:
                self.said.append(f" ({address})")
        if tag in _BLOCKS:
            self.said.append("\n")

    def handle_data(self, data: str) -> None:
        """Keep what is seen."""
        if not self._unseen:
            self.said.append(_SPACE.sub(" ", data))


def words_of(html: str) -> str:
    """Return the words of a page, in lines; at most one line in two is empty."""
    reader = _Reader()
    reader.feed(html[:HTML_LENGTH_MAX])
    reader.close()
    lines = [_SPACE.sub(" ", line).strip() for line in "".join(reader.said).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
