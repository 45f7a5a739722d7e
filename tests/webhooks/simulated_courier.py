"""A courier whose clock is told how late it is: each line on stdin is so many seconds later.

It answers `done` when nothing is due any more. Run it with a stack's environment; that stack has no worker.
"""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import UTC, datetime, timedelta


async def main() -> None:
    from outbound import Client
    from webhooks.courier import Courier
    from workspaces.actions import stop_webhook

    later = timedelta()
    courier = Courier(Client(local_allowed=True), stop_webhook, clock=lambda: datetime.now(UTC) + later)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        later += timedelta(seconds=float(line))
        await courier.sweep()
        await courier.idle()
        sys.stdout.write("done\n")
        sys.stdout.flush()


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    import django

    django.setup()
    asyncio.run(main())
