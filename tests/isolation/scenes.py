"""Every command of a socket, and a scene in which it can be given: Bob and Ann in one room of one workspace."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import Any, Final

from tests.personas import Chat, Workspace

# Every kind of socket, by its consumer, with a path to one.
PATHS: Final = {
    "BasicConsumer": "/ws/basic/",
    "ChatRoomConsumer": "/ws/chat/general/",
    "MultiRoomConsumer": "/ws/",
}
ROOM_SOCKETS: Final = ("ChatRoomConsumer", "MultiRoomConsumer")
FIRST_FRAMES: Final = ("online_users", "connection_established")


@dataclass(frozen=True)
class Command:
    """A command with what it takes to succeed; `{message}` and `{token}` are ours. `theirs` is what Mallory gets for it
    at home: a frame of her own, or an error's code. An answer of None: nobody answers the sender."""

    type: str
    fields: dict[str, Any] = field(default_factory=dict, hash=False)
    answer: str | None = None
    theirs: str | None = None
    socket: str = "ChatRoomConsumer"

    def __str__(self) -> str:
        return " ".join((self.type, *self.fields, "at", PATHS[self.socket]))

    def filled(self, pieces: dict[str, str]) -> dict[str, Any]:
        room = {"room": "general"} if self.socket == "MultiRoomConsumer" else {}
        return room | {
            name: [each.format(**pieces) for each in value]
            if isinstance(value, list)
            else value.format(**pieces)
            if isinstance(value, str)
            else value
            for name, value in self.fields.items()
        }


COMMANDS: Final = (
    *(
        replace(command, socket=socket)
        for socket in ROOM_SOCKETS
        for command in (
            Command("chat_message", {"message": "hello"}, "chat_message", "chat_message"),
            Command(
                "chat_message", {"message": "hello", "reply_to": "{message}"}, "chat_message", "INVALID_FIELD"
            ),
            Command(
                "chat_message", {"message": "hello", "files": ["{file}"]}, "chat_message", "INVALID_FIELD"
            ),
            Command(
                "edit_message", {"message_id": "{message}", "message": "x"}, "message_edited", "NOT_FOUND"
            ),
            Command("delete_message", {"message_id": "{message}"}, "message_deleted", "NOT_FOUND"),
            Command("react", {"message_id": "{message}", "emoji": "👍", "on": True}, "reaction", "NOT_FOUND"),
            Command("read", {"seq": 1}, "unread", "INVALID_FIELD"),
            Command("history", {"limit": 100}, "history", "history"),
            Command("typing", {"is_typing": True}),
            Command("refresh_token", {"token": "{token}"}, "token_refreshed", "FORBIDDEN"),
            Command("ping", {}, "pong", "pong"),
        )
    ),
    Command("join", {"room": "attic"}, "online_users", "NOT_FOUND", "MultiRoomConsumer"),
    Command("join", {"since": 0, "rev": 0}, "history", "history", "MultiRoomConsumer"),
    Command("leave", {}, "left", "left", "MultiRoomConsumer"),
    Command("ping", {}, "pong", "pong", "BasicConsumer"),
    Command("echo", {"content": "{message}"}, "echo_response", "echo_response", "BasicConsumer"),
)


async def come(
    stack: AsyncExitStack, workspace: Workspace, token: str, socket: str, process: int = 0
) -> Chat:
    """A socket of some kind, in the room `general` if it can be in a room; until the test ends."""
    chat = await stack.enter_async_context(workspace.chat(token, path=PATHS[socket], process=process))
    assert (await chat.next())["type"] in FIRST_FRAMES
    if socket == "MultiRoomConsumer":
        await chat.send("join", room="general")
        await chat.until("online_users")
    return chat


class Scene:
    """Bob and Ann in one room of one workspace, on different web processes, with a message there."""

    def __init__(self, workspace: Workspace, command: Command) -> None:
        self.workspace, self.command = workspace, command
        self.sockets: list[Chat] = []
        self.pieces: dict[str, str] = {}

    async def begin(self, stack: AsyncExitStack) -> None:
        for sub, process in (("bob", 0), ("ann", 1)):
            token = self.workspace.token(sub, name=f"{sub} of {self.workspace.slug}")
            self.sockets.append(await come(stack, self.workspace, token, self.command.socket, process))
        with self.workspace.api() as api:
            api.post("/api/v1/rooms", json={"name": "attic", "kind": "public"}).raise_for_status()
            message = {"message": f"said in {self.workspace.slug}", "sub": "bob"}
            said = api.post("/api/v1/rooms/general/messages", json=message)
            form = {"room": "general", "sub": "bob"}
            file = api.post("/api/v1/files", data=form, files={"file": ("note.txt", self.workspace.slug)})
        self.pieces = {
            "message": said.json()["message_id"],
            "token": self.workspace.token("bob"),
            "file": file.json()["id"],
        }
        if self.command.socket in ROOM_SOCKETS:
            for socket in self.sockets:
                await socket.until("chat_message")

    async def obeyed(self) -> None:
        """Bob gives the command and has its answer."""
        bob, ann = self.sockets
        await bob.send(self.command.type, **self.command.filled(self.pieces))
        if self.command.answer is not None:
            await bob.until(self.command.answer)
        if self.command.type == "typing":
            await ann.until("typing", user_id="bob")

    async def quiet(self) -> None:
        for socket in self.sockets:
            heard = [frame for frame in await socket.quiet(0.15) if frame["type"] != "user_joined"]
            assert heard == []
