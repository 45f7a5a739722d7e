"""Lua on Redis. Calls of the same moment leave in one pipeline a shard, in the order in which they were made: of two
that concern the same thing, the later one is carried out later."""

import hashlib
from typing import Any

from realtime import store
from realtime.together import Together


class Script:
    """A script, which Redis is told once for all its calls of one moment."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.digest = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()

    async def __call__(self, tenant_id: int, keys: list[str], *arguments: str | int) -> Any:
        """What the script answers on the tenant's shard. Raises store.AWAY's errors; it may then have run or not."""
        return await _calls.ask(store.shard_of_tenant(tenant_id), (self, (len(keys), *keys, *arguments)))


Call = tuple[Script, tuple[str | int, ...]]


async def _run(shard: int, calls: list[Call]) -> list[Any]:
    # Told again and again, rather than when Redis does not know one: calls would then be repeated out of their order.
    scripts = {script for script, _ in calls}
    async with store.clients()[shard].pipeline(transaction=False) as pipe:
        for script in scripts:
            pipe.execute_command("SCRIPT LOAD", script.text)
        for script, arguments in calls:
            pipe.execute_command("EVALSHA", script.digest, *arguments)
        answers: list[Any] = await pipe.execute(raise_on_error=False)
        return answers[len(scripts) :]


_calls: Together[int, Call, Any] = Together(_run)
