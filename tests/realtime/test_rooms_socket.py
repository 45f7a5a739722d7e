"""`/ws/`: many rooms over one socket."""

from typing import Any

from tests.personas import Chat, Workspace


async def lobby(workspace: Workspace, sub: str, **options: Any) -> Chat:
    """A socket of many rooms, greeted."""
    socket = await workspace.connect(workspace.token(sub), path="/ws/", **options)
    hello = await socket.next()
    assert hello["type"] == "connection_established"
    assert hello["user"] == {"id": sub, "username": sub}
    assert set(hello) == {"type", "message", "timestamp", "connection_id", "user", "limits"}
    return socket


def make_room(workspace: Workspace, name: str, kind: str = "public") -> None:
    with workspace.api() as api:
        assert api.post("/api/v1/rooms", json={"name": name, "kind": kind}).status_code == 201


async def join(socket: Chat, room: str, **fields: Any) -> dict[str, Any]:
    await socket.send("join", room=room, **fields)
    online = await socket.until("online_users", room=room)
    assert (await socket.until("user_joined", room=room))["room"] == room
    return online


async def test_two_rooms_over_one_socket(workspace: Workspace) -> None:
    make_room(workspace, "kitchen")
    bob = await lobby(workspace, "bob")
    carol = await lobby(workspace, "carol", process=1)
    assert await bob.quiet() == []
    for room in ("general", "kitchen"):
        assert (await join(bob, room, ref=f"to {room}"))["ref"] == f"to {room}"
        await join(carol, room)
    await bob.send("chat_message", room="kitchen", message="soup", client_id="1", ref="a")
    mine = await bob.until("chat_message")
    theirs = await carol.until("chat_message")
    assert mine.pop("ref") == "a"
    assert mine == theirs
    assert (mine["room"], mine["seq"]) == ("kitchen", 1)
    await bob.send("leave", room="kitchen", ref=2)
    assert await bob.until("left") == {"type": "left", "room": "kitchen", "ref": 2}
    await carol.send("chat_message", room="kitchen", message="gone?")
    await carol.send("chat_message", room="general", message="here")
    assert (await bob.until("chat_message"))["room"] == "general"
    await bob.send("chat_message", room="kitchen", message="hello?", ref="x", client_id="9")
    refused = await bob.until("error")
    assert (refused["error"]["code"], refused["room"], refused["ref"], refused["client_id"]) == (
        "FORBIDDEN",
        "kitchen",
        "x",
        "9",
    )
    await bob.close()
    await carol.close()


async def test_a_join_resumes(workspace: Workspace) -> None:
    async with workspace.chat(workspace.token("carol")) as carol:
        first = await carol.say("one")
        second = await carol.say("two")
        await carol.send("edit_message", message_id=first["message_id"], message="ONE")
        await carol.until("message_edited")
        third = await carol.say("three")
    bob = await lobby(workspace, "bob")
    await join(bob, "general", since=second["seq"], rev=second["rev"])
    history = await bob.until("history")
    assert [message["seq"] for message in history["messages"]] == [third["seq"]]
    assert [message["message"] for message in history["changed"]] == ["ONE"]
    assert (history["room"], history["from_resume"], history["has_more"]) == ("general", True, False)
    await bob.close()


async def test_what_goes_wrong_in_one_room_does_not_end_the_socket(workspace: Workspace) -> None:
    make_room(workspace, "cellar", "private")
    bob = await lobby(workspace, "bob")
    for room, code in (
        ("nowhere", "NOT_FOUND"),
        ("cellar", "FORBIDDEN"),
        ("no room", "INVALID_FIELD"),
        (None, "INVALID_FIELD"),
        (7, "INVALID_FIELD"),
    ):
        await bob.send("join", room=room)
        assert (await bob.error())["code"] == code
    await bob.send("ping", ref=1)
    pong = await bob.next()
    assert (pong["type"], pong["ref"]) == ("pong", 1)
    await join(bob, "general")
    await join(bob, "general")  # a client in doubt may join again
    await bob.send("chat_message", room="general", message="once", client_id="c")
    assert [frame["type"] for frame in await bob.quiet()] == ["chat_message"]
    await bob.close()


async def test_a_removed_member_hears_no_more_of_the_room_and_keeps_the_others(workspace: Workspace) -> None:
    make_room(workspace, "cellar", "private")
    with workspace.api() as api:
        api.put("/api/v1/rooms/cellar/members/bob")
    bob = await lobby(workspace, "bob", process=1)
    await join(bob, "cellar")
    await join(bob, "general")
    with workspace.api() as api:
        assert api.delete("/api/v1/rooms/cellar/members/bob").status_code == 204
    refused = await bob.until("error", timeout=1)
    assert (refused["error"]["code"], refused["room"]) == ("FORBIDDEN", "cellar")
    assert await bob.next() == {"type": "left", "room": "cellar"}
    await bob.send("chat_message", room="general", message="still here")
    assert (await bob.until("chat_message"))["message"] == "still here"
    await bob.close()


async def test_mallory_joins_nothing_here(workspace: Workspace, elsewhere: Workspace) -> None:
    make_room(workspace, "kitchen")
    bob = await lobby(workspace, "bob")
    await join(bob, "kitchen")
    mallory = await lobby(elsewhere, "bob")
    await mallory.send("join", room="kitchen")
    assert (await mallory.error())["code"] == "NOT_FOUND"
    await join(mallory, "general")
    await bob.send("chat_message", room="kitchen", message="secret")
    await bob.until("chat_message")
    assert await mallory.quiet() == []
    await bob.close()
    await mallory.close()
