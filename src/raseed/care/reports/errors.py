"""What reports refuse."""

from __future__ import annotations

from raseed.kernel.errors import InputError, mark


class InvalidReportPeriod(InputError):
    """A period whose last day is before its first, or that is longer than a report looks back."""

    code = "invalid_report_period"
    sentence = mark("This is no period that a report can be made of.")
    hint = mark("Choose a first and a last day, at most 400 days apart.")


class UnknownFigure(InputError):
    """What should say which figure is meant says nothing that a report counts."""

    code = "unknown_figure"
    sentence = mark("No report has this figure.")
    hint = mark("Follow a link from a report.")
