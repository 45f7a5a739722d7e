"""Giving files up: nobody finds them from then on, and a job removes what is left of them."""

from django.utils import timezone

from files.models import File


def discard(file: File) -> bool:
    """Give up a file that no message has taken; False where one has, or somebody was quicker."""
    mine = File.objects.filter(pk=file.pk, message_id=None, deleted_at=None)
    return mine.update(deleted_at=timezone.now()) > 0


def discard_of_room(room_id: int) -> bool:
    """Give up all files of a room that is being deleted; whether there were any."""
    return File.objects.filter(room_id=room_id, deleted_at=None).update(deleted_at=timezone.now()) > 0
