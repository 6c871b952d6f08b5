"""A report in a reader's language: the same sections for the page, the file and the paper."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext, override

from raseed.banking.api import Leaflet, LeafletFact, LeafletSection, LeafletTable
from raseed.kernel.errors import mark
from raseed.kernel.ids import InvalidId, parse_id
from raseed.kernel.money import Money, UnknownCurrency, currency
from raseed.people import api as people
from raseed.platform import api as platform

from ..domain import DIFFERENCE_WORDS, RUN_WORDS, STATE_WORDS, DifferenceKind, ReleaseState, RunKind
from ..keys import Signed, key_id

VERDICT_WORDS: Final[Mapping[str, str]] = {
    "verified": mark("Live, and every shown balance was verified"),
    "rolled_back": mark("Rolled back"),
    "refused": mark("Refused: nobody was shown a balance of it"),
    "abandoned": mark("Abandoned: nobody was shown a balance of it"),
    "on_its_way": mark("On its way"),
}
LEG_WORDS: Final[Mapping[str, str]] = {
    "before": mark("Before going live"),
    "after": mark("After going live"),
    "restored": mark("After rolling back"),
}
TRIAL_WORDS: Final[Mapping[str, str]] = {
    "right": mark("Shown rightly on both sides"),
    "wrong": mark("Shown wrongly"),
    "refused": mark("The payment was refused"),
}
EXAMPLES_MAX: Final = 200
"""In the report for readers; the data has more."""


def said(content: Mapping[str, Any], signed: Signed, digest: str, *, language: str) -> Leaflet:
    """Return what a report says, in a language."""
    house = people.institution(UUID(content["institution"]["id"]))
    with override(language):
        teller = _Teller(content, language, zone=house.zone, country=house.country)
        verdict = gettext(VERDICT_WORDS[content["verdict"]])
        return Leaflet(
            language=language,
            digits=platform.reader_digits(language),
            country=house.country,
            zone=house.zone,
            house=people.display_name(house, language),
            title=gettext("Report of a release"),
            verdict=verdict,
            is_good=content["verdict"] != "rolled_back",
            sections=tuple(teller.sections(signed, digest)),
            foot=f"{gettext('Report of a release')} {content['release']}",
            made_at=datetime.fromisoformat(content["written_at"]),
        )


class _Teller:
    """Says the parts of a report in a language."""

    def __init__(self, content: Mapping[str, Any], language: str, *, zone: str, country: str) -> None:
        self._content, self._language, self._zone, self._country = content, language, zone, country

    def sections(self, signed: Signed, digest: str) -> list[LeafletSection]:
        """Return all sections, in their order."""
        content = self._content
        comparisons = [each for each in content["comparisons"] if each["kind"] != RunKind.BASELINE.value]
        return [
            self._release(),
            *([self._forced(content["forced"])] if content["forced"] else []),
            self._timeline(),
            *self._baseline(),
            LeafletSection(gettext("What was compared"), table=self._compared(comparisons)),
            *self._differences(comparisons),
            *self._trials(),
            self._proof(signed, digest),
        ]

    def _release(self) -> LeafletSection:
        content = self._content
        return LeafletSection(
            gettext("The release"),
            facts=(
                LeafletFact(gettext("System"), content["system"]["name"]),
                LeafletFact(gettext("Candidate"), content["candidate"]),
                LeafletFact(gettext("State"), gettext(STATE_WORDS[ReleaseState(content["state"])])),
                LeafletFact(gettext("Registered"), self._moment(content["registered_at"])),
                LeafletFact(gettext("Report written"), self._moment(content["written_at"])),
                LeafletFact(gettext("Release number"), content["release"], is_code=True),
            ),
        )

    def _forced(self, forced: Mapping[str, Any]) -> LeafletSection:
        return LeafletSection(
            gettext("Forced by two persons"),
            words=(gettext("There was no green shadow. Two persons let the release go live all the same."),),
            facts=(
                LeafletFact(gettext("Proposed by"), self._person(forced["proposed_by"])),
                LeafletFact(gettext("Confirmed by"), self._person(forced["confirmed_by"] or "")),
                LeafletFact(gettext("Reason"), forced["reason"]),
                LeafletFact(gettext("Confirmed"), self._moment(forced["confirmed_at"])),
            ),
        )

    def _timeline(self) -> LeafletSection:
        rows = tuple(
            (
                self._moment(step["at"]),
                gettext(STATE_WORDS[ReleaseState(step["state"])]),
                self._person(step["by"]),
                gettext(step["why"]) if step["why"] else "",
            )
            for step in self._content["timeline"]
        )
        heads = (gettext("When"), gettext("What"), gettext("By"), gettext("Why"))
        return LeafletSection(gettext("Timeline"), table=LeafletTable(heads, rows))

    def _baseline(self) -> list[LeafletSection]:
        taken = [each for each in self._content["comparisons"] if each["kind"] == RunKind.BASELINE.value]
        if not taken or not taken[-1]["ended_at"]:
            return []
        facts = taken[-1]["facts"]
        return [
            LeafletSection(
                gettext("Baseline"),
                words=(gettext(RUN_WORDS[RunKind.BASELINE]),),
                facts=(
                    LeafletFact(gettext("Accounts"), self._number(taken[-1]["compared"])),
                    LeafletFact(gettext("When it was taken"), self._moment(taken[-1]["began_at"])),
                    LeafletFact(gettext("Hash of the chain"), str(facts.get("root", "")), is_code=True),
                ),
            )
        ]

    def _compared(self, comparisons: list[Mapping[str, Any]]) -> LeafletTable:
        rows = tuple(
            (
                gettext(RUN_WORDS[RunKind(each["kind"])]),
                self._moment(each["began_at"]),
                self._share(each),
                self._number(each["different"]),
            )
            for each in comparisons
        )
        return LeafletTable((gettext("What"), gettext("When"), gettext("Accounts"), gettext("Different")), rows)

    def _share(self, each: Mapping[str, Any]) -> str:
        share = each["sample_permille"]
        number = self._number(each["compared"])
        if share == 1_000:  # noqa: PLR2004  (everyone)
            return number
        return gettext("%(count)s, a sample of %(share)s in a thousand") % {
            "count": number, "share": self._number(share),
        }  # fmt: skip

    def _differences(self, comparisons: list[Mapping[str, Any]]) -> list[LeafletSection]:
        found: list[LeafletSection] = []
        for each in comparisons:
            if not each["different"]:
                continue
            counts = tuple(
                (self.issuer(one["issuer"]), gettext(DIFFERENCE_WORDS[DifferenceKind(one["kind"])]),
                 self._number(one["count"]))
                for one in each["by_issuer"]
            )  # fmt: skip
            examples = tuple(
                (
                    one["account"],
                    gettext(DIFFERENCE_WORDS[DifferenceKind(one["kind"])]),
                    self._money(one["shown_minor"], one["shown_currency"] or one["currency"]) or one["note"],
                    self._money(one["true_minor"], one["currency"]),
                )
                for one in each["examples"][:EXAMPLES_MAX]
            )
            title = gettext(RUN_WORDS[RunKind(each["kind"])])
            heads = (gettext("Issuer"), gettext("Kind"), gettext("Accounts"))
            found.append(LeafletSection(f"{gettext('What differed')}: {title}", table=LeafletTable(heads, counts)))
            columns = (gettext("Account"), gettext("Kind"), gettext("Shown"), gettext("True"))
            found.append(LeafletSection(gettext("Examples"), table=LeafletTable(columns, examples, frozenset({0}))))
        return found

    def _trials(self) -> list[LeafletSection]:
        trials = self._content["trials"]
        title = gettext("Trial payments between test accounts")
        if not trials:
            return [LeafletSection(title, words=(gettext("This system has no test accounts: none were made."),))]
        rows = tuple(
            (
                self._moment(one["at"]),
                gettext(LEG_WORDS[one["leg"]]),
                self._money(one["amount_minor"], one["currency"]),
                gettext(TRIAL_WORDS[one["verdict"]]) + (f" ({one['code']})" if one["code"] else ""),
            )
            for one in trials
        )
        return [
            LeafletSection(
                title,
                table=LeafletTable((gettext("When"), gettext("What"), gettext("Amount"), gettext("Result")), rows),
            )
        ]

    def _proof(self, signed: Signed, digest: str) -> LeafletSection:
        return LeafletSection(
            gettext("How this report is checked"),
            words=(
                gettext("The data of this report (report.json) is signed with the guard's key (Ed25519)."),
                gettext("docs/formats/guard-report.md says how anybody checks it."),
            ),
            facts=(
                LeafletFact(gettext("SHA-256 of the data"), digest, is_code=True),
                LeafletFact(gettext("Key"), key_id(signed.key), is_code=True),
                LeafletFact(gettext("Public key"), signed.key, is_code=True),
                LeafletFact(gettext("Signature"), signed.signature, is_code=True),
            ),
        )

    def issuer(self, code: str) -> str:
        """Return an issuer's name, or its code where it is none of ours."""
        try:
            return people.display_name(people.institution(parse_id(code)), self._language)
        except (InvalidId, people.UnknownInstitution):
            return code

    def _person(self, actor: str) -> str:
        if actor == people.SYSTEM.actor:
            return gettext("The guard itself")
        kind, _, text = actor.partition(":")
        if kind == "staff":
            try:
                return people.staff(parse_id(text)).login
            except (InvalidId, people.UnknownStaff):
                return actor
        return actor

    def _moment(self, text: str | None) -> str:
        if not text:
            return "–"
        at = datetime.fromisoformat(text)
        return platform.moment_text(at, self._language, zone=self._zone, country=self._country)

    def _number(self, number: int) -> str:
        return platform.number_text(number, self._language)

    def _money(self, minor: str | None, code: str) -> str:
        if minor is None:
            return ""
        try:
            return platform.money_text(Money(int(minor), currency(code)), self._language)
        except UnknownCurrency:
            return f"{minor} {code}"
