"""The Channels guide's own five tests, twice: once for each way of saying who the user is.

The bodies are the guide's. Changed are only how a user is made (in a workspace's schema), and how a communicator is
told the workspace (its Host header) and the user (a token in the URL, or `scope["user"]`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from channels.db import database_sync_to_async
from channels.testing import WebsocketCommunicator

from tests.personas import Workspace

MakeUser = Callable[[str], Awaitable[Any]]
Communicate = Callable[[Any], WebsocketCommunicator]


@pytest.fixture
def make_user(workspace: Workspace) -> MakeUser:
    from django.contrib.auth import get_user_model
    from django_tenants.utils import tenant_context

    tenant = workspace.tenant

    def create(username: str) -> Any:
        with tenant_context(tenant):
            return get_user_model().objects.create_user(username=username, password="testpass123")

    async def make(username: str) -> Any:
        return await database_sync_to_async(create)(username)

    return make


@pytest.fixture
async def user(make_user: MakeUser) -> Any:
    """Create a test user"""
    return await make_user("testuser")


@pytest.fixture(params=["scope", "token"])
async def communicate(workspace: Workspace, request: pytest.FixtureRequest) -> Any:
    """A communicator for a user, in a room that exists."""
    from config.asgi import application
    from realtime import runtime

    with workspace.api() as api:
        api.post("/api/v1/rooms", json={"name": "testroom", "kind": "public"}).raise_for_status()
    headers: list[tuple[bytes, bytes]] = [(b"host", workspace.host.encode())]

    def by_scope(user: Any) -> WebsocketCommunicator:
        communicator = WebsocketCommunicator(application, "/ws/chat/testroom/", headers)
        communicator.scope["user"] = user
        return communicator

    def by_token(user: Any) -> WebsocketCommunicator:
        query = f"?token={workspace.token(user.username)}" if user.is_authenticated else ""
        return WebsocketCommunicator(application, f"/ws/chat/testroom/{query}", headers)

    yield by_scope if request.param == "scope" else by_token
    await runtime.stop()


class TestChatRoomConsumer:
    """Tests for ChatRoomConsumer"""

    async def test_connect_authenticated(self, communicate: Communicate, user: Any) -> None:
        """Test that authenticated users can connect"""
        communicator = communicate(user)

        # Connect to WebSocket
        connected, _ = await communicator.connect()

        assert connected is True

        # Should receive online users message
        response = await communicator.receive_json_from()
        assert response["type"] == "online_users"

        # Clean up
        await communicator.disconnect()

    async def test_connect_unauthenticated(self, communicate: Communicate) -> None:
        """Test that anonymous users are rejected"""
        from django.contrib.auth.models import AnonymousUser

        communicator = communicate(AnonymousUser())

        connected, close_code = await communicator.connect()

        # Connection should be rejected
        assert connected is False
        assert close_code == 4001

    async def test_send_message(self, communicate: Communicate, user: Any) -> None:
        """Test sending a chat message"""
        communicator = communicate(user)

        await communicator.connect()

        # Receive initial online users message
        await communicator.receive_json_from()

        # Skip user_joined message
        await communicator.receive_json_from()

        # Send a message
        await communicator.send_json_to({"type": "chat_message", "message": "Hello, world!"})

        # Receive the broadcast message
        response = await communicator.receive_json_from()

        assert response["type"] == "chat_message"
        assert response["message"] == "Hello, world!"
        assert response["username"] == user.username

        await communicator.disconnect()

    async def test_message_validation(self, communicate: Communicate, user: Any) -> None:
        """Test message validation"""
        communicator = communicate(user)

        await communicator.connect()
        await communicator.receive_json_from()  # online users
        await communicator.receive_json_from()  # user joined

        # Send empty message
        await communicator.send_json_to({"type": "chat_message", "message": ""})

        # Should receive error
        response = await communicator.receive_json_from()
        assert response["type"] == "error"

        await communicator.disconnect()

    async def test_multiple_users(self, communicate: Communicate, user: Any, make_user: MakeUser) -> None:
        """Test multiple users in same room"""
        # Create second user
        user2 = await make_user("testuser2")

        # Connect first user
        comm1 = communicate(user)
        await comm1.connect()
        await comm1.receive_json_from()  # online users
        await comm1.receive_json_from()  # user1 joined

        # Connect second user
        comm2 = communicate(user2)
        await comm2.connect()
        await comm2.receive_json_from()  # online users for user2

        # User1 should receive user2 joined notification
        response = await comm1.receive_json_from()
        assert response["type"] == "user_joined"
        assert response["username"] == "testuser2"

        # User2 sends a message
        await comm2.send_json_to({"type": "chat_message", "message": "Hello from user2"})

        # Skip user2's own joined notification
        await comm2.receive_json_from()

        # Both users should receive the message
        msg1 = await comm1.receive_json_from()
        msg2 = await comm2.receive_json_from()

        assert msg1["message"] == "Hello from user2"
        assert msg2["message"] == "Hello from user2"

        await comm1.disconnect()
        await comm2.disconnect()
