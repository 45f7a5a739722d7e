"""Where a request begins and ends for the audit."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from audit import acting


class ActingMiddleware:
    """Nobody acts before a door has said who, and nobody once the request is answered."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with acting.a_request():
            return self.get_response(request)
