"""Why a rule stops a reply, and what to write instead: one pair of sentences for each rule that the files of rules name."""

from __future__ import annotations

from typing import Final, NamedTuple

from raseed.kernel.errors import mark

from .domain import FindingKind


class Explained(NamedTuple):
    """What a rule finds, why it matters and the way out."""

    kind: FindingKind
    why: str
    suggestion: str


EMPTY: Final = "empty.nothing"
NO_TIME: Final = "empty.no_time"
SOUNDS_SO: Final = "dismissive.sounds_so"
EXPLAINED: Final = {
    EMPTY: Explained(
        FindingKind.EMPTY,
        mark("Nothing here helps the customer: there is no fact, no time and no name."),
        mark("Say what is known, or by when it will be known, or who takes it on."),
    ),
    NO_TIME: Explained(
        FindingKind.NO_TIME,
        mark("You take it on, but don't say by when."),
        mark("Add a time by which you write, even if there is no news by then."),
    ),
    SOUNDS_SO: Explained(
        FindingKind.DISMISSIVE,
        mark("No single phrase is wrong, but the words marked here are those of replies that sent customers away."),
        mark("Read it as the customer would: say the same without blame, haste or irony."),
    ),
    "dismissive.not_ours": Explained(
        FindingKind.DISMISSIVE,
        mark("This sends the customer away: it says that the trouble isn't ours."),
        mark("Say who can help, how they are reached, and what you can do until then."),
    ),
    "dismissive.ask_family": Explained(
        FindingKind.DISMISSIVE,
        mark("This tells a person in need to turn to family or friends."),
        mark("Offer what we can do today: a release from the hold, an advance, an address where there is help."),
    ),
    "dismissive.nothing_to_do": Explained(
        FindingKind.DISMISSIVE,
        mark("This closes the door without a reason."),
        mark("Give the reason and the next step, or name the person who decides."),
    ),
    "dismissive.go_elsewhere": Explained(
        FindingKind.DISMISSIVE,
        mark("This shows the customer out."),
        mark("Leave it out, and say what is possible here."),
    ),
    "dismissive.that_is_how": Explained(
        FindingKind.DISMISSIVE,
        mark("This says that the customer has to put up with it."),
        mark("Say why it is so, and what the customer can do."),
    ),
    "dismissive.belittles": Explained(
        FindingKind.DISMISSIVE,
        mark("This makes little of what the customer suffers, or of the question."),
        mark("Name what it means for the customer, and what you do about it."),
    ),
    "dismissive.others_too": Explained(
        FindingKind.DISMISSIVE,
        mark("This answers with other customers or with what was said before."),
        mark("Answer this customer's question again, more clearly than before."),
    ),
    "blaming.your_fault": Explained(
        FindingKind.BLAMING,
        mark("This says that it is the customer's fault."),
        mark("Say what happened without saying who is to blame, and how it is mended."),
    ),
    "blaming.should_have": Explained(
        FindingKind.BLAMING,
        mark("This tells the customer what should have been done before."),
        mark("Say what can be done now."),
    ),
    "blaming.did_wrong": Explained(
        FindingKind.BLAMING,
        mark("This holds a mistake against the customer."),
        mark("Say what was entered and what was needed, and offer to mend it."),
    ),
    "sarcastic.mocks": Explained(
        FindingKind.SARCASTIC,
        mark("This may be read as mockery."),
        mark("Say it plainly, or leave it out."),
    ),
    "commanding.silences": Explained(
        FindingKind.COMMANDING,
        mark("This tells the customer to be quiet or to stop asking."),
        mark("Say when you will write next, so that nobody needs to ask."),
    ),
    "commanding.orders": Explained(
        FindingKind.COMMANDING,
        mark("This gives the customer an order."),
        mark("Ask for it, with the reason and the time there is."),
    ),
}
