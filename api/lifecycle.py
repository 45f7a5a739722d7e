"""How a call comes to its end: said in the document, in the headers of every answer, and in docs/changelog.md."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, TypeVar

from django.http import HttpRequest, HttpResponse
from django.utils.http import http_date
from ninja.decorators import decorate_view
from ninja.operation import Operation
from ninja.utils import contribute_operation_callback

View = TypeVar("View", bound=Callable[..., Any])
Answer = Callable[..., HttpResponse]

# Between the two dates: time for whoever reads the changelog twice a year.
LEAST_NOTICE: Final = timedelta(days=180)


def ending(*, deprecated: date, sunset: date, instead: str) -> Callable[[View], View]:
    """For a view, below its route: this call is deprecated from the one date, and may be gone from the other (UTC).

    Its answers then carry `Deprecation` (RFC 9745), `Sunset` (RFC 8594) and a `Link` to the call to use `instead`, an
    address or a fragment of `/api/v1/docs`. Raises ValueError where the notice is shorter than `LEAST_NOTICE`.
    """
    if sunset - deprecated < LEAST_NOTICE:
        raise ValueError(f"A deprecated call lives on for at least {LEAST_NOTICE.days} days.")
    headers = {
        "Deprecation": f"@{_midnight(deprecated)}",
        "Sunset": http_date(_midnight(sunset)),
        "Link": f'<{instead}>; rel="successor-version"',
    }

    def announced(answer: Answer) -> Answer:
        def answer_with_headers(request: HttpRequest, **values: Any) -> HttpResponse:
            response = answer(request, **values)
            for name, value in headers.items():
                response[name] = value
            return response

        return answer_with_headers

    def mark(view: View) -> View:
        contribute_operation_callback(view, _mark_deprecated)
        return decorate_view(announced)(view)

    return mark


def _mark_deprecated(operation: Operation) -> None:
    operation.deprecated = True


def _midnight(day: date) -> int:
    """When a day begins in UTC, in Unix seconds."""
    return int(datetime.combine(day, time(), UTC).timestamp())
