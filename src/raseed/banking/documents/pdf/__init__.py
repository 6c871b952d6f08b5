"""The statement of a period as PDF: fonts, directions of text, pages and the file, each in a file of its own (ADR 0037)."""
