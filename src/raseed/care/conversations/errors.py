"""What conversations refuse."""

from __future__ import annotations

from collections.abc import Sequence

from raseed.kernel.errors import Conflict, InputError, NotFound, PermissionRefused, mark

from ..replies.domain import Verdict


class UnknownConversation(NotFound):
    """No such conversation, or of an institution where the asker may not see any."""

    code = "unknown_conversation"
    sentence = mark("We could not find this conversation.")
    hint = mark("Choose one from the inbox.")


class VersionMoved(Conflict):
    """Something was said or decided since the page was read; nothing was sent. ``version`` is the present one."""

    code = "version_moved"
    sentence = mark("The conversation has moved on. Nothing was sent.")
    hint = mark("Read what is new, then send your answer if it is still right.")


class HeldByAnother(Conflict):
    """A colleague is writing an answer; nothing was sent. ``holder`` is their id."""

    code = "held_by_another"
    sentence = mark("A colleague is answering this conversation. Nothing was sent.")
    hint = mark("Leave it to them, or take it over.")


class ConversationClosed(Conflict):
    """The conversation is closed, or not closed, and what was asked for needs the other."""

    code = "conversation_closed"
    sentence = mark("This can't be done with the conversation as it is now.")
    hint = mark("Look at it again; open it again first if it is closed.")


class StillUnanswered(Conflict):
    """A conversation was to be closed while a message in it waits for an answer."""

    code = "still_unanswered"
    sentence = mark("A message in this conversation has no answer yet.")
    hint = mark("Answer it first, or say that there is nothing to answer.")


class IdentityNotProven(PermissionRefused):
    """The sender has not proven to be the customer whom the facts are about."""

    code = "identity_not_proven"
    sentence = mark("The sender has not proven who they are. Nothing was sent.")
    hint = mark("Ask for a code first, or answer without facts about the customer.")


class WhichCustomer(Conflict):
    """More than one customer writes from here, and nobody said which one it is about."""

    code = "which_customer"
    sentence = mark("More than one customer may be writing here.")
    hint = mark("Ask which of them it is, and choose.")


class EmptyReply(InputError):
    """The check of replies stopped it: no fact, no time, no owner, or a tone that hurts; ``verdict`` says where and why."""

    code = "empty_reply"
    sentence = mark("This answer says nothing that helps, or says it unkindly. Nothing was sent.")
    hint = mark("Change it as suggested, or say why it is sent all the same.")

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict
        super().__init__(field="text", kinds=self.kinds)

    @property
    def kinds(self) -> list[str]:
        """What was wrong, each kind once."""
        return sorted({finding.kind.value for finding in self.verdict.findings if finding.stops})


class NowhereToSend(Conflict):
    """There is no address to send to on this channel."""

    code = "nowhere_to_send"
    sentence = mark("There is no address to send this to.")
    hint = mark("Reach the customer on another channel.")


class AssigneeMayNot(InputError):
    """Somebody who may not work on conversations at this institution."""

    code = "assignee_may_not"
    sentence = mark("This person may not answer conversations here.")
    hint = mark("Choose somebody whose role has it.")


class FactsMissing(InputError):
    """A macro is to be sent without the facts that it must carry; ``missing`` names their kinds, as does ``kinds``."""

    code = "facts_missing"
    sentence = mark("This answer must carry facts that are not in it: %(missing)s.")
    hint = mark("Insert them from the cards.")

    def __init__(self, kinds: Sequence[str]) -> None:
        self.kinds = tuple(kinds)
        super().__init__(field="facts", missing=", ".join(kinds))


class UnknownMacro(NotFound):
    """No such macro here."""

    code = "unknown_macro"
    sentence = mark("We could not find this prepared answer.")
    hint = mark("Choose one from the list.")


class InvalidMacro(InputError):
    """A macro without a text, or whose texts carry other facts in one language than in another."""

    code = "invalid_macro"
    sentence = mark("This prepared answer is not complete.")
    hint = mark("Write it in each language with the same facts in it.")


class MacroMoved(Conflict):
    """A colleague wrote the macro anew since it was read; ``version`` is the present one."""

    code = "macro_moved"
    sentence = mark("A colleague changed this prepared answer meanwhile. Nothing was kept.")
    hint = mark("Look at what it says now, then write your change again.")


class UnknownFactKind(InputError):
    """A macro asks for a fact of a kind that no source of cards tells customers."""

    code = "unknown_fact_kind"
    sentence = mark("No card tells customers a fact of this kind: %(kind)s.")
    hint = mark("Use the names in the list of facts.")


class UnknownTag(NotFound):
    """The institution has no such tag, or has retired it."""

    code = "unknown_tag"
    sentence = mark("There is no such tag here, or it was retired: %(tag)s")
    hint = mark("Choose one of the list.")


class TagTaken(Conflict):
    """The institution has a tag of this name already."""

    code = "tag_taken"
    sentence = mark("There is a tag of this name already.")
    hint = mark("Use that one, or choose another word.")


class TooManyTags(Conflict):
    """The institution has as many tags in use as one may have."""

    code = "too_many_tags"
    sentence = mark("There are too many tags in use.")
    hint = mark("Retire those that nobody needs.")


class EntryNotFailed(Conflict):
    """What is to be sent again has not failed."""

    code = "entry_not_failed"
    sentence = mark("This message has not failed.")
    hint = mark("Look at how it stands now.")
