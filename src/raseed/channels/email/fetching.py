"""Fetching mail by IMAP: every mail once, in the order of its numbers, looking only, and each kept before the next is fetched.

What is known by its Message-ID is not taken in again, also where the server has given all mails new numbers. A mail that nothing
can be made of is put down with its number and holds up nobody.
"""

from __future__ import annotations

import imaplib
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final
from uuid import UUID

import structlog
from django.db import transaction
from procrastinate.exceptions import AlreadyEnqueued

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.platform.api import emit
from raseed.platform.jobs import app

from ..domain import Channel
from ..events import LINE_NEEDS_TOKEN
from ..lines.domain import Line, LineUnknown, SecretMissing
from ..lines.secrets import line_secret
from ..lines.services import line
from ..models import LineRow, MailboxRow, MailRow
from ..receiving.cleaning import safe_id
from ..receiving.domain import Party
from ..receiving.messages import take_in
from ..sending.statuses import apply_status
from .composing import our_message
from .reaching import STEP_SECONDS_MAX, NotReachable, Security, Server, connected, server_of, tls, within
from .reading import Mail, MailKind, UnreadableMail, read_mail

PORTS: Final = {Security.TLS: 993, Security.STARTTLS: 143, Security.NONE: 143}
MAILS_MAX: Final = 100
"""Of one visit; what is left is fetched by the next, which follows at once."""
BYTES_MAX: Final = 25 << 20
"""Of a larger mail only the head is fetched; its sender is told of by its subject, and the mail stays on the server."""
SECONDS_MAX: Final = 240.0
LINES_MAX: Final = 500
TOO_LARGE: Final = "[…]"
_VALIDITY: Final = re.compile(rb"(\d{1,10})")
_SIZE: Final = re.compile(rb"RFC822\.SIZE (\d{1,12})")
_log = structlog.get_logger("raseed.channels")


class _Refused(Exception):
    """The server does not let us in, or does not do what it was asked; its text is one word for staff."""


@app.periodic(cron="* * * * *")
@app.task(name="channels.call_for_mail", queue="upkeep", queueing_lock="channels.call_for_mail")
def call_for_mail(timestamp: int) -> None:
    """Have the mailbox of every line visited that has one."""
    del timestamp
    rows = LineRow.objects.filter(channel=Channel.EMAIL.value, active=True, settings__has_key="imap_host")
    for line_id in rows.values_list("id", flat=True)[:LINES_MAX]:
        _call(line_id)


@app.task(name="channels.fetch_mail", queue="mail")
def fetch_mail(*, line_id: str) -> None:
    """Visit one mailbox."""
    if fetch(UUID(line_id), clock=SYSTEM_CLOCK) >= MAILS_MAX:
        _call(UUID(line_id))


def fetch(line_id: UUID, *, clock: Clock) -> int:
    """Fetch what is new in a line's mailbox; return how many mails that were. Trouble is kept with the mailbox, never raised."""
    try:
        on = line(line_id)
        server = server_of(on.settings, "imap", PORTS)
        with _signed_in(server, on) as session:
            fetched = _fetched(session, on, clock)
    except LineUnknown:
        return 0
    except (_Refused, NotReachable) as trouble:
        _keep_trouble(line_id, str(trouble), clock)
    except ssl.SSLError as trouble:
        _keep_trouble(line_id, f"not_trusted: {trouble.reason or type(trouble).__name__}", clock)
    except (OSError, imaplib.IMAP4.error, ValueError) as trouble:
        _keep_trouble(line_id, f"broken_off: {type(trouble).__name__}", clock)
    else:
        MailboxRow.objects.filter(line_id=line_id).update(fetched_at=clock.now(), failing_since=None, problem="")
        return fetched
    return 0


class _Session(imaplib.IMAP4):
    """A session with the address that was allowed, under the name that was asked for."""

    def __init__(self, server: Server) -> None:
        self.server = server
        super().__init__(server.host, server.port, STEP_SECONDS_MAX)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        del timeout
        plain = connected(self.server)
        if self.server.security is Security.TLS:
            try:
                return tls().wrap_socket(plain, server_hostname=self.server.host)
            except OSError:
                plain.close()
                raise
        return plain


@contextmanager
def _signed_in(server: Server, on: Line) -> Iterator[_Session]:
    try:
        password = line_secret(on.id, "imap_password")
    except SecretMissing:
        raise _Refused("no_password") from None
    session = _Session(server)
    try:
        with within(SECONDS_MAX, lambda: session.sock):
            if server.security is Security.STARTTLS:
                session.starttls(tls())
            try:
                session.login(server.user or on.address, password)
            except imaplib.IMAP4.abort:
                raise
            except imaplib.IMAP4.error:
                raise _Refused("sign_in_refused") from None
            yield session
    finally:
        with suppress(OSError, imaplib.IMAP4.error):
            session.logout()
        with suppress(OSError):
            session.shutdown()


def _fetched(session: _Session, on: Line, clock: Clock) -> int:
    folder = on.settings.get("imap_folder", "INBOX").replace("\\", "\\\\").replace('"', '\\"')
    if session.select(f'"{folder}"', readonly=True)[0] != "OK":
        raise _Refused("no_such_folder")
    _, told = session.response("UIDVALIDITY")
    found = _VALIDITY.search(told[0]) if told and isinstance(told[0], bytes) else None
    if found is None:
        raise _Refused("no_uidvalidity")
    mailbox, _ = MailboxRow.objects.get_or_create(line_id=on.id)
    if mailbox.uid_validity != int(found[1]):  # the numbers mean other mails now
        mailbox.uid_validity, mailbox.last_uid = int(found[1]), 0
        mailbox.save(update_fields=["uid_validity", "last_uid"])
    status, listed = session.uid("SEARCH", f"UID {mailbox.last_uid + 1}:*")
    if status != "OK":
        raise _Refused("search_refused")
    words = listed[0].split() if listed and isinstance(listed[0], bytes) else []
    numbers = sorted({int(word) for word in words if word.isdigit()})
    fresh = [number for number in numbers if number > mailbox.last_uid][:MAILS_MAX]
    for number in fresh:
        raw, is_whole = _one(session, number)
        with transaction.atomic():
            if raw is not None:
                _keep(on, raw, mailbox.uid_validity, number, is_whole=is_whole, clock=clock)
            MailboxRow.objects.filter(line_id=on.id).update(last_uid=number)
    return len(fresh)


def _one(session: _Session, number: int) -> tuple[bytes | None, bool]:
    """Return a mail, whole if it is not too large; nothing where somebody has removed it meanwhile."""
    _, told = session.uid("FETCH", str(number), "(RFC822.SIZE)")
    size = next((found for part in told if isinstance(part, bytes) and (found := _SIZE.search(part))), None)
    is_whole = size is not None and int(size[1]) <= BYTES_MAX
    _, told = session.uid("FETCH", str(number), "(BODY.PEEK[])" if is_whole else "(BODY.PEEK[HEADER])")
    literal = next((part[1] for part in told if isinstance(part, tuple) and len(part) > 1), None)
    return (literal if isinstance(literal, bytes) else None), is_whole


def _keep(on: Line, raw: bytes, validity: int, number: int, *, is_whole: bool, clock: Clock) -> None:
    """Keep one mail, in the caller's transaction."""
    place = {"line_id": on.id, "fetched_at": clock.now(), "uid_validity": validity, "uid": number}
    try:
        mail = read_mail(raw, own_address=on.address)
    except UnreadableMail as trouble:
        aside = MailRow(kind="set_aside", provider_id=f"uid:{validity}:{number}", problem=str(trouble), **place)
        MailRow.objects.bulk_create([aside], ignore_conflicts=True)
        _log.warning("mail_set_aside", line=str(on.id), uid=number, problem=str(trouble))
        return
    provider_id = safe_id(mail.provider_id)
    _, is_new = MailRow.objects.get_or_create(
        line_id=on.id,
        provider_id=provider_id,
        defaults={"kind": mail.kind.value, "subject": mail.subject, "references": list(mail.references), **place},
    )
    if not is_new:
        return
    if mail.kind is MailKind.BOUNCE:
        _apply_reports(on, mail, clock)
    elif mail.kind is MailKind.MESSAGE:
        take_in(
            line_id=on.id,
            party=Party(on.scope, mail.sender, None, mail.name),
            text=_shown(mail, is_whole=is_whole),
            provider_id=provider_id,
            sent_at=mail.sent_at or clock.now(),
            files=mail.files,
            reply_to=mail.in_reply_to,
            clock=clock,
        )
        _tell(on, mail.in_reply_to, "read", mail, clock)  # who answers a mail has read it


def _apply_reports(on: Line, mail: Mail, clock: Clock) -> None:
    for report in mail.reports:
        _tell(on, report.provider_id, report.state, mail, clock, code=report.code)


def _tell(on: Line, provider_id: str, state: str, mail: Mail, clock: Clock, *, code: str = "") -> None:
    """Say what became of a mail, if it is one of ours; its name also says which one it is where its handing over is not known."""
    ours = our_message(provider_id, on.address)
    if ours is not None:
        apply_status(
            line_id=on.id, provider_id=provider_id, state=state, at=mail.sent_at or clock.now(), error_title=code,
            client_message_id=ours, clock=clock,
        )  # fmt: skip


def _shown(mail: Mail, *, is_whole: bool) -> str:
    """Return what is read as the message: its subject goes with it where it begins a thread or there is nothing else."""
    text = mail.text if is_whole else TOO_LARGE
    if mail.in_reply_to and text:
        return text
    return f"{mail.subject}\n\n{text}".strip()


def _keep_trouble(line_id: UUID, problem: str, clock: Clock) -> None:
    """Keep what is the matter; that a password is refused is told once."""
    now = clock.now()
    with transaction.atomic():
        MailboxRow.objects.get_or_create(line_id=line_id)
        row = MailboxRow.objects.select_for_update().get(line_id=line_id)
        is_news = row.problem != problem
        row.failing_since, row.problem = row.failing_since or now, problem
        row.save(update_fields=["failing_since", "problem"])
        if is_news and problem in {"sign_in_refused", "no_password"}:
            institution_id = LineRow.objects.values_list("institution_id", flat=True).get(id=line_id)
            emit(LINE_NEEDS_TOKEN, {"line_id": str(line_id)}, institution_id=institution_id, clock=clock)
    _log.warning("mail_not_fetched", line=str(line_id), problem=problem)


def _call(line_id: UUID) -> None:
    with suppress(AlreadyEnqueued):
        fetch_mail.configure(
            queueing_lock=f"channels.fetch_mail:{line_id}", lock=f"channels.fetch_mail:{line_id}"
        ).defer(line_id=str(line_id))
