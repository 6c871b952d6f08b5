"""Reports are written, signed and kept: the data in the database and beside it, page and paper in three languages.

What a report says is signed, and so is each file of it; the same report written again is the same. The files come first and
the row last, so a row says that they were written; files that are missing all the same are written from it again.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction

from raseed.banking import api as banking
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import NotFound, mark
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.platform import api as platform

from ..baseline import folder_of
from ..domain import ACTOR
from ..keys import Signed, is_signed, sign
from ..models import ReportRow
from ..queries import release
from .content import content_of
from .page import page_of
from .said import said

if TYPE_CHECKING:
    from uuid import UUID

PURPOSE: Final = "report"
LANGUAGES: Final = ("ar", "he", "en")
DATA: Final = "report.json"
SIGNATURES: Final = "signatures.json"


class NoReportYet(NotFound):
    """No report of this release was written yet."""

    code = "guard_no_report"
    sentence = mark("There is no report of this release yet.")
    hint = mark("Write one, or wait until the release has ended.")


@dataclass(frozen=True, slots=True)
class Report:
    """A report: its data as it was signed, the SHA-256 of that, and the signature."""

    release_id: UUID
    written_at: str
    data: bytes
    digest: str
    signed: Signed

    @property
    def content(self) -> dict[str, Any]:
        """What it says."""
        read: dict[str, Any] = json.loads(self.data)
        return read

    @property
    def is_intact(self) -> bool:
        """Whether it is what was signed."""
        return self.digest == hashlib.sha256(self.data).hexdigest() and is_signed(PURPOSE, self.data, self.signed)


def write_report(release_id: UUID, *, by: people.Author = people.SYSTEM, clock: Clock = SYSTEM_CLOCK) -> Report:
    """Write the report of a release as it is now, sign it, and put its files into the release's folder.

    Raises:
        ReleaseUnknown: there is no such release, or ``by`` may not see it.
    """
    of = release(release_id, by=by)
    now = clock.now()
    data = (
        json.dumps(content_of(release_id, written_at=now), ensure_ascii=False, sort_keys=True, indent=1) + "\n"
    ).encode()
    signed = sign(PURPOSE, data)
    row = ReportRow(
        id=new_id(),
        release_id=release_id,
        at=now,
        digest=hashlib.sha256(data).hexdigest(),
        signature=json.dumps(asdict(signed)),
        content=data,
    )
    written = _told(row)
    _put_beside(written)
    with transaction.atomic():
        row.save(force_insert=True)
        platform.record(
            actor=by.actor if by is not people.SYSTEM else ACTOR,
            action="assurance.release_reported",
            subject=f"release:{release_id}",
            after={"digest": row.digest, "state": of.state.value},
            institution_id=of.institution_id,
            clock=clock,
        )
    return written


def put_missing_files(release_id: UUID) -> None:
    """Write the files of the latest report of a release, where they are not there; where they are, nothing changes.

    Raises:
        ReleaseUnknown; NoReportYet: none was written.
    """
    latest = report(release_id)
    if not _are_there(latest):
        _put_beside(latest)


def report(release_id: UUID, *, by: people.Author = people.SYSTEM) -> Report:
    """Return the latest report of a release.

    Raises:
        ReleaseUnknown; NoReportYet: none was written.
    """
    release(release_id, by=by)
    row = ReportRow.objects.filter(release_id=release_id).order_by("-at", "-id").first()
    if row is None:
        raise NoReportYet(field="release_id")
    return _told(row)


def report_leaflet(of: Report, *, language: str) -> banking.Leaflet:
    """Return a report in a language, in sections."""
    return said(of.content, of.signed, of.digest, language=language)


def report_html(of: Report, *, language: str) -> str:
    """Return a report as a page that is whole in itself."""
    return page_of(report_leaflet(of, language=language))


def report_pdf(of: Report, *, language: str) -> bytes:
    """Return a report on A4 pages."""
    return banking.leaflet_pdf(report_leaflet(of, language=language))


def _put_beside(of: Report) -> None:
    """Write the files and, last, what signs each of them; each appears whole or not at all."""
    folder = folder_of(of.release_id)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    files = {DATA: of.data}
    for language in LANGUAGES:
        files[f"report.{language}.html"] = report_html(of, language=language).encode()
        files[f"report.{language}.pdf"] = report_pdf(of, language=language)
    signatures = {
        name: {"sha256": hashlib.sha256(content).hexdigest(), **asdict(sign(PURPOSE, content))}
        for name, content in files.items()
    }
    files[SIGNATURES] = (json.dumps(signatures, indent=1, sort_keys=True) + "\n").encode()
    for name, content in files.items():
        half = folder / f".{name}.{os.getpid()}"
        half.write_bytes(content)
        half.replace(folder / name)


def _are_there(of: Report) -> bool:
    """Whether the files of a report are there, and are this report's."""
    folder = folder_of(of.release_id)
    try:
        signatures = json.loads((folder / SIGNATURES).read_bytes())
        said = signatures[DATA]["sha256"]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return bool(said == of.digest) and all((folder / name).is_file() for name in signatures)


def _told(row: ReportRow) -> Report:
    return Report(
        row.release_id, row.at.isoformat(), bytes(row.content), row.digest, Signed(**json.loads(row.signature))
    )
