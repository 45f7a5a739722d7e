from django.apps import AppConfig


class ChatConfig(AppConfig):
    name = "bench.peers.guide.chat"
    label = "chat"
