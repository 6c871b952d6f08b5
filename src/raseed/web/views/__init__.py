"""The pages: each view reads what was entered, calls a front door, and shows the answer."""
