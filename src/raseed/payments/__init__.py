"""The payment instruction and its timeline: every payment ends."""
