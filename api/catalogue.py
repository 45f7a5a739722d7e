"""Every code by which Snug refuses something, and what it means: for `/api/v1/docs` and docs/errors.md.

None is ever taken away or given another meaning. `python -m api.catalogue > docs/errors.md` writes the page anew.
"""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

from realtime.events import CloseCode, ErrorCode

# Of problem documents, by status.
PROBLEMS: Final[dict[int, dict[str, str]]] = {
    400: {
        "invalid_json": "The body is no JSON in UTF-8.",
        "bad_request": "The request itself could not be understood.",
    },
    401: {
        "unauthenticated": "No credential, or one that is unknown, revoked or has expired; `detail` says which.",
    },
    402: {"tenant_suspended": "The workspace is suspended until its owner pays; nothing is deleted."},
    403: {
        "missing_scope": "The API key lacks the scope that the call, or what it asks for, needs.",
        "forbidden": "Not allowed to this caller: no member of the room, or beyond what a key may give.",
        "message_refused": "A filter or the workspace's own hook is against the text; `detail` may say why.",
        "message_repeated": "The user has said the same too often just now.",
        "blocked": "In a direct room where one has blocked the other neither writes.",
        "muted": "The user may only read in this room for now; `Retry-After` where it ends soon.",
        "banned": "The user is banned from the workspace.",
        "sub_not_allowed": "With a user's own token one acts as that user: leave `sub` away.",
        "room_limit_reached": "The plan's rooms are all in use.",
        "webhook_limit_reached": "The plan's webhooks are all in use.",
        "incoming_webhook_limit_reached": "The room has as many incoming webhooks as it may; delete one first.",
        "filter_limit_reached": "The workspace has as many filters as it may; delete one first.",
        "block_limit_reached": "This user has blocked as many people as one may.",
        "public_key_limit_reached": "No more public keys can be registered; revoke one first.",
        "guests_not_allowed": "The workspace admits no guests.",
        "proof_required": "New guests must show a proof of work now: solve `challenge`, and send it as `proof`.",
        "csrf_failed": "A form of the pages came from elsewhere, or too late. Calls with a key or token need no form.",
        "test_key_needed": "Only a test key may do this: what it is done to is test mode.",
        "origin_not_allowed": "The site is not on the workspace's list of origins.",
    },
    404: {
        "not_found": "There is no such thing, or not for this caller.",
        "no_such_workspace": "There is no workspace at this host.",
    },
    405: {"method_not_allowed": "The address does not answer to this method; `Allow` lists those it does."},
    409: {
        "room_exists": "There is a room of this name.",
        "room_archived": "Nobody writes in an archived room.",
        "last_room": "It is the workspace's only room; make another one first.",
        "user_exists": "There is a user with this id.",
        "message_deleted": "Of the message only its place is left.",
        "filter_exists": "There is a filter for this word or site; delete it to have another action.",
        "file_not_usable": "`files` names what it cannot have: another sender's, another room's, or sent before.",
        "file_attached": "The file belongs to a message: delete that.",
        "too_many_files": "As many files of the user wait for a message as may: 100, of a guest 20.",
        "reply_to_not_found": "`reply_to` names no message of this room.",
        "moment_passed": "A moment that must lie in the future does not.",
        "key_rotated": "Another key has taken this one's place already.",
        "key_unusable": "The key is revoked or has expired.",
        "public_key_exists": "This public key is registered already.",
        "webhook_off": "The webhook is switched off; switch it on first.",
        "test_mode_reset": "Test mode was reset while the call was carried out: what it did may be gone.",
        "idempotency_key_in_use": "A request under this Idempotency-Key is being carried out; see `Retry-After`.",
    },
    413: {
        "too_large": "The body is over 1 MiB, declared or not.",
        "file_too_large": "The file has more bytes than the plan allows, as it comes or, of a picture, made anew.",
    },
    415: {
        "unsupported_media_type": "Send JSON, with `Content-Type: application/json`; a file as `multipart/form-data`.",
        "file_type_not_allowed": "The file's bytes say that it is of no kind that is taken.",
    },
    422: {
        "invalid_field": "A field is missing, unknown or wrong; `detail` says which, `errors` (where there) each.",
        "invalid_cursor": "The cursor is not the `next` of a page.",
        "empty_message": "A message needs a text, or files.",
        "picture_refused": "The picture is damaged, or has too many pixels or layers.",
        "message_too_long": "The plan allows fewer characters.",
        "token_too_large": "The token would be over 4 KiB: name fewer rooms.",
        "idempotency_key_reused": "The Idempotency-Key was sent before with another body.",
    },
    429: {
        "rate_limited": "Too many requests, or messages; `Retry-After` says when to come back.",
        "slow_mode": "The room is in slow mode; `Retry-After` says when the user may speak again.",
    },
    500: {"internal_error": "Our fault, and we have been told."},
    503: {
        "unavailable": "The database or Redis is away; nothing was done. `Retry-After` says when to ask again.",
        "message_not_checked": "The workspace's own hook, which has to agree, gives no answer; see `Retry-After`.",
        "pictures_busy": "Other pictures are being taken in; `Retry-After` says when to send it again.",
        "search_busy": "Others are being searched for; `Retry-After` says when to ask again.",
        "search_too_slow": "The search would look through too much: add a rarer word, or name a room.",
    },
}

# Of `error` frames. The socket lives on.
FRAMES: Final[dict[ErrorCode, str]] = {
    ErrorCode.INVALID_JSON: "The frame is no JSON, or nested too deeply.",
    ErrorCode.INVALID_FRAME: "The frame is JSON, but no object.",
    ErrorCode.MISSING_TYPE: "The frame has no `type`.",
    ErrorCode.UNKNOWN_TYPE: "There is no such `type` on this kind of socket.",
    ErrorCode.INVALID_FIELD: "A field is missing, of the wrong type, or beyond what is allowed.",
    ErrorCode.EMPTY_MESSAGE: "A message needs a text, or files.",
    ErrorCode.MESSAGE_TOO_LONG: "The plan allows fewer characters.",
    ErrorCode.TOKEN_EXPIRED: "The token has passed its `exp`: send `refresh_token` within 30 s.",
    ErrorCode.RATE_LIMITED: "Too many messages, edits and reactions; `retry_after` says when to go on.",
    ErrorCode.SLOW_MODE: "The room is in slow mode; `retry_after` says when you may speak again.",
    ErrorCode.MUTED: "You may only read in this room for now.",
    ErrorCode.FORBIDDEN: "Not allowed to you.",
    ErrorCode.NOT_FOUND: "There is no such room or message.",
    ErrorCode.ROOM_ARCHIVED: "Nobody writes in an archived room.",
    ErrorCode.INTERNAL_ERROR: "Our fault, and we have been told.",
}

# Of closed sockets: what it means, and what a client should do.
CLOSES: Final[dict[CloseCode, tuple[str, str]]] = {
    CloseCode.REPLACED: ("another socket of yours took this one's place", "nothing"),
    CloseCode.BINARY: ("frames are text", "stop"),
    CloseCode.TOO_LARGE: ("a frame over 64 KiB", "stop"),
    CloseCode.RESTARTING: ("the server restarts or drains", "reconnect with jitter and `since`"),
    CloseCode.MALFORMED: ("a malformed request or room name", "stop"),
    CloseCode.UNAUTHENTICATED: ("no, bad, expired or revoked credentials", "fetch a new token, then retry"),
    CloseCode.TOO_MANY_CONNECTIONS: ("the connection limit of the plan or of the user", "back off"),
    CloseCode.FORBIDDEN: ("not allowed here: membership, ban, origin", "stop"),
    CloseCode.NOT_FOUND: ("no such workspace or room", "stop"),
    CloseCode.TOO_SLOW: ("too slow to read", "reconnect with `since`"),
    CloseCode.FLOODING: ("far over the rate limit", "back off"),
    CloseCode.SUSPENDED: ("the workspace is suspended", "stop"),
    CloseCode.INTERNAL: ("our fault", "retry with backoff"),
}

_HEAD: Final = """# Errors

Generated from `api/catalogue.py`; do not edit. Programs go by codes, which never change; sentences may.

## Of the API

Problem documents (RFC 9457): `{type, title, status, code, detail}`, and `errors` where fields are refused.
"""
_FRAMES: Final = """
## Of sockets

`error` frames: `{type, error: {code, message}, message, client_id?, ref?, retry_after?}`. The socket lives on.
"""
_CLOSES: Final = """
## Of closed sockets

A client that does not offer the subprotocol `snug.v1` is refused in the handshake instead, with a problem document that
carries the code in `close_code`.
"""


def page() -> str:
    """All of it as Markdown."""
    problems = [
        (f"{status} {HTTPStatus(status).phrase}", f"`{code}`", meaning)
        for status, codes in PROBLEMS.items()
        for code, meaning in codes.items()
    ]
    frames = [(f"`{code}`", meaning) for code, meaning in FRAMES.items()]
    closes = [(str(int(code)), *told) for code, told in CLOSES.items()]
    return "".join(
        [
            _HEAD,
            _table(("status", "code", "meaning"), problems),
            _FRAMES,
            _table(("code", "meaning"), frames),
            _CLOSES,
            _table(("code", "meaning", "client should"), closes),
        ]
    )


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n" + "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201 - this is what it is for
