"""seq and rev count 1, 2, 3 … whoever sends, wherever, and everyone hears them in that order."""

import asyncio
from typing import Any

from tests.personas import Chat, Workspace
from tests.realtime.backstage import rows

SENDERS, EACH, READERS = 16, 12, 6


async def test_every_reader_hears_every_message_in_order_whatever_process_it_came_from(
    pro: Workspace,
) -> None:
    async def send(number: int) -> list[str]:
        async with pro.chat(pro.token(f"sender-{number}"), process=number % 2) as chat:
            await chat.entered()
            for n in range(EACH):
                await chat.send("chat_message", message=f"{number}:{n}", client_id=f"{n}")
            mine = [await chat.until("chat_message", user_id=f"sender-{number}") for _ in range(EACH)]
            assert [echo["message"] for echo in mine] == [f"{number}:{n}" for n in range(EACH)]
            return [echo["message_id"] for echo in mine]

    readers = [await pro.connect(pro.token(f"reader-{n}"), process=n % 2) for n in range(READERS)]
    for reader in readers:
        await reader.entered()
    acknowledged: list[list[str]]
    heard: list[list[dict[str, Any]]]
    acknowledged, *heard = await asyncio.gather(
        asyncio.gather(*(send(n) for n in range(SENDERS))),
        *(_messages(each, SENDERS * EACH) for each in readers),
    )

    for messages in heard:
        assert [message["seq"] for message in messages] == list(range(1, SENDERS * EACH + 1))
        assert [message["rev"] for message in messages] == [message["seq"] for message in messages]
        assert messages == heard[0]
    stored = rows(pro, "SELECT id::text, seq FROM rooms_message ORDER BY seq")
    assert [(message["message_id"], message["seq"]) for message in heard[0]] == stored
    assert {id_ for ids in acknowledged for id_ in ids} == {id_ for id_, _ in stored}
    assert rows(pro, "SELECT last_seq, last_rev FROM rooms_room WHERE name = 'general'") == [(192, 192)]
    for reader in readers:
        await reader.close()


async def test_what_a_sender_sends_without_waiting_keeps_its_order(pro: Workspace) -> None:
    async with pro.chat(pro.token("bob")) as bob:
        await bob.entered()
        for n in range(50):
            await bob.send("chat_message", message=str(n))
        assert [message["message"] for message in await _messages(bob, 50)] == [str(n) for n in range(50)]


async def test_a_message_by_rest_reaches_sockets_as_one_by_socket(workspace: Workspace) -> None:
    async with workspace.chat(workspace.token("ann"), process=1) as ann:
        await ann.entered()
        with workspace.api() as api:
            posted = api.post(
                "/api/v1/rooms/general/messages", json={"message": "hello", "sub": "bob"}
            ).json()
        heard = await ann.until("chat_message")
        assert heard == {"type": "chat_message"} | posted


async def _messages(chat: Chat, count: int) -> list[dict[str, Any]]:
    return [await chat.until("chat_message", timeout=20) for _ in range(count)]
