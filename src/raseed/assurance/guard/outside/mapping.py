"""The mapping file: how a system of others is asked for a balance, and how it is cut over. docs/formats/guard-mapping.md.

Everything is named, bounded and checked when the file is read; what we do not know is refused, so that a mistyped key does
not silently change what is compared. Secrets are named, never written here.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping as Table
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from raseed.kernel.money import UnknownCurrency, currency

from ..errors import MappingRefused

FORMAT: Final = "raseed-guard-mapping-v1"
MAPPING_BYTES_MAX: Final = 64 << 10
HEADERS_MAX: Final = 20
TEXT_MAX: Final = 500
RATE_MAX: Final = 10_000
AT_ONCE_MAX: Final = 256
ATTEMPTS_MAX: Final = 5
SECONDS_MAX: Final = 60
_NAME: Final = re.compile(r"[A-Za-z0-9-]{1,60}\Z")
_POINTER: Final = re.compile(r"(/[^/]*)+\Z")
_HAND, _CALL = "hand", "call"


@dataclass(frozen=True, slots=True)
class Secret:
    """A header's value that is kept elsewhere: in a variable of the environment or in a file, after a prefix."""

    environment: str = ""
    file: str = ""
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """Where in a JSON answer things stand (RFC 6901), and how amounts are written.

    Attributes:
        form: ``minor``, a whole number of minor units, or ``decimal``, a text with a decimal point; never a JSON fraction.
        currency_code: of every answer, where the answers name none.
        fresh_seconds: how old ``as_of`` may be; 0: it is not looked at.
    """

    amount: str
    account: str
    currency: str = ""
    as_of: str = ""
    form: str = "minor"
    currency_code: str = ""
    fresh_seconds: int = 0


@dataclass(frozen=True, slots=True)
class Accounts:
    """How accounts are enumerated: a CSV file with a column of ids, or pages of the live system."""

    file: str = ""
    column: str = "account"
    issuer_column: str = ""
    page: str = ""
    items: str = ""
    id: str = ""
    next: str = ""


@dataclass(frozen=True, slots=True)
class Act:
    """How the system is moved: by hand (``words`` say what to do) or by a call.

    Attributes:
        body: JSON, or empty; ``{percent}`` is put in, and ``{candidate}`` within a text.
        headers: of this call; those of the questions go along only to where questions are asked.
    """

    by: str = _HAND
    words: str = ""
    method: str = "POST"
    url: str = ""
    body: str = ""
    headers: Table[str, Secret | str] = field(default_factory=dict)

    def body_for(self, candidate: str, percent: int) -> str:
        """Return the body of the call; whatever the candidate is called, it stays the text it stands in."""
        return self.body.replace("{percent}", str(percent)).replace("{candidate}", json.dumps(candidate)[1:-1])


@dataclass(frozen=True, slots=True)
class Mapping:
    """A mapping file as it was read. ``truth`` is the system of record, where it answers too; rates are a second, each side."""

    live: str
    candidate: str
    path: str
    answer: Answer
    accounts: Accounts
    cut_over: Act
    roll_back: Act
    canary: Act
    truth: str = ""
    issuer: str = ""
    headers: Table[str, Secret | str] = field(default_factory=dict)
    seconds_max: float = 5.0
    attempts: int = 3
    rate_max: int = 50
    at_once: int = 8

    @classmethod
    def read(cls, text: str) -> Mapping:
        """Read a mapping file.

        Raises:
            MappingRefused: it can't be used; ``place`` names where.
        """
        if len(text.encode()) > MAPPING_BYTES_MAX:
            raise _refused("size")
        try:
            table = tomllib.loads(text)
        except tomllib.TOMLDecodeError as trouble:
            raise _refused(f"TOML: {trouble}") from None
        if table.pop("format", None) != FORMAT:
            raise _refused("format")
        found = _read(table)
        _known(table, "")
        return found


def _read(table: dict[str, Any]) -> Mapping:
    request = _table(table, "request")
    read = Mapping(
        live=_url(_table(table, "live"), "live"),
        candidate=_url(_table(table, "candidate"), "candidate"),
        truth=_url(_table(table, "truth"), "truth") if "truth" in table else "",
        issuer=_text(table, "issuer", default="", place="issuer"),
        path=_path(request, "path", "request.path"),
        seconds_max=_number(request, "seconds_max", 5, 1, SECONDS_MAX, "request"),
        attempts=_number(request, "attempts", 3, 1, ATTEMPTS_MAX, "request"),
        rate_max=_number(request, "rate_max", 50, 1, RATE_MAX, "request"),
        at_once=_number(request, "at_once", 8, 1, AT_ONCE_MAX, "request"),
        headers=_headers(_table(table, "headers", needed=False), "headers"),
        answer=_answer(_table(table, "answer")),
        accounts=_accounts(_table(table, "accounts")),
        cut_over=_act(_table(table, "cut_over", needed=False), "cut_over"),
        roll_back=_act(_table(table, "roll_back", needed=False), "roll_back"),
        canary=_act(_table(table, "canary", needed=False), "canary"),
    )
    _known(request, "request.")
    return read


def _answer(table: dict[str, Any]) -> Answer:
    code = _text(table, "currency_code", default="", place="answer.currency_code")
    if code:
        try:
            currency(code)
        except UnknownCurrency:
            raise _refused("answer.currency_code") from None
    form = _text(table, "form", default="minor", place="answer.form")
    if form not in ("minor", "decimal"):
        raise _refused("answer.form")
    read = Answer(
        amount=_pointer(table, "amount", "answer.amount"),
        account=_pointer(table, "account", "answer.account"),
        currency=_pointer(table, "currency", "answer.currency", needed=not code),
        as_of=_pointer(table, "as_of", "answer.as_of", needed=False),
        form=form,
        currency_code=code,
        fresh_seconds=_number(table, "fresh_seconds", 0, 0, 86_400, "answer"),
    )
    _known(table, "answer.")
    return read


def _accounts(table: dict[str, Any]) -> Accounts:
    read = Accounts(
        file=_text(table, "file", default="", place="accounts.file"),
        column=_text(table, "column", default="account", place="accounts.column"),
        issuer_column=_text(table, "issuer_column", default="", place="accounts.issuer_column"),
        page=_text(table, "page", default="", place="accounts.page"),
        items=_pointer(table, "items", "accounts.items", needed="page" in table),
        id=_pointer(table, "id", "accounts.id", needed="page" in table),
        next=_pointer(table, "next", "accounts.next", needed=False),
    )
    if bool(read.file) == bool(read.page):
        raise _refused("accounts: file or page")
    if read.page and not read.page.startswith("/"):
        raise _refused("accounts.page")
    _known(table, "accounts.")
    return read


def _act(table: dict[str, Any], place: str) -> Act:
    by = _text(table, "by", default=_HAND, place=f"{place}.by")
    if by not in (_HAND, _CALL):
        raise _refused(f"{place}.by")
    read = Act(
        by=by,
        words=_text(table, "words", default="", place=f"{place}.words"),
        method=_text(table, "method", default="POST", place=f"{place}.method"),
        url=_url(table, place) if by == _CALL else "",
        body=_text(table, "body", default="", place=f"{place}.body"),
        headers=_headers(_table(table, "headers", needed=False), f"{place}.headers"),
    )
    if read.body and not _is_json(read.body_for("", 1)):
        raise _refused(f"{place}.body")
    if read.method not in ("POST", "PUT"):
        raise _refused(f"{place}.method")
    _known(table, f"{place}.")
    return read


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _headers(table: dict[str, Any], place: str) -> dict[str, Secret | str]:
    found: dict[str, Secret | str] = {}
    for name, value in list(table.items())[: HEADERS_MAX + 1]:
        if not _NAME.match(name) or len(found) >= HEADERS_MAX:
            raise _refused(f"{place}.{name[:60]}")
        if isinstance(value, str) and value.isascii() and value.isprintable():
            found[name] = value
            continue
        if not isinstance(value, dict):
            raise _refused(f"{place}.{name}")
        secret = Secret(
            environment=_text(value, "environment", default="", place=f"{place}.{name}"),
            file=_text(value, "file", default="", place=f"{place}.{name}"),
            prefix=_text(value, "prefix", default="", place=f"{place}.{name}"),
        )
        if bool(secret.environment) == bool(secret.file):
            raise _refused(f"{place}.{name}")
        _known(value, f"{place}.{name}.")
        found[name] = secret
    return found


def _known(table: dict[str, Any], place: str) -> None:
    """Refuse whatever was not taken out."""
    if table:
        raise _refused(f"{place}{next(iter(table))}"[:80])


def _table(table: dict[str, Any], name: str, *, needed: bool = True) -> dict[str, Any]:
    value = table.pop(name, None)
    if value is None and not needed:
        return {}
    if not isinstance(value, dict):
        raise _refused(name)
    return value


def _text(table: dict[str, Any], name: str, *, place: str, default: str | None = None) -> str:
    value = table.pop(name, default)
    if not isinstance(value, str) or len(value) > TEXT_MAX or not (value.isprintable() or name in ("words", "body")):
        raise _refused(place)
    return value


def _path(table: dict[str, Any], name: str, place: str) -> str:
    value = _text(table, name, place=place)
    if not value.startswith("/") or value.count("{account}") != 1 or not value.isascii():
        raise _refused(place)
    return value


def _pointer(table: dict[str, Any], name: str, place: str, *, needed: bool = True) -> str:
    value = _text(table, name, place=place, default=None if needed else "")
    if value and not _POINTER.match(value):
        raise _refused(place)
    return value


def _url(table: dict[str, Any], place: str) -> str:
    value = _text(table, "url", place=f"{place}.url")
    try:
        parts = urlsplit(value)
        good = parts.scheme in ("http", "https") and parts.hostname and parts.username is None and parts.port != 0
    except ValueError:
        good = False
    if not good or not value.isascii():
        raise _refused(f"{place}.url")
    if place in ("live", "candidate", "truth"):
        _known(table, f"{place}.")
    return value.rstrip("/")


def _number(table: dict[str, Any], name: str, default: int, least: int, most: int, place: str) -> int:
    value = table.pop(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise _refused(f"{place}.{name}")
    return value


def _refused(place: str) -> MappingRefused:
    return MappingRefused(field="mapping", place=place)
