"""Who of the invented people has what to look at: savings, loans, a blocked or a dormant account, rights, a firm with salaries.

The six who have names come first, so that each interesting thing is somebody's whom the launcher prints; a few others have
the same, so that lists at the back office hold more than one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

from raseed.kernel.errors import mark

from .people import SeededIds, draw
from .places import PHONE_BLOCK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .people import Person

STORY_STREAM: Final = 3
WORKERS_MAX: Final = 40
LOANS_MAX: Final = 12
_POUND: Final = 100
_FIRM_PHONE: Final = f"{PHONE_BLOCK}40000001"
NEW_PHONE: Final = f"{PHONE_BLOCK}40000101"
"""Both beyond the people's numbers, which are at most ten million."""
_FIRM_NAMES: Final = {"ar": "نسيج النخيل", "he": "אריגי הדקל", "en": "Palm Weavers"}
_BIRTH_YEARS: Final = (2091, 2099)
"""Nobody was born then: an identity number that is in order and can be no one's."""
_ESTONIAN_WEIGHTS: Final = ((1, 2, 3, 4, 5, 6, 7, 8, 9, 1), (3, 4, 5, 6, 7, 8, 9, 1, 2, 3))


@dataclass(frozen=True, slots=True)
class Firm:
    """A business customer of the bank, who pays salaries from files."""

    id: UUID
    names: dict[str, str]
    phone: str
    language: str
    account_id: UUID


@dataclass(frozen=True, slots=True)
class PlannedLoan:
    """A loan to be granted on ``day`` (counted back from the planting day).

    ``paid`` is how many of its instalments are paid on their days, in hundredths: 150 is one and a half; ``None`` all.
    """

    id: UUID
    borrower: Person
    principal_minor: int
    instalments: int
    day: int
    paid: int | None = None


@dataclass(frozen=True, slots=True)
class Cast:
    """Who plays what. The six named are in the order in which the launcher prints them."""

    saver: Person
    borrower: Person
    behind: Person
    rester: Person
    robbed: Person
    trusted: Person
    resting_id: UUID
    firm: Firm
    workers: tuple[tuple[Person, int], ...]
    loans: tuple[PlannedLoan, ...]
    others: tuple[Person, ...]

    @property
    def named(self) -> tuple[Person, ...]:
        """The six who may sign in, without the firm."""
        return (self.saver, self.borrower, self.behind, self.rester, self.robbed, self.trusted)


SIGHTS: Final = (
    mark("savings; someone else may pay from the current account"),
    mark("a loan whose instalments are paid"),
    mark("a loan with an instalment overdue"),
    mark("an account that became dormant; may pay for the firm"),
    mark("a blocked account"),
    mark("savings; may pay from another's account"),
)
"""What there is to see with each of the six, in their order."""
FIRM_SIGHT: Final = mark("a firm: salaries to be paid from a file, which the demo phone's page has")


def cast_of(seed: int, people: Sequence[Person]) -> Cast:
    """Choose who plays what among the first block's people; the six named are at its beginning."""
    rng = draw(seed, "cast", 0)
    ids = SeededIds(rng, 0, STORY_STREAM)
    saver, borrower, behind, rester, robbed, trusted = people[:6]
    firm = Firm(ids.next(), _FIRM_NAMES, _FIRM_PHONE, "ar", ids.next())
    resting_id = ids.next()
    banked = [person for person in people[6:] if person.bank_id]
    unpaid = [person for person in banked if not person.salary_minor][:WORKERS_MAX]
    workers = tuple((person, rng.randrange(5_000, 14_001, 50) * _POUND) for person in unpaid or [borrower, trusted])
    loans = [
        PlannedLoan(ids.next(), borrower, 60_000 * _POUND, 24, -88),
        PlannedLoan(ids.next(), behind, 18_000 * _POUND, 12, -86, paid=150),
    ]
    salaried = [person for person in banked if person.salary_minor]
    for n, person in enumerate(salaried[: LOANS_MAX - len(loans)]):
        principal = rng.randrange(8, 120) * 1_000 * _POUND
        loans.append(
            PlannedLoan(ids.next(), person, principal, rng.choice((12, 18, 24, 36)), -80 + 6 * n, paid=0 if n == 1 else None)
        )  # fmt: skip
    return Cast(
        saver, borrower, behind, rester, robbed, trusted, resting_id, firm, workers, tuple(loans), tuple(salaried[-6:])
    )


def civil_id_of(seed: int, person: Person) -> tuple[str, str]:
    """Return country and identity number of somebody: in order, its check digit too, and of one who is not born yet.

    Egyptian numbers hold a birth date, and their last digit's rule is not public; Estonian ones have a check digit
    (modulus 11 by two rows of weights). Both tell a birth in the 2090s, so that they can be nobody's.
    """
    rng = draw(seed, f"civil id {person.place}", 0)
    year, month, day = rng.randrange(_BIRTH_YEARS[0], _BIRTH_YEARS[1] + 1), rng.randrange(1, 13), rng.randrange(1, 29)
    if person.language == "en":
        digits = f"{rng.choice((5, 6))}{year % 100:02d}{month:02d}{day:02d}{rng.randrange(1, 1000):03d}"
        return "EE", digits + _estonian_check(digits)
    return "EG", f"3{year % 100:02d}{month:02d}{day:02d}01{rng.randrange(1, 10_000):04d}{rng.randrange(1, 10)}"


def _estonian_check(digits: str) -> str:
    for weights in _ESTONIAN_WEIGHTS:
        rest = sum(weight * int(digit) for weight, digit in zip(weights, digits, strict=True)) % 11
        if rest < 10:  # noqa: PLR2004  one digit
            return str(rest)
    return "0"
