"""What pages show of a balance's proof: the words of each state, and what a page's script is told to check it by."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from django.template.loader import render_to_string
from django.utils.translation import gettext

from raseed.display import api as display
from raseed.kernel.errors import mark

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

    from .accounts import ShownAccount
    from .reader import Reader

HERO, LINE = "hero", "line"
_TEMPLATES: Final = {HERO: "web/parts/figure.html", LINE: "web/parts/sum.html"}
REFUSED_BY_DEVICE: Final = "refused_by_device"
DEVICE_WORDS: Final = {
    "checked": mark("This device has checked it."),
    "clock": mark(
        "This device has checked it, but its clock is wrong, so it can't tell how fresh the proof is. Set its clock."
    ),
    "unable": mark(
        "This device can't check it here: that needs a secure (https) connection and a newer browser. We have checked it."
    ),
    "refused": mark("This device has checked the proof, and did not accept it."),
    "unproven": mark("This device was sent no proof of it."),
    "offline": mark("There is no connection to us at the moment: this is what was proven then."),
}
"""What a page's script says of its own checking."""
REFUSAL_WORDS: Final = {
    "not_a_certificate": mark("It is not a certificate, or it was damaged."),
    "unknown_key": mark("It is signed by a key that this device does not know."),
    "forged_checkpoint": mark("The signature is not that of our key."),
    "wrong_tree": mark("It belongs to other books."),
    "path_length": mark("It does not fit the size of the books."),
    "sum_overflow": mark("Sums in it are larger than any true sum."),
    "path_does_not_lead_to_root": mark("It does not lead to the sum that we have signed."),
    "shares_disagree": mark("Its parts do not come to the balance."),
    "too_old": mark("It is too old."),
    "older_than_seen": mark("A newer one was seen before."),
    "other_account": mark("It is another account's."),
    "other_amount": mark("It proves another amount than the one shown."),
}
"""Each refusal of a certificate, as a customer reads it; docs/formats/certificate.md says exactly when."""
_SAID: Final = {
    display.Proof.PROVEN: mark("Your balance is proven."),
    display.Proof.JUST_CHANGED: mark("Your balance has changed just now; it is being proven."),
    display.Proof.BEING_VERIFIED: mark("Your balance is being verified."),
    display.Proof.NOT_YET_CERTIFIED: mark("Not yet certified"),
}
"""What is read aloud when the state of an open page's balance changes."""


def drawn(account: ShownAccount, shape: str, reader: Reader) -> str:
    """Return a balance as it stands on a page, as its hero or as a line of a list (HTML)."""
    return render_to_string(_TEMPLATES[shape], {"account": account, "reader": reader})


def told(accounts: Iterable[ShownAccount], heroes: frozenset[UUID], reader: Reader) -> dict[str, Any]:
    """Return what a page's script needs of each account: its state, its certificate, how to draw it, and how where that fails.

    Only what comes with its certificate is called proven.
    """
    shown = [(one, one.balance) for one in accounts if one.balance is not None]
    certificates = display.certificates_of([one.id for one, balance in shown if balance.proof is display.Proof.PROVEN])
    return {
        str(one.id): _told(one, balance, certificates, HERO if one.id in heroes else LINE, reader)
        for one, balance in shown
    }


def _told(
    one: ShownAccount,
    balance: display.ShownBalance,
    certificates: Mapping[UUID, display.Certificate],
    shape: str,
    reader: Reader,
) -> dict[str, Any]:
    found = certificates.get(one.id)
    if balance.proof is display.Proof.PROVEN and (found is None or not _of_one_moment(balance, found)):
        found = (
            None  # the account moved between the two looks, or this release drops certificates: nothing proves it here
        )
        balance = replace(balance, proof=display.Proof.JUST_CHANGED)
    doubtful = replace(balance, proof=display.Proof.BEING_VERIFIED, last_proven=None, reason=REFUSED_BY_DEVICE)
    answer: dict[str, Any] = {
        "state": balance.proof.value,
        "said": gettext(_SAID[balance.proof]),
        "html": drawn(replace(one, balance=balance), shape, reader),
        "doubt": drawn(replace(one, balance=doubtful), shape, reader),
        "doubted": gettext(_SAID[display.Proof.BEING_VERIFIED]),
    }
    if found is not None:
        answer["certificate"] = found.to_json().decode()
    return answer


def _of_one_moment(balance: display.ShownBalance, found: display.Certificate) -> bool:
    """Whether the account did not move between the look at its balance and that at its certificate."""
    held = balance.booked.amount_minor - balance.available.amount_minor
    return (found.booked_minor, found.held_minor) == (balance.booked.amount_minor, held)


def device_words() -> dict[str, str]:
    """Return what a page's script says, in the language of the moment; refusals by their code."""
    return {name: gettext(words) for name, words in (DEVICE_WORDS | REFUSAL_WORDS).items()}
