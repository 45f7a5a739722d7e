"""The guide's one table."""

from django.conf import settings
from django.db import models


class Message(models.Model):
    room_name = models.CharField(max_length=100, db_index=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="chat_messages")
    content = models.TextField()
    timestamp = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        app_label = "chat"
        indexes = [models.Index(fields=["room_name", "timestamp"], name="room_and_time")]
