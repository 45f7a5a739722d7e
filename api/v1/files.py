"""Files, to be sent with messages."""

import time
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from msgspec import UNSET, Struct, UnsetType
from ninja import File as Part
from ninja import Form, Query, Router, Schema
from ninja.files import UploadedFile
from pydantic import Field

from accounts.identity import Identity
from api.callers import ApiRequest, KeyOrUser
from api.errors import Problem
from api.paging import Cursor, Limit, Page, cut, position_of
from api.rates import count_upload
from api.shapes import Body, RoomName, Sub
from api.speaking import check_sub_allowed, encoded, enter, said_of, speaker
from api.uploads import too_large
from files import links
from files.actions import MOST_WAITING, TooLarge, TooManyWaiting, discard, keep
from files.kinds import NotTaken
from files.models import File
from files.pictures import BadPicture
from files.turns import Busy
from realtime.events import stamp
from rooms import access
from rooms.access import RoomRecord
from rooms.models import Room
from rooms.texts import message_id_in
from rooms.writing.work import archived
from tenants import guest_limits
from tenants.context import wait_for

router = Router(tags=["files"])


class NewFile(Body):
    room: RoomName = Field(description="The room in which it is to be sent.", examples=["general"])
    sub: Sub | None = Field(
        None, description="The user whose it is, made when unknown; absent: the key's bot.", examples=["bob"]
    )


class FileOut(Schema):
    """A file, with links that are good for five minutes, for whoever holds them."""

    id: str
    room: str
    name: str
    type: str = Field(description="As its bytes say.")
    size: int = Field(description="In bytes.")
    width: int | None = Field(None, description="In pixels; of pictures alone.")
    height: int | None = None
    user_id: str = Field(description="Who sent it.")
    message_id: str | None = Field(None, description="The message that it belongs to, once there is one.")
    created_at: str
    url: str
    thumbnail_url: str | None = Field(
        None, description="Of pictures: at most 480 pixels wide and high, WebP."
    )
    expires_at: str = Field(description="Until when the links are good.")


class Shown(Struct, kw_only=True):
    """What FileOut describes."""

    id: str
    room: str
    name: str
    type: str
    size: int
    width: int | UnsetType = UNSET
    height: int | UnsetType = UNSET
    user_id: str
    message_id: str | UnsetType = UNSET
    created_at: str
    url: str
    thumbnail_url: str | UnsetType = UNSET
    expires_at: str


@router.get("/files", response=Page[FileOut], auth=KeyOrUser("messages:read"))
def list_files(
    request: ApiRequest,
    limit: Limit = 50,
    cursor: Cursor = None,
    room: Annotated[RoomName | None, Query(description="Only files of this room.")] = None,
) -> HttpResponse:
    """List files.

    Those of messages in rooms that the caller may enter, and their own that wait for a message; with a key all. Newest
    first.
    """
    files = _visible(request.auth).order_by("-id")
    if room is not None:
        files = files.filter(room_id=wait_for(enter, request, request.auth, room).id)
    if (before := position_of(cursor)) is not None:
        files = files.filter(id__lt=before)
    found, more = cut(files, limit)
    return encoded({"data": _shown(request, found), "next": more})


@router.post("/files", response={201: FileOut}, auth=KeyOrUser("messages:write", pages=True))
def upload_file(request: ApiRequest, form: Form[NewFile], file: Part[UploadedFile]) -> HttpResponse:
    """Upload a file.

    As `multipart/form-data`. Send its `id` in the `files` of a message to the same room, by the same sender, within 24
    hours. Pictures (JPEG, PNG, GIF, WebP) are made anew, without what they say about where and with what they were
    taken. PDF, text, office documents, audio, video and zip archives are taken as well; 415 `file_type_not_allowed` for
    what is nothing of these, whatever it is called. 413 `file_too_large` beyond what the plan allows, as it comes or,
    of a picture, made anew.
    """
    _check_fields(request)
    check_sub_allowed(request, form.sub)
    most, size = request.tenant.limits.max_file_bytes, file.size or 0
    if size > most:
        raise Problem(413, "file_too_large", too_large(most))
    if not size:
        raise Problem(422, "invalid_field", "file is empty.")
    count_upload(request, size)
    room, sender = wait_for(_writable, request, form)
    kept = _kept(file, room, sender, most)
    return encoded(_shown(request, [kept])[0], status=201)


@router.get("/files/{file_id}", response=FileOut, auth=KeyOrUser("messages:read"))
def get_file(request: ApiRequest, file_id: str) -> HttpResponse:
    """Read a file.

    With fresh links to it, for whoever may enter its room now.
    """
    return encoded(_shown(request, [_found(request, file_id)])[0])


@router.delete("/files/{file_id}", response={204: None}, auth=KeyOrUser("messages:write"))
def remove_file(request: ApiRequest, file_id: str) -> tuple[int, None]:
    """Delete a file.

    One that waits for its message: with a key any, with a user's token their own. 409 `file_attached` where it belongs
    to a message: delete that.
    """
    file = _found(request, file_id)
    if not request.auth.is_bot and file.uploader_id != request.auth.member_id:
        raise Problem(403, "forbidden", "Only whoever sent a file can delete it.")
    if not discard(file):
        raise Problem(
            409, "file_attached", "This file belongs to a message. Delete the message, and it goes too."
        )
    return 204, None


def _check_fields(request: ApiRequest) -> None:
    """Raises Problem for what the form has beyond its fields: of forms the framework looks at those that it knows."""
    several = [
        name for fields in (request.POST, request.FILES) for name, all_ in fields.lists() if len(all_) > 1
    ]
    unknown = sorted({*request.POST, *request.FILES} - {*NewFile.model_fields, "file"})
    if unknown:
        raise Problem(422, "invalid_field", f"{unknown[0][:40]} is no field of this call.")
    if several or "file" in request.POST:
        raise Problem(422, "invalid_field", "A form holds each field once, and one file.")


async def _writable(request: ApiRequest, form: NewFile) -> tuple[RoomRecord, Identity]:
    """The room, and who is going to say something there. Raises Refused."""
    room, sender = await speaker(request, form.room, form.sub)
    with said_of(form.sub, form.room):
        access.check_not_muted(room)
    if room.archived:
        raise archived()
    return room, sender


def _kept(file: UploadedFile, room: RoomRecord, sender: Identity, largest: int) -> File:
    most = guest_limits.FILES_WAITING if sender.kind == "guest" else MOST_WAITING
    try:
        return keep(
            file,
            file.name or "",
            size=file.size or 0,
            largest=largest,
            room_id=room.id,
            uploader_id=sender.member_id,
            most=most,
        )
    except NotTaken as error:
        raise Problem(415, "file_type_not_allowed", str(error)) from None
    except BadPicture as error:
        raise Problem(422, "picture_refused", str(error)) from None
    except TooLarge as error:
        said = f"This picture has {error.size:,} bytes once it is made anew. {too_large(largest)} Send a smaller one."
        raise Problem(413, "file_too_large", said) from None
    except Busy:
        text = "Many pictures are being taken in just now. Try again in a moment."
        raise Problem(503, "pictures_busy", text, retry_after=5) from None
    except TooManyWaiting:
        raise Problem(
            409, "too_many_files", f"{most} files of this user wait for a message. Send or delete some first."
        ) from None


def _visible(caller: Identity) -> QuerySet[File]:
    """The files that a caller may see now."""
    files = File.objects.filter(deleted_at=None, stored_at__isnull=False).select_related("uploader")
    if caller.is_bot:
        return files
    rooms = Room.objects.filter(access.open_to(caller)).values("id")
    return files.filter(Q(message_id__isnull=False) | Q(uploader_id=caller.member_id), room_id__in=rooms)


def _found(request: ApiRequest, file_id: str) -> File:
    key: UUID | None = message_id_in(file_id)
    file = _visible(request.auth).filter(key=key).first() if key else None
    if file is None:
        raise Problem(404, "not_found", "There is no such file, or not for you.")
    return file


def _shown(request: ApiRequest, files: list[File]) -> list[Shown]:
    """Files as they are answered: with links for this very host, from now on."""
    rooms = dict(Room.objects.filter(id__in={file.room_id for file in files}).values_list("id", "name"))
    until = int(time.time()) + links.FRESH
    schema, test = request.tenant.schema_name, request.tenant.is_test

    def link(file: File, variant: links.Variant) -> str:
        return request.build_absolute_uri(links.path_to(schema, file, variant, until, test=test))

    return [
        Shown(
            id=str(file.key),
            room=rooms.get(file.room_id, ""),
            name=file.name,
            type=file.type,
            size=file.size,
            width=UNSET if file.width is None else file.width,
            height=UNSET if file.height is None else file.height,
            user_id=file.uploader.external_id,
            message_id=str(file.message_id) if file.message_id else UNSET,
            created_at=stamp(file.created_at),
            url=link(file, links.FILE),
            thumbnail_url=link(file, links.THUMBNAIL) if file.is_picture else UNSET,
            expires_at=stamp(datetime.fromtimestamp(until, UTC)),
        )
        for file in files
    ]
