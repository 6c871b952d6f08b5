"""Clocks over promises of time: rows with a due time, paused only for reasons that count, and a ladder when they are broken."""
