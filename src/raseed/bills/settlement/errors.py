"""What settlements refuse."""

from __future__ import annotations

from raseed.kernel.errors import InputError, NotFound, RaseedError, mark


class DayNotOver(RaseedError):
    """A business day that has not ended yet can't be closed."""

    code = "day_not_over"
    sentence = mark("This business day has not ended yet.")
    hint = mark("It is closed by itself soon after it has ended.")


class SettlementUnknown(NotFound):
    """No such settlement, or of another biller."""

    code = "settlement_unknown"
    sentence = mark("We could not find this settlement.")
    hint = mark("Choose one from the list of settlements.")


class PayoutAccountUnfit(InputError):
    """An account that a biller can't be paid out to."""

    code = "payout_account_unfit"
    sentence = mark("The biller can't be paid out to this account.")
    hint = mark("Name an open account at this institution, in the biller's currency, that is the biller's own.")
