"""The demo world and its simulators: synthetic, seeded, reproducible."""
