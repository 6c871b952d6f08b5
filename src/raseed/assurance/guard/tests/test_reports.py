"""Reports are there in the end: whatever fails or is killed while their files are written."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from raseed.assurance.guard import api as guard
from raseed.assurance.guard.api import ReleaseState
from raseed.assurance.guard.going_on import unfinished
from raseed.assurance.guard.models import ReportRow
from raseed.assurance.guard.report import writing
from raseed.assurance.guard.tests.shop import Killed, Town


def live(town: Town) -> guard.Release:
    of = town.release()
    guard.take_baseline(of.id, by=town.first, clock=town.clock)
    guard.run_shadow(of.id, by=town.first, clock=town.clock)
    return guard.cut_over(of.id, by=town.first, reason="it is time", clock=town.clock)


def go_on(town: Town, of: guard.Release) -> guard.Release:
    return guard.go_on(of.id, clock=town.clock, pause=town.pause)


@pytest.mark.parametrize("error", [Killed, OSError])
def test_a_report_whose_files_were_not_written_is_written_by_the_next_worker(
    town: Town, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    of, plain = live(town), writing.report_pdf

    def fails(*_: object, **__: object) -> bytes:
        raise error

    monkeypatch.setattr(writing, "report_pdf", fails)
    with pytest.raises(error):
        go_on(town, of)
    assert guard.release(of.id).state is ReleaseState.VERIFIED
    assert not ReportRow.objects.exists(), "a row says that the files are there"
    assert unfinished() == [of.id]
    monkeypatch.setattr(writing, "report_pdf", plain)
    go_on(town, of)
    assert (unfinished(), guard.report(of.id).is_intact) == ([], True)
    assert (guard.folder_of(of.id) / "report.ar.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize("lost", ["signatures.json", "report.he.pdf", "report.json"])
def test_files_that_are_missing_are_written_again_and_the_report_is_the_same(town: Town, lost: str) -> None:
    of = live(town)
    go_on(town, of)
    before, folder = guard.report(of.id), guard.folder_of(of.id)
    (folder / lost).unlink()
    go_on(town, of)
    assert guard.report(of.id) == before
    assert (folder / "report.json").read_bytes() == before.data
    beside = json.loads((folder / "signatures.json").read_text())
    assert beside["report.json"]["sha256"] == before.digest
    assert all((folder / name).is_file() for name in beside)
    assert not [each.name for each in folder.iterdir() if each.name.startswith(".report")]


def test_files_that_are_there_are_left_alone(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    of = live(town)
    go_on(town, of)
    told: list[Callable[..., object]] = []
    monkeypatch.setattr(writing, "_put_beside", told.append)
    go_on(town, of)
    assert told == []
