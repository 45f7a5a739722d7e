from typing import ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models


class SearchEntry(models.Model):
    """The words of a message as they were when its room's SearchMark passed it. Written by `rooms.search` alone.

    No foreign keys: checking them would lock rows of messages, on which the writer works. What has no message any more
    is never shown.
    """

    message_id = models.UUIDField(primary_key=True)
    room_id = models.BigIntegerField()
    sender_id = models.BigIntegerField()
    created_at = models.DateTimeField()
    words = SearchVectorField()

    class Meta:
        indexes: ClassVar = [
            # What waits to be sorted in, in KiB, is read whole by every search.
            GinIndex(fields=["words"], name="search_words", gin_pending_list_limit=512),
            models.Index(fields=["room_id", "created_at"], name="search_room"),
            # For words that everybody uses: the newest are found sooner than all of them.
            models.Index(fields=["created_at"], name="search_time"),
        ]

    def __str__(self) -> str:
        return str(self.message_id)
