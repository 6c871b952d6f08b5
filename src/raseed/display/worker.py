"""``python -m raseed.display.worker``: keeps shown balances up with the books until SIGTERM. Several may run."""

from __future__ import annotations

import os
import sys

from raseed.platform.loops import stop_when_signalled


def main() -> int:
    """Project until SIGTERM or SIGINT."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "raseed.project.settings")
    import django  # noqa: PLC0415 - after the environment is set

    django.setup()
    from .generations.projection import keep_projecting  # noqa: PLC0415 - needs what setup has made

    keep_projecting(stop_when_signalled())
    return 0


if __name__ == "__main__":
    sys.exit(main())
