"""Forms that carry JSON: as Slack does, incoming webhooks take `payload=<json>` for a body."""

import json
from typing import Any, Final

from django.http import HttpRequest, QueryDict
from ninja.parser import Parser

FORM: Final = "application/x-www-form-urlencoded"
INCOMING: Final = "/api/v1/incoming/"


def carries_payload(request: HttpRequest) -> bool:
    """Whether the body is such a form, at an address that takes one."""
    return request.method == "POST" and request.content_type == FORM and request.path.startswith(INCOMING)


class Payloads(Parser):
    """Reads JSON, and JSON in a form where that is taken."""

    def parse_body(self, request: HttpRequest) -> Any:
        if not carries_payload(request):
            return super().parse_body(request)
        # Without one it is as if nothing had been said.
        return json.loads(QueryDict(request.body, encoding="utf-8").get("payload") or "{}")
