"""``python -m raseed.display.prover [rotate-key [--finish] | forget-suspects]``."""

from __future__ import annotations

import argparse
import os

import django

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "raseed.project.settings")
    django.setup()
    from raseed.display.prover import operating, running

    parser = argparse.ArgumentParser(
        prog="python -m raseed.display.prover", description="Prove balances until SIGTERM."
    )
    verbs = parser.add_subparsers(dest="verb")
    changing = verbs.add_parser("rotate-key", help="let a new key sign each tree beside the present one")
    changing.add_argument("--finish", action="store_true", help="let the new keys sign alone from now on")
    verbs.add_parser(
        "forget-suspects", help="sign again although an account was not as in the ledger: it was looked at"
    )
    words = parser.parse_args()
    if words.verb is None:
        running.main()
    elif words.verb == "rotate-key":
        operating.rotate_keys(finish=words.finish)
    else:
        operating.forget_suspects()
