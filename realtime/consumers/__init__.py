"""What each socket path does. A consumer decides and delegates: it knows no SQL and no Redis."""

from realtime.consumers.basic import BasicConsumer
from realtime.consumers.room import ChatRoomConsumer
from realtime.consumers.rooms import MultiRoomConsumer

__all__ = ["BasicConsumer", "ChatRoomConsumer", "MultiRoomConsumer"]
