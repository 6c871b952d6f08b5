"""Shown balances: what a screen may say an account holds, when, and how far that is proven.

Owns the door between the ledger and every screen. Promises that a shown balance says its time and its proof.
"""
