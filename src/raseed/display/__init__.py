"""Shown balances: shows only what it can prove, and says so where it cannot yet."""
