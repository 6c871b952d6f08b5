"""Statements of ``care`` written in SQL, one file a room."""
