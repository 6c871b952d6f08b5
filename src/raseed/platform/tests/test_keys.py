"""A secret is made once, kept to its owner, and the same for everyone who asks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from raseed.platform.api import key_text, keyed_hash, secret_text


def test_a_secret_is_made_once_however_many_ask_at_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        secrets = set(pool.map(lambda _: secret_text(tmp_path / "keys" / "one"), range(64)))
    assert len(secrets) == 1
    assert len(secrets.pop()) >= 43
    assert [file.name for file in (tmp_path / "keys").iterdir()] == ["one"]


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    secret_text(tmp_path / "keys" / "one")
    assert (tmp_path / "keys" / "one").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700


def test_a_keyed_hash_depends_on_the_key_and_on_where_its_parts_end() -> None:
    assert key_text("one") != key_text("two")
    assert keyed_hash("one", "a", "bc") == keyed_hash("one", "a", "bc")
    assert len({keyed_hash("one", "a", "bc"), keyed_hash("one", "ab", "c"), keyed_hash("two", "a", "bc")}) == 3
