"""A tenant that reads a great deal leaves others their share of the connections."""

import asyncio
from contextlib import AsyncExitStack

from django.conf import settings

from tenants.database import close_pool, share
from tests.within import within


async def test_one_tenant_holds_at_most_half_the_pool_for_reading() -> None:
    half = settings.DATABASE_POOL_SIZE // 2
    try:
        async with AsyncExitStack() as held:
            for _ in range(half):
                await held.enter_async_context(share("t1"))
            one_more = asyncio.ensure_future(held.enter_async_context(share("t1")))
            db = await within(held.enter_async_context(share("t2")), 5)
            assert await (await db.execute("SELECT 1")).fetchone() == (1,)
            assert not one_more.done()
            one_more.cancel()
    finally:
        await close_pool()
