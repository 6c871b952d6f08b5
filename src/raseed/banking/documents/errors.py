"""What a statement of a period refuses."""

from __future__ import annotations

from raseed.kernel.errors import InputError, RaseedError, mark


class PeriodUpsideDown(InputError):
    """The last day is before the first."""

    code = "period_upside_down"
    sentence = mark("The last day is before the first.")
    hint = mark("Choose a first day that is not after the last.")


class PeriodInFuture(InputError):
    """The whole period is still to come."""

    code = "period_in_future"
    sentence = mark("This period has not begun yet.")
    hint = mark("Choose a first day that is not after today.")


class PeriodTooLong(InputError):
    """The period is longer than one statement may cover."""

    code = "period_too_long"
    sentence = mark("One statement covers at most %(years)s years.")
    hint = mark("Ask for several statements, one after the other.")


class AmountTooLargeForFormat(RaseedError):
    """An amount has more digits than the format can carry."""

    code = "amount_too_large_for_format"
    sentence = mark("An amount in this statement is too large for this sort of file.")
    hint = mark("Choose CSV or PDF.")
