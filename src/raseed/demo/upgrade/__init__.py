"""The bad upgrade, played: a release of the shown balances that is wrong, caught in shadow, and once let past on purpose."""
