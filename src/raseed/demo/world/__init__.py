"""The demo world as pure values: who is in it and what they did, all from a seed; no database, no clock."""
