"""Static files: named by their content, compressed, kept for a year."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.templatetags.static import static
from django.test import Client

from raseed.web import assets

STYLE = "web/app.css"


def test_a_name_holds_the_hash_of_the_content() -> None:
    body = Path(str(finders.find(STYLE))).read_bytes()
    digest = hashlib.sha256(body).hexdigest()[:12]
    assert static(STYLE) == f"/static/web/app.{digest}.css"


def test_an_unknown_name_is_a_bug_of_ours() -> None:
    with pytest.raises(ValueError, match="no installed app"):
        static("web/nothing.css")


def test_the_named_version_is_kept_for_a_year_and_compressed() -> None:
    answer = Client(SERVER_NAME="localhost").get(static(STYLE), headers={"accept-encoding": "gzip"})
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer["Content-Encoding"] == "gzip"
    assert answer["Content-Type"] == "text/css; charset=utf-8"
    assert answer["Vary"] == "Accept-Encoding"
    assert gzip.decompress(answer.content).startswith(b"/* Raseed")


def test_a_browser_without_gzip_gets_the_plain_file() -> None:
    answer = Client(SERVER_NAME="localhost").get(static(STYLE), headers={"accept-encoding": ""})
    assert "Content-Encoding" not in answer
    assert answer.content.startswith(b"/* Raseed")


def test_the_name_of_an_older_version_still_gets_a_style_but_for_a_short_time() -> None:
    answer = Client(SERVER_NAME="localhost").get("/static/web/app.0123456789ab.css")
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "public, max-age=60"


def test_a_known_version_is_not_sent_again() -> None:
    first = Client(SERVER_NAME="localhost").get(static(STYLE))
    again = Client(SERVER_NAME="localhost").get(static(STYLE), headers={"if-none-match": first["ETag"]})
    assert again.status_code == 304
    assert not again.content


@pytest.mark.parametrize("name", ["nothing.css", "../settings.py", "web/../../urls.py", "web", "web/app.css/x"])
def test_other_names_lead_nowhere(name: str) -> None:
    assert Client(SERVER_NAME="localhost").get(f"/static/{name}").status_code == 404


def test_a_file_too_large_for_a_page_is_not_served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets, "ASSET_SIZE_MAX", 10)
    monkeypatch.setattr(assets, "_KEPT", {})
    assert assets.asset(STYLE) is None


def test_names_that_do_not_exist_fill_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: dict[str, assets.Asset] = {}
    monkeypatch.setattr(assets, "_KEPT", kept)
    for number in range(20):
        assets.asset(f"web/{number}.css")
    assert kept == {}
