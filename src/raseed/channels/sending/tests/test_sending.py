"""A message is kept by its sender's transaction, handed over once, and what became of it is told truthfully."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from raseed.channels.api import OutgoingState, attempts_of
from raseed.channels.models import OutgoingRow
from raseed.platform.api import run_worker

from .providers import PERSON, Provider, made_line, now_of, sent, wrote


def test_a_message_reaches_the_provider_in_its_own_words_and_says_what_it_is_called(
    database: Any, provider: Provider
) -> None:
    line = made_line(base=provider.address)
    wrote(line)
    message = sent(line, "مرحبًا")
    assert message.state is OutgoingState.WAITING
    run_worker(wait=False)
    (asked,) = provider.asked
    assert asked.path == "/v23.0/106540352242922/messages"
    assert asked.headers["Authorization"] == "Bearer EAAG-one"
    assert asked.said == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": PERSON,
        "biz_opaque_callback_data": f"{message.id}.1",
        "type": "text",
        "text": {"body": "مرحبًا", "preview_url": False},
    }
    done = now_of(message.id)
    assert (done.state, done.provider_id, done.attempts, done.reason) == (OutgoingState.SENT, "wamid.1", 1, None)
    assert [(one.number, one.outcome, one.provider_id) for one in attempts_of(message.id)] == [(1, "taken", "wamid.1")]


def test_a_message_of_a_transaction_that_was_rolled_back_is_never_sent(database: Any, provider: Provider) -> None:
    line = made_line(base=provider.address)
    wrote(line)
    with transaction.atomic():
        sent(line)
        transaction.set_rollback(True)
    run_worker(wait=False)
    assert provider.asked == []
    assert not OutgoingRow.objects.exists()
