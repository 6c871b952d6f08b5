"""Money, currencies, ids, clock, text and errors: pure Python, no framework."""
