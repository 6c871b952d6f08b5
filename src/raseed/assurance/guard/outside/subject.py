"""A system of others under guard: candidate, live and, where there is one, the system of record, asked side by side.

A difference counts only when it was seen again: the reference is asked before and after, and must not have moved.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import numpy as np

from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.money import currency

from ..baseline import balances
from ..domain import SHOWS_NOTHING, Batch, DifferenceKind, Found, Release, RunKind, batch_of
from ..errors import ByHand, SystemSilent
from ..subjects import Chunk, Look, Told
from .accounts import Account, batches, belongs, drawn, population
from .answers import Balance, Wrong, kind_of, read
from .client import Line, Pace, headers_of, origin
from .mapping import Act, Mapping

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    from raseed.kernel.clock import Clock

BATCH: Final = 500
BASELINE_KEPT_MAX: Final = 2_000_000
"""So many balances of the baseline are held in memory to tell what is out of date from what is merely wrong."""
AGAIN_PAUSE_S: Final = 0.2
_SUCCESS: Final = range(200, 300)
Answered = Balance | Wrong


class Outside:
    """A release of a system of others."""

    resumable = True
    moves_inside = False

    def __init__(self, release: Release, *, pause: Callable[[float], None] = time.sleep) -> None:
        self._release, self._pause = release, pause
        self._mapping = mapping = Mapping.read(release.mapping)
        headers = headers_of(mapping.headers, "headers")
        self._sides = {
            name: Line(url, headers, seconds_max=mapping.seconds_max, pace=Pace(mapping.rate_max))
            for name, url in (("live", mapping.live), ("candidate", mapping.candidate), ("truth", mapping.truth))
            if url
        }
        self._headers = headers
        self._before: dict[str, int] | None = None

    @property
    def shadows(self) -> Sequence[RunKind]:
        """Beside what is live, and beside the system of record if there is one."""
        return (RunKind.SHADOW_LIVE, RunKind.SHADOW_TRUE) if self._mapping.truth else (RunKind.SHADOW_LIVE,)

    def check(self) -> None:
        """The mapping was read and its secrets are there; whether the candidate answers, its shadow says.

        Raises:
            MappingRefused: the secret of a call is not there.
        """
        for place in ("cut_over", "roll_back", "canary"):
            headers_of(getattr(self._mapping, place).headers, f"{place}.headers")

    def chunks(self, told: Told) -> Iterator[Chunk]:
        """Yield what the live system answers, account by account; one that does not answer stops the baseline."""
        path = self._accounts()
        total = _count(path)
        for place, batch in batches(path, after=0, size=BATCH):
            by: dict[tuple[str, str], list[tuple[bytes, int]]] = {}
            for account, answered in zip(batch, self._asked("live", batch), strict=True):
                if isinstance(answered, Wrong):
                    raise SystemSilent(reason=f"{answered.kind.value} {answered.note}")
                by.setdefault((account.issuer, answered.currency), []).append((account.id.encode(), answered.minor))
            for (issuer, code), rows in by.items():
                amounts = np.array([minor for _, minor in rows], dtype=np.int64)
                yield Chunk(
                    issuer, code, currency(code).scale, [each for each, _ in rows], amounts, np.zeros_like(amounts),
                    SYSTEM_CLOCK.now().isoformat(),
                )  # fmt: skip
            told(place, total)

    def compare(self, kind: RunKind, *, sample_permille: int, position: int, told: Told) -> Iterator[Batch]:
        """Compare all accounts, or those of the sample, from ``position`` on."""
        path = self._accounts()
        total = _count(path) * sample_permille // 1_000
        for place, batch in batches(path, after=position, size=BATCH):
            chosen = [each for each in batch if belongs(self._release.id, each.id, sample_permille)]
            found = self._compared(kind, chosen)
            told(min(place, total), total)
            yield batch_of(len(chosen), found, position=place)

    def look(self, kind: RunKind, *, marker: str, accounts: int) -> Look:
        """Compare accounts drawn anew, as many as a second allows: who has changed, a system of others does not say."""
        chosen = drawn(self._accounts(), min(accounts, self._mapping.rate_max))
        return Look(batch_of(len(chosen), self._compared(kind, chosen)), marker)

    def begin_canary(self, *, percent: int, accounts: Sequence[UUID], actor: str, clock: Clock) -> None:
        """Have a cohort shown the candidate."""
        del accounts, actor, clock
        self._act(self._mapping.canary, "canary", percent=percent)

    def cut_over(self, *, actor: str, reason: str, clock: Clock) -> None:
        """Have everybody shown the candidate."""
        del actor, reason, clock
        self._act(self._mapping.cut_over, "cut-over")

    def roll_back(self, *, actor: str, reason: str, clock: Clock) -> None:
        """Have everybody shown again what was before."""
        del actor, reason, clock
        self._act(self._mapping.roll_back, "roll-back")

    def _act(self, act: Act, verb: str, *, percent: int = 0) -> None:
        if act.by == "hand":
            raise ByHand(what=act.words or verb)
        line = Line(
            act.url, self._headers_for(act, verb), seconds_max=self._mapping.seconds_max,
            pace=Pace(self._mapping.rate_max),
        )  # fmt: skip
        body = act.body_for(self._release.candidate, percent)
        key = f"{self._release.id}-{verb}" + (
            f"-{percent}-{self._release.timeline[-1].number}" if verb == "canary" else ""
        )
        heard = line.call(act.method, body.encode(), {"Content-Type": "application/json", "Idempotency-Key": key})
        if heard.status not in _SUCCESS:
            raise SystemSilent(reason=heard.trouble or f"status_{heard.status}")

    def _headers_for(self, act: Act, verb: str) -> dict[str, str]:
        """Return a call's own headers, with those of the questions where it goes to somebody who is asked questions."""
        asked = {origin(url) for url in (self._mapping.live, self._mapping.candidate, self._mapping.truth) if url}
        own = headers_of(act.headers, f"{verb.replace('-', '_')}.headers")
        return {**self._headers, **own} if origin(act.url) in asked else own

    def _accounts(self) -> Path:
        return population(self._release.id, self._mapping, self._sides["live"])

    def _asked(self, side: str, accounts: Sequence[Account]) -> list[Answered]:
        with ThreadPoolExecutor(self._mapping.at_once) as pool:
            return list(pool.map(lambda each: self._ask(side, each), accounts))

    def _ask(self, side: str, account: Account) -> Answered:
        """Ask one side for a balance; silence is asked again."""
        path = self._mapping.path.replace("{account}", quote(account.id, safe=""))
        answered: Answered = Wrong(DifferenceKind.NO_ANSWER, "not_asked")
        for attempt in range(self._mapping.attempts):
            if attempt:
                self._pause(AGAIN_PAUSE_S)
            heard = self._sides[side].get(path)
            answered = read(heard, self._mapping.answer, account.id, now=SYSTEM_CLOCK.now())
            if not (isinstance(answered, Wrong) and answered.kind is DifferenceKind.NO_ANSWER):
                break
        return answered

    def _compared(self, kind: RunKind, accounts: Sequence[Account]) -> list[Found]:
        shown, true = self._roles(kind)
        with ThreadPoolExecutor(self._mapping.at_once) as pool:
            found = [each for each in pool.map(lambda one: self._one(one, shown, true), accounts) if each is not None]
        return self._classed(found)

    def _roles(self, kind: RunKind) -> tuple[str, str | None]:
        """Return whose answers are looked at, and against whose: against nobody's where nobody else knows."""
        truth = "truth" if self._mapping.truth else None
        if kind is RunKind.RESTORED:
            return "live", truth
        return "candidate", "live" if kind is RunKind.SHADOW_LIVE or truth is None else truth

    def _one(self, account: Account, shown_side: str, true_side: str | None) -> Found | None:
        """Compare one account; what differs is looked at again until it was seen twice beside a reference that stood still.

        What was shown the two times need not be the same: two wrong numbers are no better than one twice. Silence proves
        nothing, neither for a wrong number seen before it nor against it.
        """
        before = self._ask(true_side, account) if true_side else None
        last = now = None
        for attempt in range(self._mapping.attempts + 1):
            if attempt:
                self._pause(AGAIN_PAUSE_S)
            shown = self._ask(shown_side, account)
            after = self._ask(true_side, account) if true_side else None
            now = _difference(account, shown, after)
            if now is None:
                return None
            stood = _stood(shown, before, after)
            if last is not None and stood and _says_nothing(last) == _says_nothing(now):
                return now
            if last is None or not stood or not _says_nothing(now):
                last = now
            before = after
        if now is not None and _says_nothing(now):
            return now
        return Found(account.id, account.issuer, DifferenceKind.NO_ANSWER, note="moves_all_the_time")

    def _classed(self, found: list[Found]) -> list[Found]:
        """Name those that have each other's balance, and those that show what was there before."""
        if not found:
            return found
        at: dict[tuple[int | None, str], list[Found]] = {}
        for one in found:
            at.setdefault((one.shown_minor, one.currency), []).append(one)
        earlier = self._earlier()
        classed = []
        for one in found:
            kind = one.kind
            if kind in (DifferenceKind.OTHER, DifferenceKind.ROUNDING):
                others = at.get((one.true_minor, one.currency), ())
                if any(other.true_minor == one.shown_minor and other.account != one.account for other in others):
                    kind = DifferenceKind.SWAPPED
                elif earlier.get(one.account) == one.shown_minor:
                    kind = DifferenceKind.STALE
            classed.append(
                Found(
                    one.account, one.issuer, kind, one.shown_minor, one.true_minor, one.currency, one.shown_currency,
                    one.note,
                )
            )  # fmt: skip
        return classed

    def _earlier(self) -> dict[str, int]:
        """Return what the baseline says, as far as it fits."""
        if self._before is None:
            self._before = {}
            try:
                for chunk in balances(self._release.id):
                    if len(self._before) > BASELINE_KEPT_MAX:
                        break
                    names = (each.decode("utf-8", "replace") for each in chunk.ids)
                    self._before.update(zip(names, chunk.booked.tolist(), strict=True))
            except (OSError, ValueError):
                self._before = {}
        return self._before


def _difference(account: Account, shown: Answered, true: Answered | None) -> Found | None:
    if isinstance(shown, Wrong):
        return Found(account.id, account.issuer, shown.kind, note=shown.note)
    if true is None:
        return None
    if isinstance(true, Wrong):
        if true.kind is DifferenceKind.MISSING:
            kind, note = DifferenceKind.UNEXPECTED, true.note
            return Found(account.id, account.issuer, kind, shown.minor, shown_currency=shown.currency, note=note)
        return Found(account.id, account.issuer, DifferenceKind.NO_ANSWER, note=f"reference_{true.note}"[:80])
    wrong = kind_of(shown, true)
    if wrong is None:
        return None
    return Found(account.id, account.issuer, wrong, shown.minor, true.minor, true.currency, shown.currency)


def _stood(shown: Answered, before: Answered | None, after: Answered | None) -> bool:
    """Whether the reference stood still: its balance, or, where no balance was shown, that it has one."""
    return type(before) is type(after) if isinstance(shown, Wrong) else before == after


def _says_nothing(found: Found) -> bool:
    return found.kind in SHOWS_NOTHING


def _count(path: Path) -> int:
    with path.open("rb") as file:
        return sum(part.count(b"\n") for part in iter(lambda: file.read(1 << 20), b""))
