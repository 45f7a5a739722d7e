"""Fills a room and indexes it, in the product's own environment.

`python -m bench.peers.snug.search_work fill SCHEMA COUNT`; `… index SCHEMA` prints messages and seconds as JSON;
`… keep SCHEMA...` goes round as the worker does, without its pause of up to a minute, until it is ended.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Sequence

WORDS = 20_000
# In one statement; on a busy machine too each must end within ten seconds.
_AT_ONCE = 2_500
# Word n is said the more often the smaller n is, as in any language; each message has 8 to 17.
_FILL = """
    WITH room AS (
      UPDATE {rooms} SET last_seq = last_seq + %(count)s, last_rev = last_rev + %(count)s
      WHERE id = (SELECT min(id) FROM {rooms}) RETURNING id, last_seq, last_rev
    ), said AS (
      SELECT n, (SELECT string_agg('w' || floor(power(%(words)s::int, random()))::int, ' ')
                 FROM generate_series(1, 8 + n %% 10) k WHERE n IS NOT NULL) AS body
      FROM generate_series(0, %(count)s::int - 1) n
    )
    INSERT INTO {messages} (id, room_id, seq, rev, sender_id, body, created_at)
    SELECT gen_random_uuid(), room.id, room.last_seq - n, room.last_rev - n, (SELECT min(id) FROM {members}), body,
           now() - n * interval '1 second'
    FROM said, room
"""


async def _fill(schema: str, count: int) -> None:
    from psycopg import sql

    from rooms.tables import tables_of
    from tenants.database import share

    async with share(schema) as db:
        values = {"count": count, "words": WORDS}
        await db.execute(sql.SQL(_FILL).format(**tables_of(schema)), values)


async def _index(schema: str) -> tuple[int, float]:
    from psycopg import sql

    from rooms.search import indexing
    from rooms.tables import tables_of
    from tenants.database import share

    began = time.perf_counter()
    messages = 0
    while True:
        async with share(schema) as db:
            step = await indexing.catch_up(db, schema)
        messages += step.messages
        if not step.more:
            break
    took = time.perf_counter() - began
    async with share(schema) as db:  # as autovacuum would, a minute later
        await db.execute(sql.SQL("ANALYZE {search_entries}").format(**tables_of(schema)))
    return messages, took


async def _keep(schemas: Sequence[str]) -> None:
    from rooms.search import indexing

    while True:
        await indexing.go_round(schemas, 45)
        await asyncio.sleep(0.2)


async def _main(words: list[str]) -> None:
    from tenants.database import close_pool

    try:
        if words[0] == "fill":
            for _ in range(0, int(words[2]), _AT_ONCE):
                await _fill(words[1], min(_AT_ONCE, int(words[2])))
        elif words[0] == "index":
            print(json.dumps(await _index(words[1])))
        else:
            await _keep(words[1:])
    finally:
        await close_pool()


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    asyncio.run(_main(sys.argv[1:]))
