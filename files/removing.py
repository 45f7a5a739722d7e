"""Removing what has been given up, and what nobody has used."""

import logging
from datetime import timedelta
from typing import Final

from django.db.models import Q
from django.utils import timezone

from files import storing
from files.models import File
from tenants.context import give_back_connection, schema_connection

logger = logging.getLogger("snug.files")

# A file that no message has taken by then never will be.
WAITING: Final = timedelta(hours=24)
AT_ONCE: Final = 100


class FilesLeft(Exception):
    """The storage kept some; the log says which."""


def remove_unwanted() -> int:
    """Remove the bytes and the rows of what is unwanted; how many. Runs inside the tenant's schema.

    What the storage does not give up keeps its row, and is tried again with the next round.
    """
    _give_up_unused()
    schema, removed, last = schema_connection().schema_name, 0, 0
    while some := list(File.objects.filter(deleted_at__isnull=False, id__gt=last).order_by("id")[:AT_ONCE]):
        give_back_connection()
        gone = [file.pk for file in some if _removed(schema, file)]
        removed += File.objects.filter(pk__in=gone).delete()[0]
        last = some[-1].pk
    return removed


def remove_all() -> None:
    """Remove every file, before the schema itself goes. Raises FilesLeft where the storage does not give some up. Runs
    inside the tenant's schema."""
    File.objects.filter(deleted_at=None).update(deleted_at=timezone.now())
    remove_unwanted()
    if left := File.objects.count():
        raise FilesLeft(f"{left} files are still in the storage")


def _give_up_unused() -> None:
    """One statement, under the same conditions as those of a message that takes a file: one of the two comes first."""
    File.objects.filter(Q(message_id=None), deleted_at=None, created_at__lt=timezone.now() - WAITING).update(
        deleted_at=timezone.now()
    )


def _removed(schema: str, file: File) -> bool:
    try:
        storing.remove(schema, file)
    except Exception:  # of whichever library the storage is made of
        logger.exception("the storage kept %s of %s", file.key, schema)
        return False
    return True
