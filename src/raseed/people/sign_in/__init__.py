"""Customers' signing in: one-time codes, fresh proofs, what was tried, and who is signed in."""
