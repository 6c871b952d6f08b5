"""The worker: jobs from the database and webhooks that are due, until told to stop."""

from __future__ import annotations

import os

from .processes import STOP_SECONDS_MAX, outlive_parent_no_longer_than


def main() -> None:
    """Run jobs until SIGTERM; a supervisor that was killed takes the worker with it, though it waits for a database that is gone."""
    outlive_parent_no_longer_than(STOP_SECONDS_MAX)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "raseed.project.settings")
    import django  # noqa: PLC0415  (after the environment is set)

    django.setup()
    from raseed.platform.jobs import run_worker  # noqa: PLC0415  (needs what setup has made)
    from raseed.platform.webhooks.api import sending  # noqa: PLC0415

    with sending():
        run_worker()


if __name__ == "__main__":
    main()
