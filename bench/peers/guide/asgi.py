"""The guide's application: a token in the query, a consumer a room."""

import os

import django
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import re_path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.peers.guide.settings")
django.setup()

from bench.peers.guide.chat.consumers import ChatRoomConsumer  # noqa: E402
from bench.peers.guide.chat.middleware import JWTAuthMiddleware  # noqa: E402

_rooms = URLRouter([re_path(r"ws/chat/(?P<room_name>\w+)/$", ChatRoomConsumer.as_asgi())])
application = ProtocolTypeRouter({"http": get_asgi_application(), "websocket": JWTAuthMiddleware(_rooms)})
