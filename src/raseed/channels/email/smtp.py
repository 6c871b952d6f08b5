"""Handing mail to a server (RFC 5321), step by step, so that it is known after which step a server that falls silent has it.

Until the line with the last dot has gone out whole, it certainly has not taken the mail; from then on only its answer tells.
"""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from contextlib import suppress
from typing import Final

from raseed.kernel.clock import SYSTEM_CLOCK, Clock

from ..adapters.domain import Outcome, Parcel, PutOff, Refused, Taken, Unclear, Wait, told
from .composing import compose, message_id_of
from .reaching import STEP_SECONDS_MAX, NotReachable, Security, Server, connected, server_of, tls, within

SECONDS_MAX: Final = 60.0
PORTS: Final = {Security.TLS: 465, Security.STARTTLS: 587, Security.NONE: 25}
_GO_ON, _OK = 354, 250
_AUTH_REFUSED: Final = frozenset({530, 534, 535, 538})
_DOTS: Final = re.compile(rb"^\.", re.MULTILINE)
_TOO_LARGE: Final = frozenset({523, 552})


class _No(Exception):
    """What the server said is no: the outcome of it all."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__()
        self.outcome = outcome


class MailWire:
    """Hands mail to the line's server."""

    idempotent = False

    def __init__(self, clock: Clock = SYSTEM_CLOCK) -> None:
        self._clock = clock

    def hand_over(self, parcel: Parcel) -> Outcome:
        """Compose the mail, and hand it over."""
        password = parcel.secret("smtp_password")
        try:
            server = server_of(parcel.settings, "smtp", PORTS)
            body = compose(parcel, at=self._clock.now()).as_bytes()
        except NotReachable as trouble:
            return PutOff(Wait.NOT_SET_UP, str(trouble))
        except (ValueError, UnicodeError, LookupError) as trouble:
            return Refused("message_invalid", type(trouble).__name__)
        if server.user and not password:
            return PutOff(Wait.TOKEN)
        session = _Session(server)
        try:
            with within(SECONDS_MAX, lambda: session.sock):
                return _handed_over(session, parcel, body, password)
        except _No as no:
            return no.outcome
        except (NotReachable, OSError, smtplib.SMTPException, ValueError) as trouble:
            return PutOff(Wait.NOT_REACHED, _words(trouble))
        finally:
            session.close()


def _words(trouble: Exception) -> str:
    if isinstance(trouble, NotReachable):
        return str(trouble)
    if isinstance(trouble, ssl.SSLError):
        return f"not_trusted: {trouble.reason or type(trouble).__name__}"
    return type(trouble).__name__


class _Session(smtplib.SMTP):
    """A session with the address that was allowed, under the name that was asked for."""

    def __init__(self, server: Server) -> None:
        super().__init__(local_hostname="localhost", timeout=STEP_SECONDS_MAX)
        self.server = server
        self._host = server.host  # by which its certificate is checked

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        del host, port, timeout
        plain = connected(self.server)
        if self.server.security is Security.TLS:
            try:
                return tls().wrap_socket(plain, server_hostname=self.server.host)
            except OSError:
                plain.close()
                raise
        return plain

    def reply(self, code: int, said: bytes, *, permanent: str) -> None:
        """Go on where the server says yes."""
        if code // 100 not in {2, 3}:
            raise _No(_outcome(code, said, permanent))


def _handed_over(session: _Session, parcel: Parcel, body: bytes, password: str) -> Outcome:
    server = session.server
    session.reply(*session.connect(server.host, server.port), permanent="refused")
    session.ehlo_or_helo_if_needed()
    if server.security is Security.STARTTLS:
        session.starttls(context=tls())  # one that does not offer it is not spoken to
        session.ehlo_or_helo_if_needed()
    if server.user:
        _sign_in(session, server.user, password)
    limit = session.esmtp_features.get("size", "")
    if limit.isdigit() and 0 < int(limit) < len(body):
        return Refused("too_large", f"size {limit}")
    to, options = parcel.to.external_id, []
    if not to.isascii():
        if "smtputf8" not in session.esmtp_features:
            return Refused("recipient_invalid", "no SMTPUTF8")
        options, session.command_encoding = ["SMTPUTF8"], "utf-8"
    session.reply(*session.mail(parcel.address, options), permanent="not_permitted")
    session.reply(*session.rcpt(to), permanent="recipient_invalid")
    code, said = session.docmd("data")
    if code != _GO_ON:
        return _outcome(code, said, "refused")
    session.send(_DOTS.sub(b"..", body) + b".\r\n")
    try:
        code, said = session.getreply()
    except (OSError, smtplib.SMTPException) as trouble:
        return Unclear("no_answer", type(trouble).__name__)
    if code != _OK:
        return _outcome(code, said, "refused")
    with suppress(OSError, smtplib.SMTPException):
        session.quit()
    return Taken(message_id_of(parcel.message_id, parcel.address))


def _sign_in(session: _Session, user: str, password: str) -> None:
    try:
        session.login(user, password)
    except smtplib.SMTPAuthenticationError as no:
        raise _No(_outcome(no.smtp_code, no.smtp_error, "refused")) from None
    except smtplib.SMTPNotSupportedError:
        raise _No(PutOff(Wait.NOT_SET_UP, "no AUTH")) from None


def _outcome(code: int, said: bytes | str, permanent: str) -> Outcome:
    """Tell what a reply other than yes means: 4xx passes (RFC 5321, 4.2.1), 5xx does not."""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    words = told(f"{code}: {text}")
    if code in _AUTH_REFUSED:
        return PutOff(Wait.TOKEN, words)
    if code in _TOO_LARGE:
        return Refused("too_large", words)
    return Refused(permanent, words) if code // 100 == 5 else PutOff(Wait.TROUBLE, words)  # noqa: PLR2004
