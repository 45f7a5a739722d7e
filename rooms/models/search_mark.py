from django.db import models

from rooms.models.room import Room


class SearchMark(models.Model):
    """How far a room's messages are in the search index: every change up to `rev`, and none after it."""

    room = models.OneToOneField(Room, on_delete=models.CASCADE, primary_key=True, related_name="+")
    rev = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.room_id} up to {self.rev}"
