"""A message of a conversation is sent again within somebody's limits, whatever it holds: text, template or file."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from django.db import transaction

from raseed.care import api as care
from raseed.care.api import authority
from raseed.care.conversations.delivery import delivery_changed
from raseed.care.models import ConversationRow, EntryRow
from raseed.channels import api as channels
from raseed.channels.api import Channel, OutgoingState
from raseed.channels.models import OutgoingFileRow, OutgoingRow
from raseed.channels.sending.moving import move
from raseed.channels.tests.lines import Clerk, make_line
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.ids import new_id
from raseed.people import api as people

from .mending import times

if TYPE_CHECKING:
    from .mending import Mending

PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


def wrote(line: channels.Line, customer: people.Customer) -> UUID:
    """Let a customer write, and return the conversation."""
    message = channels.take_in(
        line_id=line.id, party=channels.Party(line.scope, "wa:201001234567", "+201001234567", "Mona (synthetic)"),
        text="Where is it?", provider_id=f"wamid.{new_id()}", sent_at=SYSTEM_CLOCK.now(),
    )  # fmt: skip
    one = care.receive(message.id)
    ConversationRow.objects.filter(id=one).update(customer_id=customer.id)
    return one


def answered(one: UUID, by: people.Author, **more: object) -> UUID:
    id_ = new_id()
    version = care.conversation(one, by=people.SYSTEM).version
    care.reply(one, client_message_id=id_, expected_version=version, by=by, **more)  # type: ignore[arg-type]
    return id_


def becomes(message_id: UUID, state: OutgoingState, code: str = "") -> None:
    with transaction.atomic():
        row = OutgoingRow.objects.get(id=message_id)
        move(row, state, at=SYSTEM_CLOCK.now(), code=code, clock=SYSTEM_CLOCK)
    delivery_changed(message_id)


def test_a_file_and_a_template_are_sent_again_and_never_another_s(mending: Mending) -> None:
    agent = mending.staff()
    mending.limit("agent", times(day=9), "resend_message", "")
    mona, _ = mending.street.person(money=90_000)
    other, _ = mending.street.person()
    institution_id, by = mending.bank, mending.author(agent)
    line = make_line(Channel.WHATSAPP, Clerk(institution_id), address="106540352242922")
    channels.register_template(
        line_id=line.id, name="back", language="en", body="Your transfer came back at {{1}}.", by=Clerk(institution_id)
    )
    one = wrote(line, mona)
    file_id = answered(
        one, by, text="It came back at 14:33.", media=[care.ReplyMedia("receipt.pdf", "application/pdf", PDF)]
    )  # fmt: skip
    template_id = answered(one, by, text="", template=care.ReplyTemplate("back", "en", ("14:33",)))

    becomes(file_id, OutgoingState.FAILED, "provider_trouble")
    mending.ask(agent, "resend_message", f"message:{file_id}", mona.id)
    row = OutgoingRow.objects.get(id=file_id)
    assert (row.state, row.round) == ("waiting", 1), "what failed really leaves again, with its file"
    assert OutgoingFileRow.objects.filter(message_id=file_id).exists()

    becomes(template_id, OutgoingState.DELIVERED)
    again = mending.ask(agent, "resend_message", f"message:{template_id}", mona.id)
    made = OutgoingRow.objects.get(id=again.id)
    assert (made.template_name, made.template_values, made.state) == ("back", ["14:33"], "waiting")
    assert EntryRow.objects.get(message_id=again.id).text == "Your transfer came back at 14:33."

    becomes(file_id, OutgoingState.DELIVERED)
    once_more = mending.ask(agent, "resend_message", f"message:{file_id}", mona.id)
    assert bytes(OutgoingFileRow.objects.get(message_id=once_more.id).content) == PDF

    with pytest.raises(channels.NothingToRetry):
        mending.ask(agent, "resend_message", f"message:{again.id}", mona.id)
    for subject, whose in ((f"message:{file_id}", other.id), (f"message:{new_id()}", mona.id), ("message:x", mona.id)):
        with pytest.raises(authority.InvalidSubject):
            mending.ask(agent, "resend_message", subject, whose)
