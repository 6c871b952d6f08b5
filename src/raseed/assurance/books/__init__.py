"""Checks of the books: small named questions to the whole, each timed, each naming what it found (style 25)."""
