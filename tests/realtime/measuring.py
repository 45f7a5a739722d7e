"""How much a workspace really allows: each row of the plan table, measured from outside over both processes."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

from websockets.exceptions import ConnectionClosed

from tests.personas import Chat, Refused, Workspace
from tests.realtime.backstage import fill, rows, shared, tenant_id_of, until
from tests.realtime.office import set_plan

# Two characters for JavaScript, four bytes, one code point.
LETTER = "🦊"


async def give(workspace: Workspace, **figures: object) -> None:
    """Let the workspace have figures of its own, and wait until both processes go by them."""
    # One of them is shown to whoever connects.
    shown = figures.setdefault("max_connections", 1_000 + secrets.randbelow(9_000))
    rows(
        workspace,
        "UPDATE public.tenants_tenant SET own_limits = %s WHERE slug = %s",
        json.dumps(figures),
        workspace.slug,
    )
    await set_plan(workspace, "free")  # which every process hears
    async with asyncio.timeout(10):  # how soon open sockets go by them has a test of its own
        for process in range(2):
            while await _connections_shown(workspace, process) != shown:
                await asyncio.sleep(0.05)


async def _connections_shown(workspace: Workspace, process: int) -> int:
    async with workspace.chat(workspace.token("ann"), process=process) as ann:
        return int((await ann.entered())["limits"]["connections"])


async def most_open(workspace: Workspace, subs: Callable[[int], str]) -> int:
    """How many sockets, one after the other over all kinds and processes, are let in before one is refused."""
    await until(lambda: not shared().exists(f"snug:t{tenant_id_of(workspace)}:leases"))
    async with AsyncExitStack() as stack:
        for n in range(200):
            token = workspace.token(subs(n))
            path = ("/ws/chat/general/", "/ws/")[n // 2 % 2]
            try:
                await stack.enter_async_context(workspace.chat(token, path=path, process=n % 2, snug=False))
            except Refused as refused:
                return n if (refused.code, refused.status) == (4002, 429) else -1
        raise AssertionError("nobody was refused")


async def connections(workspace: Workspace) -> int:
    return await most_open(workspace, lambda n: f"user-{n}")


async def connections_of_one(workspace: Workspace) -> int:
    return await most_open(workspace, lambda n: "bob")


async def longest(workspace: Workspace) -> int:
    """The most characters that are taken, on either process and over REST, with space around them."""
    lengths = set()
    for process in range(2):
        async with workspace.chat(workspace.token("bob"), process=process) as bob:
            limit = int((await bob.entered())["limits"]["max_message_length"])
            for more, answer in ((0, "chat_message"), (1, "error")):
                sent = {"type": "chat_message", "message": f"  {LETTER * (limit + more)}\n "}
                await bob.raw(json.dumps(sent, ensure_ascii=False))  # escaped, ten thousand would be no frame
                frame = await bob.until(answer)
                assert more or frame["message"] == LETTER * limit
                assert not more or frame["error"]["code"] == "MESSAGE_TOO_LONG"
        with workspace.api(process) as api:
            path = "/api/v1/rooms/general/messages"
            assert api.post(path, json={"message": f" {LETTER * limit} "}).status_code == 201
            refused = api.post(path, json={"message": LETTER * (limit + 1)})
            assert (refused.status_code, refused.json()["code"]) == (422, "message_too_long")
        lengths.add(limit)
    return lengths.pop() if len(lengths) == 1 else -1


async def messages(workspace: Workspace) -> int:
    """How many messages in a row are taken from one person over two sockets."""
    sub = f"bob-{secrets.token_hex(4)}"
    token = workspace.token(sub)
    async with workspace.chat(token) as bob, workspace.chat(token, path="/ws/") as tab:
        told = (await bob.entered())["limits"]["messages_per_10s"]
        await tab.send("join", room="general")
        await tab.until("user_joined")
        for n in range(told + 5):
            await (bob, tab)[n % 2].send("chat_message", message=str(n), client_id=str(n), room="general")
        for first, chat in enumerate((bob, tab)):
            await _answered(chat, {str(n) for n in range(first, told + 5, 2)})
    said = "SELECT count(*) FROM rooms_message m JOIN accounts_member s ON s.id = m.sender_id WHERE s.external_id = %s"
    return int(rows(workspace, said, sub)[0][0])


async def _answered(chat: Chat, sent: set[str]) -> None:
    """Read until each of these, which this socket sent, was answered; what the other said is heard here too."""
    while sent:
        frame = await chat.next()
        if frame["type"] == "error":
            assert frame["error"]["code"] == "RATE_LIMITED"
        if frame["type"] in ("chat_message", "error"):
            sent.discard(frame.get("client_id"))


async def rooms(workspace: Workspace) -> int:
    """How many rooms there are once thirty calls at once, over both processes and by tokens too, have asked for one."""
    with workspace.api(0) as one, workspace.api(1) as other:

        async def made(n: int) -> int:
            api = (one, other)[n % 2]
            return (await asyncio.to_thread(api.post, "/api/v1/rooms", json={"name": f"r{n}"})).status_code

        async def entered(n: int) -> int:
            token = workspace.token("bob", rooms=[f"vouched-{n}"])
            chat = await workspace.connect(token, f"vouched-{n}", process=n % 2)
            try:
                await chat.next()
            except ConnectionClosed as closed:
                return closed.rcvd.code if closed.rcvd else 1006
            await chat.close()
            return 201

        answers = await asyncio.gather(*(made(n) for n in range(24)), *(entered(n) for n in range(4)))
    assert set(answers) <= {201, 403, 409, 4003}
    return int(rows(workspace, "SELECT count(*) FROM rooms_room")[0][0])


async def days(workspace: Workspace) -> int:
    """How many days old the oldest message is that history, resumes and REST still show."""
    if not rows(workspace, "SELECT 1 FROM rooms_message LIMIT 1"):
        fill(workspace, 60)
        rows(workspace, "UPDATE rooms_message SET created_at = now() + '1 hour' - seq * interval '1 day'")
    oldest = set()
    for process in range(2):
        async with workspace.chat(workspace.token("bob"), process=process, query="since=0&rev=60") as bob:
            await bob.entered()
            resumed = await bob.until("history")
            oldest.add(max(message["seq"] for message in resumed["messages"]))
            assert min(message["seq"] for message in resumed["messages"]) == 1
        with workspace.api(process) as api:
            page = api.get("/api/v1/rooms/general/messages?limit=100").json()
            oldest.add(max(message["seq"] for message in page["data"]))
    return oldest.pop() if len(oldest) == 1 else -1


async def requests(workspace: Workspace) -> int:
    """The limit that the first refusal names, once both processes have been asked so often."""
    with workspace.api(0) as one, workspace.api(1) as other:
        for n in range(200):
            answer = (one, other)[n % 2].get("/api/v1/rooms")
            limit, left = (int(answer.headers[f"ratelimit-{name}"]) for name in ("limit", "remaining"))
            if answer.status_code == 429:
                assert (left, answer.json()["code"]) == (0, "rate_limited")
                return limit
            assert left < limit
    raise AssertionError("nobody was refused")


# How each row is measured, and the figures of its own that a workspace is given, one after the other.
MEASURED: dict[str, tuple[Callable[[Workspace], Awaitable[int]], tuple[int, int]]] = {
    "max_connections": (connections, (4, 7)),
    "connections_per_user": (connections_of_one, (3, 7)),
    "max_message_length": (longest, (40, 70)),
    "messages_per_10s": (messages, (4, 9)),
    "max_rooms": (rooms, (5, 8)),
    "history_days": (days, (10, 20)),
    "api_per_minute": (requests, (8, 12)),
}
