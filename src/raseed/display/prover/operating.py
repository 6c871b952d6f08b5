"""What a person does to the prover: change its keys, and let it go on after an account was looked at."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from ..connecting import open_connection
from . import tables
from .keys import KEYS_MAX, DisplayKeys


def rotate_keys(*, finish: bool, home: Path | None = None) -> None:
    """Let a new key sign each tree beside the present one; ``finish``: let the new one sign alone.

    A prover that runs takes them up with its next round. Cut short, it goes on with the trees that are not so yet.

    Raises:
        KeyHandOver: the last change is not finished, or none has begun.
    """
    with open_connection() as connection:
        trees = [DisplayKeys(home or Path(settings.HOME), row.tree_id) for row in tables.trees(connection)]
    wanted = 1 if finish else KEYS_MAX
    for keys in [each for each in trees if len(each.signers()) != wanted] or trees:
        if finish:
            keys.finish_hand_over()
        else:
            keys.begin_hand_over()
    if not finish:
        for keys in trees:
            print(keys.signers()[-1].verifier)


def forget_suspects() -> None:
    """Let trees be signed again although accounts were not as in the ledger; the prover opens them anew."""
    with open_connection() as connection:
        tables.clear_suspects(connection)
