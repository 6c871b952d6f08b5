"""Mail leaves once, in its thread and in any script; what comes is taken in once; no machine is ever answered."""

from __future__ import annotations

import ssl
from datetime import timedelta
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from raseed.channels.api import (
    Channel,
    Line,
    OutgoingContent,
    OutgoingMedia,
    OutgoingState,
    Party,
    line_standings,
    set_line_secret,
)
from raseed.channels.email.fetching import fetch
from raseed.channels.email.reading import MailKind, UnreadableMail, read_mail
from raseed.channels.email.text import words_of
from raseed.channels.models import MailboxRow, MailRow, MessageRow
from raseed.channels.sending.carrying import carry
from raseed.channels.sending.tests.providers import INSTITUTION, STAFF, made_line, now_of, sent
from raseed.kernel.clock import SYSTEM_CLOCK, ManualClock

from .servers import MailServer

MONA = Party("address", "mona@example.org", None, "منى (synthetic)")
OURS = "care@bank.example"


def mail_line(server: MailServer) -> Line:
    line = made_line(
        Channel.EMAIL,
        address=OURS,
        clock=SYSTEM_CLOCK,
        smtp_host="127.0.0.1",
        smtp_port=str(server.smtp_port),
        smtp_security="none",
        smtp_user="care",
        imap_host="127.0.0.1",
        imap_port=str(server.imap_port),
        imap_security="none",
        imap_user="care",
    )
    for name in ("smtp_password", "imap_password"):
        set_line_secret(line_id=line.id, name=name, value="throw-away", by=STAFF)
    return line


def taken(server: MailServer) -> list[EmailMessage]:
    return [BytesParser(policy=default).parsebytes(body) for _, _, body in server.taken]


def written(**headers: str) -> EmailMessage:
    mail = EmailMessage(policy=default)
    usual = {"From": "Mona <Mona@Example.org>", "To": OURS, "Subject": "كشف الحساب", "Message-ID": "<m1@example.org>"}
    usual["Date"] = "Sun, 22 Nov 2026 10:00:00 +0200"
    for name, value in {**usual, **{name.replace("_", "-"): value for name, value in headers.items()}}.items():
        if value:
            mail[name] = value
    return mail


def plain(text: str = "أين التحويل؟", **headers: str) -> bytes:
    mail = written(**headers)
    mail.set_content(text)
    return mail.as_bytes()


def texts() -> list[str]:
    return list(MessageRow.objects.order_by("id").values_list("text", flat=True))


def test_a_mail_arrives_in_its_script_under_our_id_and_with_its_file(database: Any, server: MailServer) -> None:
    line = mail_line(server)
    text = "عزيزتي منى،\n.سطر يبدأ بنقطة\nשלום\n"
    message = sent(
        line,
        to=MONA,
        content=OutgoingContent(text, media=OutgoingMedia("كشف.pdf", "application/pdf", b"%PDF-1.7 x"), subject="كشف"),
    )
    carry(message.id)
    (mail,) = taken(server)
    assert (mail["Subject"], mail["Message-ID"]) == ("كشف", f"<{message.id}@bank.example>")
    assert mail["To"].addresses[0].addr_spec == "mona@example.org"
    assert (mail["To"].addresses[0].display_name, mail["From"].addresses[0].addr_spec) == ("منى (synthetic)", OURS)
    assert mail["Auto-Submitted"] is None
    body = mail.get_body(("plain",))
    assert body is not None
    assert body.get_content().replace("\r\n", "\n") == text
    (file,) = mail.iter_attachments()
    assert (file.get_filename(), file.get_content()) == ("كشف.pdf", b"%PDF-1.7 x")
    assert all(len(row) < 999 for row in server.taken[0][2].split(b"\r\n"))
    done = now_of(message.id)
    assert (done.state, done.provider_id) == (OutgoingState.SENT, f"<{message.id}@bank.example>")


def test_an_answer_stands_in_its_thread_and_what_a_machine_sends_says_so(database: Any, server: MailServer) -> None:
    line = mail_line(server)
    server.put(plain(References="<a@x.org> <b@x.org>", In_Reply_To="<b@x.org>"))
    assert fetch(line.id, clock=SYSTEM_CLOCK) == 1
    message = sent(line, "هنا", to=MONA, reply_to="<m1@example.org>", purpose="gap_answer")
    carry(message.id)
    (mail,) = taken(server)
    assert mail["Subject"] == "Re: كشف الحساب"
    assert mail["In-Reply-To"] == "<m1@example.org>"
    assert mail["References"] == "<a@x.org> <b@x.org> <m1@example.org>"
    assert mail["Auto-Submitted"] == "auto-generated"


@pytest.mark.parametrize(
    ("bad_day", "state", "code"),
    [
        ({"replies": {"RCPT": "550 no such user"}}, OutgoingState.FAILED, "recipient_invalid"),
        ({"replies": {"RCPT": "451 come again"}}, OutgoingState.WAITING, "provider_trouble"),
        ({"replies": {"MAIL": "553 not yours"}}, OutgoingState.FAILED, "not_permitted"),
        ({"replies": {"DATA": "554 spam"}}, OutgoingState.FAILED, "refused"),
        ({"replies": {"DOT": "552 too big"}}, OutgoingState.FAILED, "too_large"),
        ({"replies": {"DOT": "451 disk full"}}, OutgoingState.WAITING, "provider_trouble"),
        ({"replies": {"AUTH": "535 wrong"}}, OutgoingState.WAITING, "token_expired"),
        ({"hang_up_at": "EHLO"}, OutgoingState.WAITING, "not_reached"),
        ({"hang_up_at": "DATA"}, OutgoingState.WAITING, "not_reached"),
        ({"hang_up_at": "DOT"}, OutgoingState.UNKNOWN, "no_answer"),
        ({"size": "10"}, OutgoingState.FAILED, "too_large"),
    ],
)
def test_what_a_server_says_or_does_not_ends_in_words_and_only_silence_after_the_last_dot_is_unknown(
    database: Any, server: MailServer, bad_day: dict[str, Any], state: OutgoingState, code: str
) -> None:
    line = mail_line(server)
    for name, value in bad_day.items():
        setattr(server, name, value)
    message = sent(line, to=MONA)
    carry(message.id)
    told = now_of(message.id)
    assert (told.state, told.reason and told.reason.code) == (state, code)
    assert (line_standings(INSTITUTION, by=STAFF)[0].needs_token_since is not None) == (code == "token_expired")


def test_an_answer_to_a_mail_of_which_nothing_was_known_settles_it(database: Any, server: MailServer) -> None:
    line = mail_line(server)
    server.hang_up_at = "DOT"
    message = sent(line, to=MONA)
    carry(message.id)
    assert now_of(message.id).state is OutgoingState.UNKNOWN
    server.put(plain("شكرًا", In_Reply_To=f"<{message.id}@bank.example>"))
    fetch(line.id, clock=SYSTEM_CLOCK)
    assert now_of(message.id).state is OutgoingState.READ
    assert texts() == ["شكرًا"]


def certificate(folder: Path) -> Path:
    """Write a certificate for localhost that signs itself, with its key."""
    from cryptography import x509  # noqa: PLC0415
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415
    from cryptography.x509.oid import NameOID  # noqa: PLC0415

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = SYSTEM_CLOCK.now()
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "localhost.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


def test_a_certificate_that_nobody_vouches_for_gets_no_password_and_no_mail(
    database: Any, server: MailServer, tmp_path: Path
) -> None:
    path = certificate(tmp_path)
    server.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.tls.load_cert_chain(path)
    line = made_line(
        Channel.EMAIL,
        address=OURS,
        smtp_host="localhost",
        smtp_port=str(server.smtp_port),
        smtp_security="starttls",
        smtp_user="care",
    )
    set_line_secret(line_id=line.id, name="smtp_password", value="throw-away", by=STAFF)
    message = sent(line, to=MONA)
    carry(message.id)
    told = now_of(message.id)
    assert told.reason is not None
    assert (told.state, told.reason.code) == (OutgoingState.WAITING, "not_reached")
    assert told.reason.told.startswith("not_trusted")
    assert (server.taken, "AUTH …" in server.said) == ([], False)
    clock = ManualClock(SYSTEM_CLOCK.now() + timedelta(minutes=5))
    trusting = ssl.create_default_context(cafile=str(path))
    with patch("raseed.channels.email.smtp.tls", lambda: trusting):
        carry(message.id, clock=clock)
    assert now_of(message.id).state is OutgoingState.SENT
    assert server.said.index("STARTTLS") < server.said.index("AUTH …")


def test_a_server_that_offers_no_encryption_where_it_is_asked_for_gets_nothing(
    database: Any, server: MailServer
) -> None:
    line = made_line(
        Channel.EMAIL, address=OURS, smtp_host="127.0.0.1", smtp_port=str(server.smtp_port), smtp_security="starttls"
    )
    message = sent(line, to=MONA)
    carry(message.id)
    assert now_of(message.id).state is OutgoingState.WAITING
    assert server.taken == []


def test_mail_is_taken_in_once_in_order_also_after_the_server_has_numbered_it_anew(
    database: Any, server: MailServer
) -> None:
    line = mail_line(server)
    for number in range(3):
        server.put(plain(f"رقم {number}", Message_ID=f"<m{number}@example.org>"))
    assert fetch(line.id, clock=SYSTEM_CLOCK) == 3
    assert fetch(line.id, clock=SYSTEM_CLOCK) == 0
    server.validity = 8
    server.put(plain("رقم 3", Message_ID="<m3@example.org>"))
    assert fetch(line.id, clock=SYSTEM_CLOCK) == 4
    assert texts() == [f"كشف الحساب\n\nرقم {number}" for number in range(4)]
    assert set(MessageRow.objects.values_list("external_id", flat=True)) == {"mona@example.org"}
    assert not any("STORE" in said or "SELECT" in said for said in server.said)


def test_a_connection_that_breaks_in_mid_box_goes_on_where_it_was(database: Any, server: MailServer) -> None:
    line = mail_line(server)
    for number in range(5):
        server.put(plain(f"{number}", Message_ID=f"<m{number}@example.org>", In_Reply_To="<x@y.org>"))
    server.drop_after = 2
    fetch(line.id, clock=SYSTEM_CLOCK)
    assert texts() == ["0", "1"]
    assert MailboxRow.objects.get().problem.startswith("broken_off")
    server.drop_after = None
    fetch(line.id, clock=SYSTEM_CLOCK)
    assert texts() == ["0", "1", "2", "3", "4"]
    assert (MailboxRow.objects.get().failing_since, MailboxRow.objects.get().problem) == (None, "")


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Precedence": "bulk"},
        {"List_Id": "<news.example.org>"},
        {"Return_Path": "<>"},
        {"From": "MAILER-DAEMON@example.org"},
        {"X_Autoreply": "yes"},
        {"From": OURS},
    ],
)
def test_what_no_person_has_written_is_no_message(database: Any, server: MailServer, headers: dict[str, str]) -> None:
    line = mail_line(server)
    server.put(plain("I am out of the office", **headers))
    server.put(plain("a person", Message_ID="<p@example.org>", Auto_Submitted="no", In_Reply_To="<x@y.org>"))
    fetch(line.id, clock=SYSTEM_CLOCK)
    assert texts() == ["a person"]
    assert MailRow.objects.count() == 2


def test_a_bounce_says_that_the_mail_did_not_arrive_and_a_report_of_delivery_that_it_did(
    database: Any, server: MailServer
) -> None:
    line = mail_line(server)
    failed, arrived = sent(line, "one", to=MONA), sent(line, "two", to=MONA)
    for message, action, status in ((failed, "failed", "5.1.1"), (arrived, "delivered", "2.0.0")):
        carry(message.id)
        server.put(
            "From: MAILER-DAEMON@example.org\nTo: care@bank.example\nSubject: report\n"
            f"Message-ID: <dsn-{action}@example.org>\nMIME-Version: 1.0\n"
            'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
            "--b\nContent-Type: text/plain\n\nSorry.\n"
            "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; example.org\n\n"
            f"Final-Recipient: rfc822; mona@example.org\nAction: {action}\nStatus: {status}\n\n"
            f"--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: <{message.id}@bank.example>\n\n--b--\n"
        )
    fetch(line.id, clock=SYSTEM_CLOCK)
    told = now_of(failed.id)
    assert (told.state, told.reason and told.reason.code) == (OutgoingState.FAILED, "bounced")
    assert now_of(arrived.id).state is OutgoingState.DELIVERED
    assert texts() == []


def test_a_mail_that_nothing_can_be_made_of_is_put_down_and_holds_up_nobody(database: Any, server: MailServer) -> None:
    line = mail_line(server)
    server.put(b"\x00\xff no mail at all")
    server.put(plain("a person", In_Reply_To="<x@y.org>"))
    fetch(line.id, clock=SYSTEM_CLOCK)
    assert texts() == ["a person"]
    aside = MailRow.objects.get(kind="set_aside")
    assert (aside.uid, aside.problem) == (1, "no_sender")


def test_of_a_mail_that_is_too_large_its_subject_is_a_message(database: Any, server: MailServer) -> None:
    line = mail_line(server)
    server.sizes[server.put(plain("x" * 100))] = 200 << 20
    fetch(line.id, clock=SYSTEM_CLOCK)
    assert texts() == ["كشف الحساب\n\n[…]"]
    assert "BODY.PEEK[HEADER]" in " ".join(server.said)


def test_a_refused_password_is_kept_and_told_once(database: Any, server: MailServer) -> None:
    line = mail_line(server)
    server.password = "another"
    for _ in range(3):
        assert fetch(line.id, clock=SYSTEM_CLOCK) == 0
    assert MailboxRow.objects.get().problem == "sign_in_refused"


def test_files_and_pictures_come_with_their_mail_and_another_way_to_say_the_text_is_no_file() -> None:
    mail = written()
    mail.set_content("النص")
    mail.add_alternative("<p>النص</p>", subtype="html")
    mail.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="فاتورة.pdf")
    mail.add_attachment(b"\x89PNG", maintype="image", subtype="png", filename="../../x.png")
    inner = EmailMessage()
    inner["Subject"] = "inside"
    inner.set_content("not ours")
    mail.add_attachment(inner)
    read = read_mail(mail.as_bytes(), own_address=OURS)
    assert (read.sender, read.name, read.text, read.kind) == ("mona@example.org", "Mona", "النص", MailKind.MESSAGE)
    kinds = [(file.claimed_type, file.kind) for file in read.files]
    assert kinds == [("application/pdf", "document"), ("image/png", "image"), ("message/rfc822", "document")]
    assert read.files[0].name == "فاتورة.pdf"


def test_a_mail_that_is_only_html_is_read_as_its_words() -> None:
    html = """<html><head><title>t</title><style>p{}</style></head><body><p>مرحبًا <b>منى</b></p>
    <div style="display:none">hidden <p>words</p></div><script>steal()</script>
    <ul><li>one<li>two</ul><a href="https://bank.example/x">here</a><br>end &amp; all<table><tr><td>1<td>2</table>"""
    assert words_of(html) == "مرحبًا منى\n\n- one\n- two\nhere (https://bank.example/x)\nend & all\n\n1 2"
    mail = written()
    mail.set_content(html, subtype="html")
    assert read_mail(mail.as_bytes(), own_address=OURS).text.startswith("مرحبًا منى")


@pytest.mark.parametrize(
    ("charset", "text"), [("windows-1256", "أين المبلغ؟"), ("iso-8859-8", "שלום"), ("utf-8", "ok"), ("no-such", "ok")]
)
def test_mail_in_old_character_sets_is_read(charset: str, text: str) -> None:
    body = text.encode(charset if charset != "no-such" else "utf-8")
    raw = b"From: m@example.org\r\nContent-Type: text/plain; charset=" + charset.encode() + b"\r\n\r\n" + body
    assert read_mail(raw, own_address=OURS).text == text


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"From: \r\n\r\nx",
        b"From: undisclosed-recipients:;\r\n\r\nx",
        b"From: =?utf-8?q?=00?= <>\r\n\r\n",
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" * 3000,
    ],
)  # fmt: skip
def test_a_mail_of_which_nothing_can_be_made_is_refused_and_ends_nothing(raw: bytes) -> None:
    with pytest.raises(UnreadableMail):
        read_mail(raw, own_address=OURS)
