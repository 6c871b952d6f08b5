"""What the providers remember: people, messages, files, and what they owe the institutions' webhooks.

In an SQLite file, so that a process that is killed has lost nothing; without a file, in memory. One connection, one lock: every
verb here is one transaction.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from typing import Any, Final

ENTRIES_MAX: Final = 500
DAY_MS: Final = 24 * 3_600_000
MEDIA_DAYS: Final = 7
RANKS: Final[Mapping[str, int]] = {"accepted": 0, "sent": 1, "delivered": 2, "read": 3, "failed": 4}
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS person (phone TEXT PRIMARY KEY, name TEXT, username TEXT, hidden INT DEFAULT 0, absent INT DEFAULT 0) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS alias (channel TEXT, scope TEXT, id TEXT, phone TEXT, PRIMARY KEY (channel, scope, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS message (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT, channel TEXT, address TEXT, phone TEXT, comes_in INT,
  kind TEXT, text TEXT, media TEXT, name TEXT, reply_to TEXT, at_ms INT, state TEXT, error INT DEFAULT 0, facts TEXT, UNIQUE (channel, id));
CREATE INDEX IF NOT EXISTS message_chat ON message (channel, address, phone, seq);
CREATE TABLE IF NOT EXISTS media (id TEXT PRIMARY KEY, channel TEXT, kind TEXT, name TEXT, at_ms INT, sha256 TEXT, size INT, lost INT DEFAULT 0, content BLOB);
CREATE TABLE IF NOT EXISTS owed (seq INTEGER PRIMARY KEY AUTOINCREMENT, line TEXT, item TEXT, due_ms INT, made_ms INT, tries INT DEFAULT 0,
  copy INT DEFAULT 0, done_ms INT, answer TEXT);
CREATE INDEX IF NOT EXISTS owed_open ON owed (line, due_ms) WHERE done_ms IS NULL;
CREATE TABLE IF NOT EXISTS hook (line TEXT PRIMARY KEY, url TEXT, secret TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS template (waba TEXT, name TEXT, language TEXT, facts TEXT, PRIMARY KEY (waba, name, language)) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a phone. ``hidden``: a name instead of the number is shown; ``absent``: not on this messenger."""

    phone: str
    name: str
    username: str
    hidden: bool
    absent: bool


@dataclass(frozen=True, slots=True)
class Message:
    """A message either way. ``facts`` is what its provider wants to remember besides."""

    id: str
    channel: str
    address: str
    phone: str
    comes_in: bool
    kind: str
    text: str
    media: str
    name: str
    reply_to: str
    at_ms: int
    state: str
    error: int
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Media:
    """A file; ``sha256`` in hex."""

    id: str
    channel: str
    kind: str
    name: str
    at_ms: int
    sha256: str
    size: int
    lost: bool
    content: bytes


@dataclass(frozen=True, slots=True)
class Owed:
    """An item that a webhook is to be told; ``copy`` counts its redeliveries."""

    seq: int
    line: str
    item: Mapping[str, Any]
    due_ms: int
    made_ms: int
    tries: int
    copy: int


_MESSAGE: Final = "id, channel, address, phone, comes_in, kind, text, media, name, reply_to, at_ms, state, error, facts"
_NAMES: Final = tuple(_MESSAGE.split(", "))
_MEDIA_NAMES: Final = ("id", "channel", "kind", "name", "at_ms", "sha256", "size", "lost", "content")


class Store:
    """The file, and the verbs on it."""

    def __init__(self, file: Path | None = None) -> None:
        self._lock = RLock()
        self._disk = sqlite3.connect(file or ":memory:", isolation_level=None, check_same_thread=False, timeout=30)
        if file is not None:
            file.chmod(0o600)
            self._disk.execute("PRAGMA journal_mode=WAL")
        self._disk.execute("PRAGMA synchronous=NORMAL")
        self._disk.executescript(_SCHEMA)

    @contextmanager
    def whole(self) -> Iterator[sqlite3.Connection]:
        """Let several verbs be one transaction."""
        with self._lock:
            if self._disk.in_transaction:
                yield self._disk
                return
            self._disk.execute("BEGIN IMMEDIATE")
            try:
                yield self._disk
            except BaseException:
                self._disk.execute("ROLLBACK")
                raise
            self._disk.execute("COMMIT")

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._disk.close()

    def next_number(self, name: str, first: int = 1) -> int:
        """Return the next number of a counter."""
        with self.whole() as disk:
            row = disk.execute("SELECT value FROM counter WHERE name = ?", (name,)).fetchone()
            value = first if row is None else row[0] + 1
            disk.execute("INSERT OR REPLACE INTO counter VALUES (?, ?)", (name, value))
            return int(value)

    # people
    def person(self, phone: str, name: str = "") -> Person:
        """Return who has a number; made at first sight. A name that is told is kept."""
        with self.whole() as disk:
            row = disk.execute(
                "SELECT phone, name, username, hidden, absent FROM person WHERE phone = ?", (phone,)
            ).fetchone()
            if row is None:
                row = (phone, name or f"~{phone[-4:]}", f"user{phone[-8:]}", 0, 0)
                disk.execute("INSERT INTO person VALUES (?, ?, ?, ?, ?)", row)
            elif name and row[1] != name:
                disk.execute("UPDATE person SET name = ? WHERE phone = ?", (name, phone))
                row = (phone, name, *row[2:])
            return Person(row[0], row[1], row[2], bool(row[3]), bool(row[4]))

    def set_person(self, phone: str, *, hidden: bool | None = None, absent: bool | None = None) -> Person:
        """Let a person hide the number, or be away from the messenger."""
        with self.whole() as disk:
            self.person(phone)
            for column, value in (("hidden", hidden), ("absent", absent)):
                if value is not None:
                    disk.execute(f"UPDATE person SET {column} = ? WHERE phone = ?", (int(value), phone))  # noqa: S608 - our two words
            return self.person(phone)

    def alias(self, channel: str, scope: str, phone: str, digits: int, prefix: str = "") -> str:
        """Return a person's id at a provider, the same for ever: so many digits, none of them telling the number."""
        told = hashlib.sha256(f"{channel}/{scope}/{phone}".encode()).hexdigest()
        found = prefix + str(int(told, 16))[1 : digits + 1].replace("0", "7", 1 if not prefix else 0)
        with self.whole() as disk:
            disk.execute("INSERT OR IGNORE INTO alias VALUES (?, ?, ?, ?)", (channel, scope, found, phone))
        return found

    def phone_of(self, channel: str, scope: str, alias: str) -> str | None:
        """Return whose id it is; ``None``: nobody's who is known."""
        with self.whole() as disk:
            row = disk.execute(
                "SELECT phone FROM alias WHERE channel = ? AND scope = ? AND id = ?", (channel, scope, alias)
            ).fetchone()
            return None if row is None else str(row[0])

    # messages
    def add(self, message: Message) -> None:
        """Keep a message."""
        row = [getattr(message, name) for name in _NAMES]
        row[-1] = json.dumps(dict(message.facts))
        with self.whole() as disk:
            disk.execute(f"INSERT INTO message ({_MESSAGE}) VALUES ({','.join('?' * len(row))})", row)  # noqa: S608 - our columns

    def message(self, channel: str, message_id: str) -> Message | None:
        """Return a message."""
        return next(iter(self._messages("channel = ? AND id = ?", (channel, message_id))), None)

    def chat(self, channel: str, address: str, phone: str, limit: int = ENTRIES_MAX) -> list[Message]:
        """Return the last messages between a person and a line, oldest first."""
        found = self._messages("channel = ? AND address = ? AND phone = ?", (channel, address, phone), limit)
        return found[::-1]

    def all_messages(self, channel: str, limit: int = ENTRIES_MAX) -> list[Message]:
        """Return a channel's last messages, newest first."""
        return self._messages("channel = ?", (channel,), limit)

    def last_in_ms(self, channel: str, address: str, phone: str) -> int | None:
        """Return when a person last wrote to a line."""
        with self.whole() as disk:
            row = disk.execute(
                "SELECT max(at_ms) FROM message WHERE channel = ? AND address = ? AND phone = ? AND comes_in = 1",
                (channel, address, phone),
            ).fetchone()
            return None if row[0] is None else int(row[0])

    def rise(self, channel: str, message_id: str, state: str, error: int = 0) -> bool:
        """Let a message's state go forwards; return whether it did."""
        with self.whole() as disk:
            row = disk.execute(
                "SELECT state FROM message WHERE channel = ? AND id = ?", (channel, message_id)
            ).fetchone()
            if row is None or RANKS.get(row[0], 0) >= RANKS[state]:
                return False
            disk.execute(
                "UPDATE message SET state = ?, error = ? WHERE channel = ? AND id = ?",
                (state, error, channel, message_id),
            )
            return True

    def _messages(self, where: str, values: Sequence[Any], limit: int = 1) -> list[Message]:
        with self.whole() as disk:
            rows = disk.execute(
                f"SELECT {_MESSAGE} FROM message WHERE {where} ORDER BY seq DESC LIMIT ?",  # noqa: S608 - our words
                (*values, limit),
            ).fetchall()
        return [
            Message(**dict(zip(_NAMES, row, strict=True)) | {"comes_in": bool(row[4]), "facts": json.loads(row[13])})
            for row in rows
        ]

    # files
    def add_media(self, media_id: str, channel: str, kind: str, name: str, at_ms: int, content: bytes) -> Media:
        """Keep a file."""
        media = Media(
            media_id, channel, kind, name, at_ms, hashlib.sha256(content).hexdigest(), len(content), False, content
        )  # fmt: skip
        with self.whole() as disk:
            disk.execute(
                "INSERT INTO media VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?)",
                (media.id, channel, kind, name, at_ms, media.sha256, media.size, content),
            )
        return media

    def media(self, channel: str, media_id: str) -> Media | None:
        """Return a file."""
        with self.whole() as disk:
            row = disk.execute(
                "SELECT id, channel, kind, name, at_ms, sha256, size, lost, content FROM media WHERE channel = ? AND id = ?",
                (channel, media_id),
            ).fetchone()
        return None if row is None else Media(**dict(zip(_MEDIA_NAMES, row, strict=True)) | {"lost": bool(row[7])})

    def lose_media(self, channel: str, media_id: str) -> bool:
        """Forget a file; return whether it was there."""
        with self.whole() as disk:
            told = disk.execute(
                "UPDATE media SET lost = 1, content = x'' WHERE channel = ? AND id = ? AND lost = 0",
                (channel, media_id),
            )
            return told.rowcount == 1

    # webhooks
    def owe(self, line: str, item: Mapping[str, Any], *, now_ms: int, due_ms: int | None = None, copy: int = 0) -> None:
        """Promise a webhook an item."""
        with self.whole() as disk:
            disk.execute(
                "INSERT INTO owed (line, item, due_ms, made_ms, copy) VALUES (?, ?, ?, ?, ?)",
                (line, json.dumps(item), now_ms if due_ms is None else due_ms, now_ms, copy),
            )

    def owed(self, lines: Sequence[str], now_ms: int, limit: int) -> list[Owed]:
        """Return the oldest items that are due at these lines."""
        holes = ",".join("?" * len(lines))
        with self.whole() as disk:
            rows = disk.execute(
                f"SELECT seq, line, item, due_ms, made_ms, tries, copy FROM owed WHERE done_ms IS NULL AND line IN ({holes})"  # noqa: S608 - holes only
                " AND due_ms <= ? ORDER BY due_ms, seq LIMIT ?",
                (*lines, now_ms, limit),
            ).fetchall()
        return [
            Owed(seq, line, json.loads(item), due, made, tries, copy)
            for seq, line, item, due, made, tries, copy in rows
        ]

    def next_due_ms(self) -> int | None:
        """Return when the next item is due."""
        with self.whole() as disk:
            row = disk.execute("SELECT min(due_ms) FROM owed WHERE done_ms IS NULL").fetchone()
            return None if row[0] is None else int(row[0])

    def settle(self, seqs: Sequence[int], *, now_ms: int, answer: str, again_ms: int | None) -> None:
        """Note what became of a delivery; ``again_ms`` is when it is tried again, ``None``: it is done with."""
        with self.whole() as disk:
            for seq in seqs:
                disk.execute(
                    "UPDATE owed SET tries = tries + 1, answer = ?, done_ms = ?, due_ms = coalesce(?, due_ms) WHERE seq = ?",
                    (answer, None if again_ms is not None else now_ms, again_ms, seq),
                )

    def debts(self) -> dict[str, Any]:
        """Return for a look from outside how many items wait, are done, and what was answered last."""
        with self.whole() as disk:
            waiting = disk.execute(
                "SELECT line, count(*), max(tries) FROM owed WHERE done_ms IS NULL GROUP BY line"
            ).fetchall()
            done = disk.execute("SELECT line, count(*) FROM owed WHERE done_ms IS NOT NULL GROUP BY line").fetchall()
            last = disk.execute(
                "SELECT line, answer FROM owed WHERE answer IS NOT NULL ORDER BY seq DESC LIMIT 20"
            ).fetchall()
        return {
            "waiting": {line: {"items": count, "tries": tries} for line, count, tries in waiting},
            "done": dict(done),
            "last": [{"line": line, "answer": answer} for line, answer in last],
        }

    def forget_owed(self, line: str) -> None:
        """Drop what a line is still owed, as ``drop_pending_updates`` asks."""
        with self.whole() as disk:
            disk.execute("DELETE FROM owed WHERE line = ? AND done_ms IS NULL", (line,))

    def set_hook(self, line: str, url: str, secret: str = "") -> None:
        """Remember where a line's owner wants its updates; an empty address wants none."""
        with self.whole() as disk:
            disk.execute("INSERT OR REPLACE INTO hook VALUES (?, ?, ?)", (line, url, secret))

    def hook(self, line: str) -> tuple[str, str] | None:
        """Return the address and secret that a line's owner has set; ``None``: none was set."""
        with self.whole() as disk:
            row = disk.execute("SELECT url, secret FROM hook WHERE line = ?", (line,)).fetchone()
            return None if row is None else (row[0], row[1])

    # templates
    def set_template(self, waba: str, name: str, language: str, facts: Mapping[str, Any]) -> None:
        """Keep a template."""
        with self.whole() as disk:
            disk.execute(
                "INSERT OR REPLACE INTO template VALUES (?, ?, ?, ?)", (waba, name, language, json.dumps(facts))
            )

    def templates(self, waba: str) -> list[tuple[str, str, dict[str, Any]]]:
        """Return (name, language, facts) of an account's templates."""
        with self.whole() as disk:
            rows = disk.execute(
                "SELECT name, language, facts FROM template WHERE waba = ? ORDER BY name, language", (waba,)
            )
            return [(name, language, json.loads(facts)) for name, language, facts in rows.fetchall()]
