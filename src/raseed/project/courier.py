"""The courier: carries payments that go outside, until told to stop. Several may run, on one machine or on many."""

from __future__ import annotations

import asyncio
import os
import signal


def main() -> None:
    """Carry errands until SIGTERM or SIGINT; what is being asked then is still concluded, within seconds."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "raseed.project.settings")
    import django  # noqa: PLC0415  (after the environment is set)

    django.setup()
    from raseed.payments.api import Courier  # noqa: PLC0415  (needs what setup has made)

    async def carry() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await Courier().run(stop)

    asyncio.run(carry())


if __name__ == "__main__":
    main()
