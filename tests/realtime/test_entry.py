"""What everyone is told on coming into a room, and in which order."""

import asyncio
import re

from tests.personas import Workspace
from tests.realtime.backstage import fill
from tests.realtime.office import with_another_key

STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


async def test_the_first_frames_are_who_is_here_and_then_oneself(workspace: Workspace) -> None:
    async with workspace.chat(workspace.token("bob", name="Bob")) as bob:
        online, joined = await bob.next(), await bob.next()

        assert set(online) == {
            "type", "users", "count", "room", "connection_id", "last_seq", "last_rev", "limits",
            "title", "archived", "slow_mode", "may_moderate", "created_at",
        }  # fmt: skip
        assert online["type"] == "online_users"
        assert online["users"] == [{"id": "bob", "username": "Bob"}]
        assert (online["count"], online["room"], online["last_seq"], online["last_rev"]) == (
            1,
            "general",
            0,
            0,
        )
        assert re.fullmatch(r"[0-9a-f]{32}", online["connection_id"])
        assert online["limits"] == {
            "max_message_length": 1000,
            "messages_per_10s": 20,
            "connections": 100,
            "connections_per_user": 5,
        }
        assert STAMP.fullmatch(joined.pop("timestamp"))
        assert joined == {"type": "user_joined", "room": "general", "user_id": "bob", "username": "Bob"}
        assert await bob.quiet() == []


async def test_a_newcomer_learns_where_the_room_stands(workspace: Workspace) -> None:
    fill(workspace, 7)
    async with workspace.chat(workspace.token("bob"), process=1) as bob:
        online = await bob.entered()
        assert (online["last_seq"], online["last_rev"]) == (7, 7)


async def test_a_user_without_a_name_is_shown_by_id(workspace: Workspace) -> None:
    async with workspace.chat(workspace.token("bob")) as bob:
        assert (await bob.entered())["users"] == [{"id": "bob", "username": "bob"}]


async def test_guests_count_as_people_and_bots_do_not(workspace: Workspace) -> None:
    with workspace.http() as web:
        guest = web.post("/api/v1/guests", json={"name": "Visitor"}).json()
    async with (
        workspace.chat(workspace.secret) as bot,
        workspace.chat(guest["token"], process=1) as visitor,
        workspace.chat(workspace.token("bob")) as bob,
    ):
        assert (await bot.entered())["users"] == []
        await visitor.entered()
        online = await bob.entered()

        assert online["users"] == [
            {"id": guest["sub"], "username": "Visitor"},
            {"id": "bob", "username": "bob"},
        ]
        assert guest["sub"].startswith("guest:")
        assert online["count"] == 2
        # The bot hears the people come, and nobody hears the bot.
        assert [(await bot.until("user_joined"))["user_id"] for _ in range(2)] == [guest["sub"], "bob"]
        assert [frame["user_id"] for frame in await visitor.quiet()] == ["bob"]


async def test_a_hundred_people_are_listed_and_everyone_is_counted(pro: Workspace) -> None:
    tokens = [pro.token(f"user-{n:03}") for n in range(103)]
    crowd = await asyncio.gather(*(pro.connect(t, process=n % 2) for n, t in enumerate(tokens)))
    try:
        await asyncio.gather(*(each.entered() for each in crowd))
        async with pro.chat(pro.token("bob")) as bob:
            online = await bob.entered()
            assert online["count"] == 104
            assert len(online["users"]) == 100
            assert len({user["id"] for user in online["users"]}) == 100
    finally:
        await asyncio.gather(*(each.close() for each in crowd))


async def test_a_room_that_the_token_names_is_made_on_first_entry(workspace: Workspace) -> None:
    async with workspace.chat(workspace.token("bob", rooms=["order-17"]), "order-17") as bob:
        assert (await bob.entered())["room"] == "order-17"
        assert (await bob.say("hello"))["seq"] == 1
    with workspace.api() as api:
        assert api.get("/api/v1/rooms/order-17").json()["kind"] == "private"


async def test_members_enter_private_rooms(workspace: Workspace) -> None:
    with workspace.api() as api:
        api.post("/api/v1/rooms", json={"name": "board", "kind": "private"}).raise_for_status()
        api.put("/api/v1/rooms/board/members/bob").raise_for_status()
    async with workspace.chat(workspace.token("bob"), "board") as bob:
        assert (await bob.entered())["room"] == "board"


async def test_a_first_message_in_a_public_room_makes_its_author_a_member(workspace: Workspace) -> None:
    async with workspace.chat(workspace.token("bob")) as bob:
        await bob.entered()
        with workspace.api() as api:
            assert api.get("/api/v1/rooms/general/members/bob").status_code == 404
            await bob.say("hello")
            assert api.get("/api/v1/rooms/general/members/bob").json()["role"] == "member"


async def test_a_frame_that_names_another_room_than_the_sockets_is_refused(workspace: Workspace) -> None:
    with workspace.api() as api:
        api.post("/api/v1/rooms", json={"name": "kitchen"}).raise_for_status()
    async with workspace.chat(workspace.token("bob")) as bob:
        await bob.entered()
        for room in ("kitchen", "nowhere", "General", "", 5, ["general"]):
            await bob.send("chat_message", message="wrong", room=room, client_id="c")
            error = await bob.until("error")
            assert (error["error"]["code"], error["room"]) == ("INVALID_FIELD", "general")
            assert error["client_id"] == "c"
        for more in ({}, {"room": "general"}, {"room": None}):
            await bob.send("chat_message", message="right", **more)
            await bob.until("chat_message", message="right")
    with workspace.api() as api:
        said = api.get("/api/v1/rooms/general/messages").json()["data"]
        assert [each["message"] for each in said] == ["right"] * 3


async def test_a_key_that_may_only_read_is_not_told_that_it_may_moderate(workspace: Workspace) -> None:
    reader = await with_another_key(workspace, "messages:read")
    writer = await with_another_key(workspace, "messages:read", "messages:write")
    for key, expected in ((reader, False), (writer, True)):
        async with key.chat(key.secret) as bot:
            assert (await bot.until("online_users"))["may_moderate"] is expected
