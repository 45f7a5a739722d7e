"""Every refusal as a problem document with a stable code."""

import math
from typing import Any, Final

from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from accounts.names import BadName
from api.sentences import field_of, sentence
from realtime.events import ErrorCode
from rooms.actions import FilesRefused, MessageDeleted, NothingToAnswer
from rooms.texts import NotChecked, NotLetThrough, Refused
from tenants.problems import problem

_STATUS: Final[dict[ErrorCode, int]] = {
    ErrorCode.EMPTY_MESSAGE: 422,
    ErrorCode.INVALID_FIELD: 422,
    ErrorCode.MESSAGE_TOO_LONG: 422,
    ErrorCode.RATE_LIMITED: 429,
    ErrorCode.SLOW_MODE: 429,
    ErrorCode.FORBIDDEN: 403,
    ErrorCode.MUTED: 403,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.ROOM_ARCHIVED: 409,
}


MOST_TOLD: Final = 5  # in the sentence of a problem; its `errors` hold them all


class Problem(Exception):
    """A request that is not carried out."""

    def __init__(
        self, status: int, code: str, detail: str, *, retry_after: int | None = None, **more: Any
    ) -> None:
        """`more` are further members of the document."""
        super().__init__(detail)
        self.status, self.code, self.detail, self.retry_after = status, code, detail, retry_after
        self.more = more


class Replay(Exception):
    """The request was carried out before; `answer` is what was answered then."""

    def __init__(self, answer: HttpResponse) -> None:
        super().__init__()
        self.answer = answer


def response(error: Problem) -> HttpResponse:
    """The document for a Problem."""
    answer = problem(error.status, error.code, error.detail, **error.more)
    if error.retry_after is not None:
        answer["Retry-After"] = str(error.retry_after)
    if error.status == 401:
        answer["WWW-Authenticate"] = 'Bearer realm="snug"'
    return answer


def of_refusal(error: Refused) -> Problem:
    """A refusal from a room, as this API says it."""
    retry = max(1, math.ceil(error.retry_after)) if error.retry_after is not None else None
    if isinstance(error, NothingToAnswer):
        return Problem(409, "reply_to_not_found", error.message)
    if isinstance(error, FilesRefused):
        return Problem(409, "file_not_usable", error.message)
    if isinstance(error, NotLetThrough):
        return Problem(403, error.reason, error.message)
    if isinstance(error, NotChecked):
        return Problem(503, error.reason, error.message, retry_after=retry)
    if isinstance(error, MessageDeleted):
        return Problem(409, "message_deleted", error.message)
    return Problem(_STATUS.get(error.code, 503), error.code.lower(), error.message, retry_after=retry)


def install(api: NinjaAPI) -> None:
    """Answer every exception that a view may raise with a problem document."""

    @api.exception_handler(Problem)
    def _problem(request: HttpRequest, error: Problem) -> HttpResponse:
        return response(error)

    @api.exception_handler(Replay)
    def _replay(request: HttpRequest, error: Replay) -> HttpResponse:
        return error.answer

    @api.exception_handler(Refused)
    def _refused(request: HttpRequest, error: Refused) -> HttpResponse:
        return response(of_refusal(error))

    @api.exception_handler(BadName)
    def _bad_name(request: HttpRequest, error: BadName) -> HttpResponse:
        return problem(422, "invalid_field", str(error))

    @api.exception_handler(ValidationError)
    def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
        errors = [{"field": field_of(each), "message": sentence(each)} for each in error.errors]
        text = " ".join(each["message"] for each in errors[:MOST_TOLD])
        return problem(422, "invalid_field", text, errors=errors)

    @api.exception_handler(AuthenticationError)
    def _unauthenticated(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
        return response(Problem(401, "unauthenticated", "Send an API key or a user token as a bearer token."))

    @api.exception_handler(Http404)
    def _missing(request: HttpRequest, error: Http404) -> HttpResponse:
        return problem(404, "not_found", "There is nothing at this address.")

    @api.exception_handler(ObjectDoesNotExist)
    def _gone(request: HttpRequest, error: ObjectDoesNotExist) -> HttpResponse:
        return problem(404, "not_found", "It was deleted just now.")

    @api.exception_handler(HttpError)
    def _http(request: HttpRequest, error: HttpError) -> HttpResponse:
        if error.status_code == 400:
            return problem(400, "invalid_json", "The body is not JSON in UTF-8.")
        return problem(error.status_code, "refused", str(error))
