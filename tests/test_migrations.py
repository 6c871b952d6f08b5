"""The migrations say what the models say, and a fresh database takes them all."""

from __future__ import annotations

from django.core.management import call_command


def test_no_model_is_ahead_of_its_migrations(database: object, capsys) -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=1)
    assert "No changes detected" in capsys.readouterr().out


def test_a_second_run_changes_nothing(database: object, capsys) -> None:
    call_command("migrate", plan=True, no_color=True)
    assert "No planned migration operations" in capsys.readouterr().out
