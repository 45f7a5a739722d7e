"""Taking a file in."""

from typing import IO, Final

from django.utils import timezone

from files import pictures, storing
from files.kinds import Kind, kind_of
from files.links import THUMBNAIL
from files.models import File
from files.names import cleaned, with_ending
from tenants.context import give_back_connection, schema_connection

# Of one uploader: what waits costs space, and nobody has more than this to say at once.
MOST_WAITING: Final = 100


class TooManyWaiting(Exception):
    """The uploader has sent many files and no message with them."""


def keep(content: IO[bytes], name: str, *, size: int, room_id: int, uploader_id: int) -> File:
    """A new file, stored; `size` in bytes. Its type is told by its bytes, and a picture is made anew.

    Raises kinds.NotTaken, pictures.BadPicture, TooManyWaiting.
    """
    waiting = File.objects.filter(uploader_id=uploader_id, message_id=None, deleted_at=None)
    if waiting.count() >= MOST_WAITING:
        raise TooManyWaiting
    name = cleaned(name)
    kind = kind_of(content, name)
    file = File(name=name, type=kind.type, size=size, room_id=room_id, uploader_id=uploader_id)
    # Reading, drawing and storing take their time; nothing is asked of the database meanwhile.
    schema = schema_connection().schema_name
    if kind.is_picture:
        _keep_picture(schema, file, content, kind)
    else:
        file.save()
        give_back_connection()
        storing.store(schema, file, content)
    file.stored_at = timezone.now()
    file.save(update_fields=["stored_at"])
    return file


def _keep_picture(schema: str, file: File, content: IO[bytes], kind: Kind) -> None:
    give_back_connection()
    picture = pictures.made_anew(content, kind.type)
    file.width, file.height = picture.width, picture.height
    file.size = picture.file.seek(0, 2)
    file.name = with_ending(file.name, kind.type.removeprefix("image/"))
    picture.file.seek(0)
    file.save()
    give_back_connection()
    storing.store(schema, file, picture.file)
    storing.store(schema, file, picture.thumbnail, THUMBNAIL)
