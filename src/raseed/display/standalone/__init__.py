"""What whoever trusts nobody runs: it imports nothing of this house, and a copy of the one file is enough."""
