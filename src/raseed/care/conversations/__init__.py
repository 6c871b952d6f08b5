"""Conversations: every message in exactly one, each with one accountable person; two people never answer at once."""
