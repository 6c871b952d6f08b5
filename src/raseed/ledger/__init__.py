"""Accounts, transfers and balances: sums to zero, append-only, exactly once."""
