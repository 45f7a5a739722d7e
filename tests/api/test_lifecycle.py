"""A call that comes to its end says so in the document and in every answer of its own."""

from __future__ import annotations

from datetime import date

import pytest
from django.http import HttpRequest
from ninja import NinjaAPI, Router
from ninja.testing import TestClient

from api.lifecycle import ending


def api_with_an_ending() -> NinjaAPI:
    router = Router()

    @router.get("/old")
    @ending(deprecated=date(2027, 1, 1), sunset=date(2027, 7, 1), instead="/api/v1/docs#new")
    def old(request: HttpRequest, n: int = 0) -> dict[str, int]:
        return {"n": n}

    @router.get("/new")
    def new(request: HttpRequest) -> dict[str, int]:
        return {}

    api = NinjaAPI(urls_namespace="ending", docs_url=None)
    api.add_router("", router)
    return api


def test_every_answer_of_it_names_both_dates_and_the_call_to_use() -> None:
    client = TestClient(api_with_an_ending())
    for asked, status in (("/old?n=1", 200), ("/old?n=x", 422)):
        answer = client.get(asked)
        assert answer.status_code == status
        assert answer["Deprecation"] == "@1798761600"
        assert answer["Sunset"] == "Thu, 01 Jul 2027 00:00:00 GMT"
        assert answer["Link"] == '</api/v1/docs#new>; rel="successor-version"'
    assert not client.get("/new").has_header("Sunset")


def test_the_document_calls_it_deprecated() -> None:
    paths = api_with_an_ending().get_openapi_schema(path_prefix="")["paths"]
    assert paths["/old"]["get"].get("deprecated") is True
    assert "deprecated" not in paths["/new"]["get"]


def test_nobody_is_given_less_than_half_a_year() -> None:
    with pytest.raises(ValueError, match="180 days"):
        ending(deprecated=date(2027, 1, 1), sunset=date(2027, 6, 1), instead="")
