"""What is refused about questions and answers."""

from __future__ import annotations

from uuid import UUID

from raseed.kernel.errors import Conflict, InputError, NotFound, mark

from ..replies.domain import Verdict


class UnknownGap(NotFound):
    """No question that waits has this id, or it isn't the asker's to see."""

    code = "unknown_gap"
    sentence = mark("We know no such question.")
    hint = mark("Look at the list of questions without an answer.")


class UnknownAnswer(NotFound):
    """No answer has this id, or it isn't the asker's to see."""

    code = "unknown_answer"
    sentence = mark("We know no such answer.")
    hint = mark("Search the answers again.")


class InvalidDueDate(InputError):
    """A promise needs a time that lies ahead, within a year; a later one, to move it."""

    code = "invalid_due_date"
    sentence = mark("An answer can't be promised for this time.")
    hint = mark("Choose a time that lies ahead, within a year.")


class OwnerMayNot(InputError):
    """Whoever should own the question may not answer it."""

    code = "owner_may_not"
    sentence = mark("This person can't own the question: they may not answer questions here.")
    hint = mark("Choose a person who answers questions.")


class GapClosed(Conflict):
    """The question was answered, or joined to another; ``state`` says which."""

    code = "gap_closed"
    sentence = mark("This question doesn't wait any more.")
    hint = mark("Look at its answer.")


class SameGap(InputError):
    """A question can't be joined to itself, nor to one of another institution."""

    code = "same_gap"
    sentence = mark("These two questions can't be joined.")
    hint = mark("Choose another question of the same institution.")


class LanguageMissing(InputError):
    """Somebody who asked would get no answer in their language; ``languages`` names what is missing."""

    code = "answer_language_missing"
    sentence = mark("Somebody who asked reads another language: %(languages)s.")
    hint = mark("Write the answer in that language too.")


class InvalidAnswer(InputError):
    """An answer without a text, in a language we don't speak, or longer than a message may be."""

    code = "invalid_answer"
    sentence = mark("This answer can't be kept: a text is missing, too long, or in another language than ours.")
    hint = mark("Write a question and an answer in Arabic, Hebrew or English.")


class AnswerStopped(InputError):
    """The answer says nothing, or speaks as no answer should; ``rule`` names what stopped it, ``language`` where."""

    code = "answer_stopped"
    sentence = mark("This answer was stopped by the check of replies (%(rule)s).")
    hint = mark("Change it, or say why it goes as it is.")

    def __init__(self, verdict: Verdict, language: str, institution_id: UUID) -> None:
        rule = next(finding.rule for finding in verdict.findings if finding.stops)
        super().__init__(field="texts", rule=rule, language=language)
        self.verdict, self.language, self.institution_id = verdict, language, institution_id
