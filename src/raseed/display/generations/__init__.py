"""Generations of shown balances: projections of the ledger side by side, and the pointer that says which one is shown."""
