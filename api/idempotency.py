"""`Idempotency-Key`: a POST that is sent twice is carried out once, and both are given the same answer.

What was refused did nothing and is not kept: the key may be used again. A process that dies in mid-request leaves its
key taken for UNDER_WAY seconds; whoever then tries again carries it out. A message is not written twice even so: its id
is kept with the key.
"""

import hashlib
import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid4

import msgspec
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts.identity import Identity
from api.errors import Problem, Replay
from api.models import IdempotentRequest
from tenants.context import HasSchema, run_in_tenant

if TYPE_CHECKING:
    from api.callers import ApiRequest

KEPT: Final = timedelta(hours=24)
UNDER_WAY: Final = timedelta(seconds=60)
REPLAYED: Final = "Idempotency-Replayed"
# What is told once. A repeat is answered without it.
SECRETS: Final = frozenset(["secret", "signing_secret", "secret_url"])

_SHAPE: Final = re.compile(r"[\x21-\x7e]{1,255}")


class Attempt(msgspec.Struct, frozen=True):
    """One carrying out of a request under a key."""

    digest: bytes
    began: datetime
    message_id: UUID
    repeatable: bool


def begin(request: "ApiRequest", caller: Identity, *, repeatable: bool = True) -> None:
    """Note that it is under way, if it has a key. Raises Replay with the first one's answer, or Problem.

    What is not `repeatable` is carried out each time: nothing comes of it that must not be there twice.
    """
    sent = request.headers.get("idempotency-key")
    if sent is None or request.method != "POST":
        return
    if not _SHAPE.fullmatch(sent):
        raise Problem(422, "invalid_field", "Idempotency-Key has 1 to 255 visible ASCII characters.")
    # A key goes by a name that no user can have.
    digest = hashlib.sha256(msgspec.json.encode([caller.acts_as, request.path, sent])).digest()
    request.attempt = _claim(digest, _body_digest(request), repeatable)


def finish(request: HttpRequest, answer: HttpResponse) -> None:
    """Keep the answer of what was carried out under a key."""
    attempt: Attempt | None = getattr(request, "attempt", None)
    if attempt is None:
        return
    mine = IdempotentRequest.objects.filter(digest=attempt.digest, created_at=attempt.began)
    if not 200 <= answer.status_code < 300:
        mine.delete()
    else:
        kept = _without_secrets(answer.content) if attempt.repeatable else b""
        mine.update(status=answer.status_code, answer=kept)


def carry_over(request: HttpRequest, tenant: HasSchema, status: int) -> None:
    """The call under way leaves this schema for another, which remembers it from here on: as answered with `status`,
    and without a body."""
    attempt = attempt_of(request)
    if attempt is not None:
        known = IdempotentRequest.objects.get(digest=attempt.digest)
        known.status = status
        run_in_tenant(tenant, known.save, force_insert=True)


def attempt_of(request: HttpRequest) -> Attempt | None:
    """Under which key this request is being carried out, if any."""
    return getattr(request, "attempt", None)


def forget_old() -> None:
    """Delete what is past its time. Runs inside the tenant's schema."""
    IdempotentRequest.objects.filter(created_at__lt=timezone.now() - KEPT).delete()


def _claim(digest: bytes, body_digest: bytes, repeatable: bool) -> Attempt:
    now = timezone.now()
    try:
        first, is_new = IdempotentRequest.objects.get_or_create(
            digest=digest, defaults={"body_digest": body_digest, "created_at": now}
        )
    except IntegrityError:  # the other one was there, was refused, and has gone
        raise _still_under_way() from None
    if is_new:
        return Attempt(digest, now, first.message_id, repeatable)
    lapsed = first.created_at < now - (UNDER_WAY if first.status is None else KEPT)
    if bytes(first.body_digest) != body_digest and not (lapsed and first.status is not None):
        raise Problem(
            422, "idempotency_key_reused", "This Idempotency-Key was sent before, with another body."
        )
    if first.status is not None and not lapsed:
        if repeatable:
            raise Replay(_answer(first))
    elif not lapsed:
        raise _still_under_way()
    message_id = first.message_id if first.status is None else uuid4()
    took = IdempotentRequest.objects.filter(digest=digest, created_at=first.created_at, status=first.status)
    if not took.update(created_at=now, status=None, body_digest=body_digest, message_id=message_id):
        raise _still_under_way()
    return Attempt(digest, now, message_id, repeatable)


def _still_under_way() -> Problem:
    return Problem(
        409,
        "idempotency_key_in_use",
        "A request with this Idempotency-Key is still being carried out.",
        retry_after=1,
    )


def _answer(first: IdempotentRequest) -> HttpResponse:
    answer = HttpResponse(bytes(first.answer), status=first.status, content_type="application/json")
    answer[REPLAYED] = "true"
    return answer


def _body_digest(request: HttpRequest) -> bytes:
    if request.content_type == "multipart/form-data":
        return _form_digest(request)
    return hashlib.sha256(request.body).digest()


def _form_digest(request: HttpRequest) -> bytes:
    """Of what a form says, however it was put together: its fields, and its files by name, kind and bytes. The bytes
    are read from where the form was unpacked to, a piece at a time."""
    said = [
        sorted((name, values) for name, values in request.POST.lists()),
        sorted(
            (name, file.name, file.content_type, _bytes_digest(file))
            for name, files in request.FILES.lists()
            for file in files
        ),
    ]
    return hashlib.sha256(msgspec.json.encode(said)).digest()


def _bytes_digest(file: "UploadedFile[bytes]") -> str:
    whole = hashlib.sha256()
    for piece in file.chunks():
        whole.update(piece)
    file.seek(0)
    return whole.hexdigest()


def _without_secrets(body: bytes) -> bytes:
    try:
        said: Any = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return body
    if isinstance(said, dict) and SECRETS & said.keys():
        return msgspec.json.encode({name: None if name in SECRETS else said[name] for name in said})
    return body
