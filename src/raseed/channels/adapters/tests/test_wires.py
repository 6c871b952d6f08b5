"""Each wire says word for word what its provider's reference asks for; over real HTTP on loopback."""

from __future__ import annotations

import email
from collections.abc import Iterator
from email.policy import HTTP
from typing import Any

import pytest
from django.test import override_settings

from raseed.channels.adapters.http import NotReached, Part, ask, form
from raseed.channels.adapters.whatsapp import REASONS, WAITS, reason_of_status
from raseed.channels.adapters.x import signature
from raseed.channels.api import (
    Channel,
    InvalidTemplate,
    Line,
    OutgoingContent,
    OutgoingMedia,
    OutgoingState,
    Party,
    Template,
    TemplateUnknown,
    TemplateValuesWrong,
    filled,
    outgoing_content,
    register_template,
    set_line_secret,
    templates,
    web_messages,
    web_seen,
)
from raseed.channels.sending.carrying import carry
from raseed.channels.sending.reasons import CODES
from raseed.channels.sending.tests.providers import (
    STAFF,
    Asked,
    Provider,
    made_line,
    now_of,
    person,
    provider_running,
    sent,
    wrote,
)

PNG = b"\x89PNG\r\n\x1a\n" + b"pixels"
PDF = b"%PDF-1.7 words"
S, W, F, U = OutgoingState.SENT, OutgoingState.WAITING, OutgoingState.FAILED, OutgoingState.UNKNOWN


@pytest.fixture
def provider() -> Iterator[Provider]:
    with provider_running() as told:
        yield told


def fields(asked: Asked) -> dict[str, tuple[str | None, Any]]:
    """Read a form as a server does: by name, the file's name and the content."""
    head = f"Content-Type: {asked.headers['Content-Type']}\r\n\r\n".encode()
    parts = email.message_from_bytes(head + asked.body, policy=HTTP).iter_parts()
    return {
        str(part.get_param("name", header="content-disposition")): (part.get_filename(), part.get_payload(decode=True))
        for part in parts
    }


def line_of(channel: Channel, provider: Provider) -> Line:
    line = made_line(channel, base=provider.address)
    if channel is Channel.WHATSAPP:
        wrote(line)
    return line


def test_a_picture_is_uploaded_to_whatsapp_and_sent_by_its_id_in_answer_to_a_message(
    database: Any, provider: Provider
) -> None:
    line = line_of(Channel.WHATSAPP, provider)
    content = OutgoingContent("الفاتورة", media=OutgoingMedia("b.png", "image/png", PNG))
    message = sent(line, content=content, reply_to="wamid.in")
    carry(message.id)
    upload, send = provider.asked
    assert upload.path == "/v23.0/106540352242922/media"
    assert fields(upload) == {
        "messaging_product": (None, b"whatsapp"),
        "type": (None, b"image/png"),
        "file": ("b.png", PNG),
    }
    assert send.said == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "201001234567",
        "biz_opaque_callback_data": str(message.id),
        "context": {"message_id": "wamid.in"},
        "type": "image",
        "image": {"id": "401", "caption": "الفاتورة"},
    }


def test_a_document_goes_to_somebody_whose_number_is_hidden(database: Any, provider: Provider) -> None:
    line = line_of(Channel.WHATSAPP, provider)
    hidden = Party(line.scope, "bsuid:EG.13491208655302741918")
    wrote(line, hidden)
    carry(sent(line, to=hidden, content=OutgoingContent(media=OutgoingMedia("كشف.pdf", "application/pdf", PDF))).id)
    said = provider.asked[1].said
    assert (said["recipient"], "to" in said) == ("EG.13491208655302741918", False)
    assert said["document"] == {"id": "401", "filename": "كشف.pdf"}


def test_an_upload_that_fails_sends_nothing_and_is_tried_again(database: Any, provider: Provider) -> None:
    line = line_of(Channel.WHATSAPP, provider)
    provider.answers = [(None, None)]
    message = sent(line, content=OutgoingContent(media=OutgoingMedia("b.png", "image/png", PNG)))
    carry(message.id)
    assert now_of(message.id).state is W
    assert provider.messages() == []


def test_a_template_goes_with_its_values_at_any_time(database: Any, provider: Provider) -> None:
    line = made_line(base=provider.address)
    shape = register_template(line_id=line.id, name="bill", language="ar", body="عزيزي {{1}}: {{2}}", by=STAFF)
    register_template(line_id=line.id, name="bill", language="en_US", body="Dear {{1}}: {{2}}", by=STAFF)
    assert [each.language for each in templates(line.id, "en")] == ["en_US"]
    assert filled(shape, ("منى", "10 ج.م")) == "عزيزي منى: 10 ج.م"
    template = Template("bill", "ar", ("منى", "10 ج.م"))
    message = sent(line, content=OutgoingContent(template=template))
    carry(message.id)
    said = provider.asked[0].said
    assert (said["type"], said["template"]) == (
        "template",
        {
            "name": "bill",
            "language": {"code": "ar"},
            "components": [
                {
                    "type": "body",
                    "parameters": [{"type": "text", "text": "منى"}, {"type": "text", "text": "10 ج.م"}],
                }
            ],
        },
    )
    kept = outgoing_content(message.id)
    assert kept is not None
    assert kept.template == template
    for values in ((), ("one",), ("one", ""), ("one", "two\nlines"), ("one", "two", "three")):
        with pytest.raises(TemplateValuesWrong):
            sent(line, content=OutgoingContent(template=Template("bill", "ar", values)))
    for other in (Template("bill", "he", ("a", "b")), Template("none", "ar")):
        with pytest.raises(TemplateUnknown):
            sent(line, content=OutgoingContent(template=other))
    with pytest.raises(TemplateUnknown):
        sent(line, content=OutgoingContent("and text", template=template))
    register_template(line_id=line.id, name="bill", language="ar", body="{{1}} {{2}}", active=False, by=STAFF)
    with pytest.raises(TemplateUnknown):
        sent(line, content=OutgoingContent(template=template))


@pytest.mark.parametrize(
    ("name", "language", "body"),
    [
        ("Bill", "ar", "x"),
        ("bill", "arabic!", "x"),
        ("bill", "ar", " "),
        ("bill", "ar", "{{2}}"),
        ("bill", "ar", "{{1}} {{3}}"),
        ("bill", "ar", "{{name}}"),
        ("bill", "ar", "x" * 1025),
    ],
)
def test_a_template_that_the_provider_could_not_have_approved_is_refused(
    database: Any, name: str, language: str, body: str
) -> None:
    line = made_line()
    with pytest.raises(InvalidTemplate):
        register_template(line_id=line.id, name=name, language=language, body=body, by=STAFF)


def test_telegram_gets_texts_pictures_and_documents(database: Any, provider: Provider) -> None:
    line = line_of(Channel.TELEGRAM, provider)
    text = sent(line, "مرحبًا", reply_to="777:41")
    picture = sent(line, content=OutgoingContent("see", media=OutgoingMedia("b.png", "image/png", PNG)))
    document = sent(line, content=OutgoingContent(media=OutgoingMedia("b.pdf", "application/pdf", PDF)))
    for message in (text, picture, document):
        carry(message.id)
    one, two, three = provider.asked
    assert [asked.path for asked in provider.asked] == [
        f"/botEAAG-one/{method}" for method in ("sendMessage", "sendPhoto", "sendDocument")
    ]
    assert one.said == {
        "chat_id": 777,
        "text": "مرحبًا",
        "link_preview_options": {"is_disabled": True},
        "reply_parameters": {"message_id": 41, "allow_sending_without_reply": True},
    }
    assert fields(two) == {"chat_id": (None, b"777"), "caption": (None, b"see"), "photo": ("b.png", PNG)}
    assert fields(three) == {"chat_id": (None, b"777"), "document": ("b.pdf", PDF)}
    assert (now_of(text.id).state, now_of(text.id).provider_id) == (S, "777:501")


@pytest.mark.parametrize(
    ("status", "said", "state", "code"),
    [
        (403, {"ok": False, "description": "Forbidden: bot was blocked by the user"}, F, "blocked_by_person"),
        (400, {"ok": False, "description": "Bad Request: chat not found"}, F, "recipient_invalid"),
        (401, {"ok": False, "description": "Unauthorized"}, W, "token_expired"),
        (404, {"ok": False, "description": "Not Found"}, W, "token_expired"),
        (429, {"ok": False, "description": "Too Many", "parameters": {"retry_after": 35}}, W, "rate_limited"),
        (500, {"ok": False, "description": "Internal"}, U, "answer_unclear"),
        (404, b"<html>", F, "refused"),
        (200, {"ok": True}, U, "answer_unclear"),
        (None, None, U, "no_answer"),
    ],
)
def test_what_telegram_answers(
    database: Any, provider: Provider, status: int | None, said: Any, state: OutgoingState, code: str
) -> None:
    line = line_of(Channel.TELEGRAM, provider)
    provider.answers = [(status, said)]
    message = sent(line)
    carry(message.id)
    told = now_of(message.id)
    assert (told.state, told.reason and told.reason.code) == (state, code)


def test_x_gets_a_direct_message_with_its_picture(database: Any, provider: Provider) -> None:
    line = line_of(Channel.X, provider)
    message = sent(line, content=OutgoingContent("see", media=OutgoingMedia("b.png", "image/png", PNG)))
    carry(message.id)
    upload, send = provider.asked
    assert upload.path == "/2/media/upload"
    assert fields(upload)["media"] == ("b.png", PNG)
    assert fields(upload)["media_category"] == (None, b"dm_image")
    assert send.path == "/2/dm_conversations/with/999/messages"
    assert send.said == {"text": "see", "attachments": [{"media_id": "191"}]}
    assert send.headers["Authorization"] == "Bearer EAAG-one"
    assert now_of(message.id).provider_id == "182"


def test_x_is_signed_to_with_oauth_where_the_line_has_a_tokens_secret(database: Any, provider: Provider) -> None:
    line = line_of(Channel.X, provider)
    for name, value in (("token_secret", "ts"), ("consumer_key", "ck"), ("consumer_secret", "cs")):
        set_line_secret(line_id=line.id, name=name, value=value, by=STAFF)
    carry(sent(line).id)
    header = provider.asked[0].headers["Authorization"]
    assert header.startswith("OAuth ")
    assert 'oauth_consumer_key="ck"' in header
    assert "oauth_signature=" in header


def test_the_signature_is_the_one_of_the_references_example() -> None:
    # docs.x.com, "Creating a signature": the form's fields stand among the parameters there.
    parameters = {
        "status": "Hello Ladies + Gentlemen, a signed OAuth request!",
        "oauth_consumer_key": "xvz1evFS4wEEPTGEFPHBog",
        "oauth_nonce": "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg",
        "oauth_signature_method": "HMAC-SHA1",
        "oauth_timestamp": "1318622958",
        "oauth_token": "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb",
        "oauth_version": "1.0",
    }
    made = signature(
        "post",
        "https://api.twitter.com/1.1/statuses/update.json?include_entities=true",
        parameters,
        consumer_secret="kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw",
        token_secret="LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE",
    )
    assert made == "hCtSmYh+iHYCEqBWrE7C7hYmtUk="


@pytest.mark.parametrize(
    ("status", "said", "state", "code"),
    [
        (403, {"title": "Forbidden", "detail": "You cannot send messages to this user."}, F, "undeliverable"),
        (401, {"title": "Unauthorized"}, W, "token_expired"),
        (429, {"title": "Too Many Requests"}, W, "rate_limited"),
        (503, b"", U, "answer_unclear"),
        (201, {"data": {}}, U, "answer_unclear"),
    ],
)
def test_what_x_answers(
    database: Any, provider: Provider, status: int, said: Any, state: OutgoingState, code: str
) -> None:
    line = line_of(Channel.X, provider)
    provider.answers = [(status, said)]
    message = sent(line)
    carry(message.id)
    told = now_of(message.id)
    assert (told.state, told.reason and told.reason.code) == (state, code)


def test_a_text_message_goes_through_the_gateways_own_wire(database: Any, provider: Provider) -> None:
    with override_settings(SMS_URL=f"{provider.address}/texts"):
        shared = sent(made_line(Channel.SMS), "رصيد")
        carry(shared.id)
    own = sent(made_line(Channel.SMS, base=f"{provider.address}/own", address="+201000000002"), "رصيد")
    carry(own.id)
    first, second = provider.asked
    assert first.said == {"id": str(shared.id), "to": "+201001234567", "text": "رصيد"}
    assert second.said == {"id": str(own.id), "from": "+201000000002", "to": "+201001234567", "text": "رصيد"}
    assert second.headers["Idempotency-Key"] == str(own.id)
    assert now_of(shared.id).state is S


def test_a_text_message_without_any_gateway_waits_in_words(database: Any) -> None:
    with override_settings(SMS_URL=""):
        message = sent(made_line(Channel.SMS), "رصيد")
        carry(message.id)
    told = now_of(message.id)
    assert (told.state, told.reason and told.reason.code) == (W, "line_not_set_up")


def test_web_chat_is_there_as_soon_as_it_is_kept_and_its_reader_says_what_was_shown(database: Any) -> None:
    line = made_line(Channel.WEB)
    mona, omar = Party(line.scope, "session:1"), Party(line.scope, "session:2")
    one, two = sent(line, "one", to=mona), sent(line, "two", to=mona)
    sent(line, "not hers", to=omar)
    assert one.state is S
    page = web_messages(line.id, "session:1")
    assert [each.text for each in page] == ["one", "two"]
    assert [each.text for each in web_messages(line.id, "session:1", after=page[0].position)] == ["two"]
    assert web_seen(line.id, "session:2", [one.id]) == 0
    assert web_seen(line.id, "session:1", [one.id, two.id]) == 2
    assert web_seen(line.id, "session:1", [one.id]) == 0
    assert now_of(one.id).state is OutgoingState.READ


def test_every_code_of_the_provider_has_a_reason_of_ours() -> None:
    assert set(REASONS.values()) <= CODES
    assert {wait.value for wait in WAITS.values()} <= CODES
    assert {reason_of_status(code) for code in [*REASONS, *WAITS, None, 999999]} <= CODES
    assert reason_of_status(131047) == "window_closed"


@pytest.mark.parametrize(
    "url", ["http://10.0.0.1/x", "http://169.254.169.254/latest", "ftp://x", "", "https://[::1", "//x"]
)
def test_nothing_is_asked_at_an_address_that_we_do_not_go_to(url: str) -> None:
    with override_settings(CHANNEL_NETWORKS=""):
        assert isinstance(ask("POST", url, headers={}), NotReached)
        assert isinstance(ask("POST", "http://127.0.0.1:9/x", headers={}), NotReached)


def test_a_files_name_can_not_end_its_header() -> None:
    body = form([Part("file", b"x", 'a"\r\nX-Evil: 1.png', "image/png")], "b")
    assert b"X-Evil" not in body.split(b"\r\n")[2]
    assert body.count(b"\r\n\r\n") == 1


def test_somebody_known_by_a_name_of_the_channel_is_written_to_by_it(database: Any, provider: Provider) -> None:
    line = line_of(Channel.TELEGRAM, provider)
    carry(sent(line, to=person(line)).id)
    assert provider.asked[0].said["chat_id"] == 777
