"""Taking a file in."""

from typing import IO, Final

from django.db import transaction
from django.utils import timezone

from accounts.models import Member
from files import pictures, storing, turns
from files.kinds import Kind, kind_of
from files.links import THUMBNAIL
from files.models import File
from files.names import cleaned, with_ending
from tenants.context import give_back_connection, schema_connection

# Of one uploader: what waits costs space, and nobody has more than this to say at once.
MOST_WAITING: Final = 100


class TooManyWaiting(Exception):
    """The uploader has sent many files and no message with them."""


class TooLarge(Exception):
    """A picture that was small as it came and is not any more as it would be stored; `size` in bytes."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.size = size


def keep(
    content: IO[bytes],
    name: str,
    *,
    size: int,
    largest: int,
    room_id: int,
    uploader_id: int,
    most: int = MOST_WAITING,
) -> File:
    """A new file, stored; `size` in bytes, `largest` how many may be stored, `most` how many files of the uploader may
    wait for a message. Its type is told by its bytes, and a picture is made anew.

    Raises kinds.NotTaken, pictures.BadPicture, turns.Busy, TooLarge, TooManyWaiting.
    """
    _check_waiting(uploader_id, most)
    name = cleaned(name)
    kind = kind_of(content, name)
    file = File(name=name, type=kind.type, size=size, room_id=room_id, uploader_id=uploader_id)
    # Reading, drawing and storing take their time; nothing is asked of the database meanwhile.
    schema = schema_connection().schema_name
    if kind.is_picture:
        _keep_picture(schema, file, content, kind, largest, most)
    else:
        _add(file, most)
        storing.store(schema, file, content)
    file.stored_at = timezone.now()
    file.save(update_fields=["stored_at"])
    return file


def _keep_picture(schema: str, file: File, content: IO[bytes], kind: Kind, largest: int, most: int) -> None:
    is_guest = Member.objects.filter(pk=file.uploader_id, kind="guest").exists()
    who = turns.GUESTS if is_guest else file.uploader_id
    give_back_connection()
    with turns.turn(schema, who):
        picture = pictures.made_anew(content, kind.type)
    file.width, file.height = picture.width, picture.height
    file.size = picture.file.seek(0, 2)
    if file.size > largest:
        raise TooLarge(file.size)
    file.name = with_ending(file.name, kind.type.removeprefix("image/"))
    picture.file.seek(0)
    _add(file, most)
    storing.store(schema, file, picture.file)
    storing.store(schema, file, picture.thumbnail, THUMBNAIL)


def _add(file: File, most: int) -> None:
    """Write its row, if its uploader may have one more: counted under a lock, which keeps nobody from speaking."""
    with transaction.atomic():
        Member.objects.select_for_update(no_key=True).get(pk=file.uploader_id)
        _check_waiting(file.uploader_id, most)
        file.save()
    give_back_connection()


def _check_waiting(uploader_id: int, most: int) -> None:
    waiting = File.objects.filter(uploader_id=uploader_id, message_id=None, deleted_at=None)
    if waiting.count() >= most:
        raise TooManyWaiting
