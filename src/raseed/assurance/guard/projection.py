"""Our own shown balances, guarded: the candidate is a generation of display's projection, the truth is the ledger."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

from raseed.display import api as display
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.errors import RaseedError
from raseed.ledger import api as ledger

from .domain import EXAMPLES_MAX, Batch, DifferenceKind, Found, Release, RunKind, batch_of
from .errors import CandidateUnfit
from .subjects import Chunk, Look, Told

if TYPE_CHECKING:
    from uuid import UUID

    from raseed.kernel.clock import Clock

BEHIND_SECONDS_MAX: Final = 60
"""A generation that lacks what was posted longer ago is not kept up: as of its batch it may be right, as of now it is not."""
_THOUSAND: Final = 1_000
_KINDS: Final = {kind.value: DifferenceKind(kind.value) for kind in display.DifferenceKind}


class Projection:
    """A release whose candidate is a generation."""

    resumable = False
    moves_inside = True
    shadows = (RunKind.SHADOW_LIVE, RunKind.SHADOW_TRUE)

    def __init__(self, release: Release) -> None:
        if not (release.candidate.isascii() and release.candidate.isdigit() and len(release.candidate) < 10):  # noqa: PLR2004
            raise CandidateUnfit(field="candidate")
        self._candidate, self._house = int(release.candidate), str(release.institution_id)
        self._books = {each.number: each for each in ledger.ledgers()}

    def check(self) -> None:
        """The generation is there, built whole, kept up with the books, and not what is shown now.

        One that is still being built has no rows, and as of batch 0 everybody has nothing: it would compare clean.
        """
        at = display.pointer()
        try:
            found = display.generation(self._candidate)
        except RaseedError:
            raise CandidateUnfit(field="candidate") from None
        fit = found.state is display.GenerationState.CANDIDATE and found.built_to > 0 and not _is_behind(found)
        if at is None or at.live == self._candidate or not fit:
            raise CandidateUnfit(field="candidate")

    def chunks(self, told: Told) -> Iterator[Chunk]:
        """Yield what the live generation shows, an institution and currency at a time."""
        live, done = self._live(), 0
        total = display.generation(live).accounts
        with display.open_connection() as connection, connection.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            for rows in display.shown_rows(connection, live):
                for number in sorted(set(rows["ledger"].tolist())):
                    of = rows[rows["ledger"] == number]
                    book = self._books[number]
                    yield Chunk(
                        issuer=str(book.institution_id),
                        currency=book.currency.code,
                        scale=book.currency.scale,
                        ids=[bytes(each) for each in of["id"].tolist()],
                        booked=of["booked"],
                        held=of["held"],
                        as_of=f"batch {int(of['position'].max())}",
                    )
                done += len(rows)
                told(done, max(total, done))

    def compare(self, kind: RunKind, *, sample_permille: int, position: int, told: Told) -> Iterator[Batch]:
        """Compare a generation as a whole, exactly as of one batch of the ledger."""
        del position
        if kind in self.shadows:
            self.check()
        broken = self._broken(kind)
        if broken is not None:
            yield broken
            return
        yield self._compared(kind, sample_permille / _THOUSAND, told)

    def look(self, kind: RunKind, *, marker: str, accounts: int) -> Look:
        """Compare a few thousand accounts: those that moved lately, and some drawn anew."""
        broken = self._broken(kind)
        if broken is not None:
            return Look(broken, marker)
        population = max(display.generation(self._of(kind)).accounts, 1)
        batch = self._compared(kind, min(1.0, accounts / population), lambda _done, _total: None)
        return Look(batch, marker)

    def begin_canary(self, *, percent: int, accounts: Sequence[UUID], actor: str, clock: Clock) -> None:
        """Show the candidate to a cohort."""
        display.set_canary(generation=self._candidate, percent=percent, accounts=accounts, actor=actor, clock=clock)

    def cut_over(self, *, actor: str, reason: str, clock: Clock) -> None:
        """Move the pointer to the candidate."""
        display.cut_over(generation=self._candidate, actor=actor, reason=reason, clock=clock)

    def roll_back(self, *, actor: str, reason: str, clock: Clock) -> None:
        """Move the pointer back, if it stands at the candidate; end its cohort, if it has one."""
        at = display.pointer()
        if at is not None and at.canary == self._candidate:
            display.clear_canary(actor=actor, reason=reason, clock=clock)
        if at is not None and at.live == self._candidate:
            display.roll_back(actor=actor, reason=reason, clock=clock)

    def is_shown(self) -> bool:
        """Whether the pointer, or its cohort's, stands at the candidate."""
        at = display.pointer()
        return at is not None and self._candidate in {at.live, at.canary}

    def check_way_back(self) -> None:
        """What was live before is still kept up; where nobody sees the candidate, there is nothing to do, and that is possible."""
        at = display.pointer()
        if at is None or at.live != self._candidate:
            return
        if at.previous is None or display.generation(at.previous).state is not display.GenerationState.CANDIDATE:
            raise display.NothingToRollBackTo

    def _live(self) -> int:
        at = display.pointer()
        if at is None:
            raise display.NothingLive
        return at.live

    def _of(self, kind: RunKind) -> int:
        return self._live() if kind is RunKind.RESTORED else self._candidate

    def _broken(self, kind: RunKind) -> Batch | None:
        """Return the difference that a candidate which is not kept up is by itself: its numbers are those of long ago."""
        if kind not in (RunKind.CANARY, RunKind.VERIFY):
            return None
        found = display.generation(self._candidate)
        failed = found.state in (display.GenerationState.FAILED, display.GenerationState.RETIRED)
        if not failed and not _is_behind(found):
            return None
        note = found.state.value if failed else "behind"
        return batch_of(1, [Found(f"generation {self._candidate}", self._house, DifferenceKind.STALE, note=note)])

    def _compared(self, kind: RunKind, share: float, told: Told) -> Batch:
        against: Literal["ledger"] | int = self._live() if kind is RunKind.SHADOW_LIVE else "ledger"
        seen = display.compare_population(
            display.open_connection,
            generation=self._of(kind),
            against=against,
            sample=share,
            progress=lambda _what, done, total: told(done, total),
        )
        return Batch(seen.compared, tuple(self._examples(seen.differences)), self._counts(seen))

    def _counts(self, seen: Any) -> dict[tuple[str, DifferenceKind], int]:
        return {
            (self._issuer(number), _KINDS[kind.value]): count for (number, kind), count in seen.counts.items() if count
        }

    def _examples(self, differences: Sequence[display.Difference]) -> Iterator[Found]:
        kept: dict[tuple[int, str], int] = {}
        for one in differences:
            key = (one.ledger, one.kind.value)
            kept[key] = kept.get(key, 0) + 1
            if kept[key] > EXAMPLES_MAX:
                continue
            code = self._books[one.ledger].currency.code if one.ledger in self._books else ""
            held = one.shown_minor == one.true_minor
            yield Found(
                account=str(one.account_id),
                issuer=self._issuer(one.ledger),
                kind=_KINDS[one.kind.value],
                shown_minor=one.shown_held_minor if held else one.shown_minor,
                true_minor=one.true_held_minor if held else one.true_minor,
                currency=code,
                note="held" if held else "",
            )

    def _issuer(self, number: int) -> str:
        book = self._books.get(number)
        return str(book.institution_id) if book else f"ledger-{number}"


def _is_behind(found: display.Generation) -> bool:
    """Whether something has waited for longer than a minute to be counted in a generation."""
    before = SYSTEM_CLOCK.now() - timedelta(seconds=BEHIND_SECONDS_MAX)
    return ledger.inspection.batches_wait(found.built_to, before=before)
