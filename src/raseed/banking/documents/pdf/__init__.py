"""The statement of a period as PDF: directions of text, fonts, pages and the file, each in a file of its own (ADR 0037)."""

from __future__ import annotations

from raseed.banking.documents.leaflet import Leaflet
from raseed.banking.documents.period import PeriodStatement
from raseed.banking.documents.slip import Slip


def statement_pdf(period: PeriodStatement) -> bytes:
    """Return the statement on A4 pages, in its reader's language, direction and digits.

    Text can be searched and copied; the file is tagged for screen readers. The same statement makes the same file.
    """
    from .statement import write  # noqa: PLC0415  (HarfBuzz and the font are loaded with the first document, not at start-up)

    return write(period)


def slip_pdf(slip: Slip) -> bytes:
    """Return a slip as one A4 page; the same slip makes the same file."""
    from .slip import write  # noqa: PLC0415  (as above)

    return write(slip)


def leaflet_pdf(leaflet: Leaflet) -> bytes:
    """Return a leaflet as A4 pages; the same leaflet makes the same file."""
    from .leaflet import write  # noqa: PLC0415  (as above)

    return write(leaflet)
