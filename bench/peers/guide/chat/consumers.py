"""The guide's consumer, in its ways: a group a room, a row a message, everything said to everyone each for itself."""

import json
from datetime import datetime
from typing import Any, ClassVar

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.contrib.auth.models import User

from bench.peers.guide.chat.models import Message


class ChatRoomConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    online: ClassVar[dict[str, set[int]]] = {}

    async def connect(self) -> None:
        self.room = self.scope["url_route"]["kwargs"]["room_name"]
        self.group = f"chat_{self.room}"
        self.user = self.scope["user"]
        if not self.user.is_authenticated:
            await self.close(code=4001)
            return
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.accept()
        self.online.setdefault(self.room, set()).add(self.user.id)
        await self.tell_room("user_joined")
        users = await self.people(list(self.online[self.room]))
        await self.send(text_data=json.dumps({"type": "online_users", "users": users}))

    async def disconnect(self, code: int) -> None:
        if self.user.is_authenticated:
            self.online.get(self.room, set()).discard(self.user.id)
            await self.tell_room("user_left")
            await self.channel_layer.group_discard(self.group, self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        try:
            data = json.loads(text_data or "")
        except json.JSONDecodeError:
            await self.send_error("Invalid JSON")
            return
        if data.get("type") == "chat_message":
            await self.say(data.get("message", "").strip())
        elif data.get("type") == "typing":
            await self.tell_room("typing_indicator", is_typing=data.get("is_typing", False))
        else:
            await self.send_error(f"Unknown message type: {data.get('type')}")

    async def say(self, message: str) -> None:
        if not message:
            await self.send_error("Message cannot be empty")
        elif len(message) > 1000:
            await self.send_error("Message too long (max 1000 characters)")
        else:
            saved = await self.save(message)
            await self.tell_room("chat_message", message_id=saved.id, message=message)

    async def tell_room(self, kind: str, **more: Any) -> None:
        who = {"user_id": self.user.id, "username": self.user.username}
        event = {"type": kind, **who, **more, "timestamp": datetime.now().isoformat()}  # noqa: DTZ005 - as the guide
        await self.channel_layer.group_send(self.group, event)

    async def chat_message(self, event: dict[str, Any]) -> None:
        await self.send(text_data=json.dumps(event))

    async def user_joined(self, event: dict[str, Any]) -> None:
        await self.send(text_data=json.dumps(event))

    async def user_left(self, event: dict[str, Any]) -> None:
        await self.send(text_data=json.dumps(event))

    async def typing_indicator(self, event: dict[str, Any]) -> None:
        if event["user_id"] != self.user.id:
            await self.send(text_data=json.dumps({**event, "type": "typing"}))

    async def send_error(self, message: str) -> None:
        await self.send(text_data=json.dumps({"type": "error", "message": message}))

    @database_sync_to_async  # type: ignore[untyped-decorator]
    def people(self, ids: list[int]) -> list[dict[str, Any]]:
        return [{"id": each.pk, "username": each.username} for each in User.objects.filter(id__in=ids)]

    @database_sync_to_async  # type: ignore[untyped-decorator]
    def save(self, content: str) -> Message:
        message = Message(room_name=self.room, user=self.user, content=content)
        message.save(force_insert=True)
        return message
