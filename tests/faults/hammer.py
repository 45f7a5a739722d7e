"""A process that writes: `python -m tests.faults.hammer ORDER` says "ready", waits for a line, and tells what came.

It writes every client_id of the order in every room of every tenant, in an order of its own, many at a time.
"""

import asyncio
import json
import os
import random
import sys
from typing import Any

import django

AT_ONCE = 40


async def hammer(order: dict[str, Any]) -> dict[str, Any]:
    from rooms.writing.writer import Writer
    from tenants import database, directory
    from tests.faults.drafts import Notes, desk

    tenants = [await directory.afind(f"{slug}.localhost") for slug in order["slugs"]]
    desks = [await desk(tenant, room) for tenant in tenants if tenant for room in order["rooms"]]
    work = [(where, client_id) for where in desks for client_id in order["client_ids"]]
    random.shuffle(work)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.readline)

    notes = Notes()
    writer = Writer(notes)
    outcomes: dict[str, tuple[str, int]] = {}

    async def write_some() -> None:
        while work:
            where, client_id = work.pop()
            written = await writer.write(where.draft(f"{client_id} from {os.getpid()}", client_id))
            outcomes[f"{where.tenant.slug} {where.room} {client_id}"] = (str(written.id), written.seq)

    await asyncio.gather(*(write_some() for _ in range(AT_ONCE)))
    await writer.close()
    await database.close_pool()
    return {"outcomes": outcomes, "announced": [str(id_) for id_ in notes.ids]}


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    django.setup()
    sys.stdout.write(json.dumps(asyncio.run(hammer(json.loads(sys.argv[1])))))
