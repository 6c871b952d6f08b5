"""The tables of ``care``, one file a room."""
