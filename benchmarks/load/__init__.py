"""Load on the rail, from a process of its own."""
