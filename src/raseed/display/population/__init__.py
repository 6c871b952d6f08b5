"""The whole population of shown balances held against the truth."""
