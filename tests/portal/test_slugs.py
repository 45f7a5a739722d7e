"""Which addresses are offered, and how the live check answers."""

from __future__ import annotations

import pytest

from portal.names import one_line, shaped
from tests.personas import Workspace
from tests.portal.visitor import Visitor


def test_a_free_address_is_free(visitor: Visitor, portal_url: str) -> None:
    answer = visitor.get("/signup/slug/", params={"slug": "quite-free"}).json()
    assert answer == {
        "slug": "quite-free",
        "free": True,
        "words": f"quite-free.{portal_url.removeprefix('http://')} is free.",
    }


def test_a_taken_address_is_taken_and_another_is_offered(visitor: Visitor, workspace: Workspace) -> None:
    taken = visitor.get("/signup/slug/", params={"slug": workspace.slug}).json()
    assert (taken["free"], "is taken" in taken["words"]) == (False, True)
    offered = visitor.get("/signup/slug/", params={"organisation": workspace.slug}).json()
    assert (offered["slug"], offered["free"]) == (f"{workspace.slug}-2", True)


@pytest.mark.parametrize("slug", ["www", "admin", "api", "localhost", "snug", "xn--ls8h"])
def test_reserved_addresses_are_refused(visitor: Visitor, slug: str) -> None:
    answer = visitor.get("/signup/slug/", params={"slug": slug}).json()
    assert (answer["free"], "is reserved" in answer["words"]) == (False, True)


@pytest.mark.parametrize(
    "slug",
    [
        "ab",
        "a" * 41,
        "-abc",
        "abc-",
        "1abc",
        "a.b.c",
        "a_b_c",
        "../../etc",
        "acme;drop schema public",
        "acme\x00",
        "acme\n",
        "аcme",  # a Cyrillic letter
        "ac/me",
        "public ",
        "\u202eemca",
        "%00",
        "<b>acme",
        "🍺🍺🍺",
        "x" * 5000,
    ],
)
def test_hostile_addresses_are_refused(visitor: Visitor, slug: str) -> None:
    response = visitor.get("/signup/slug/", params={"slug": slug})
    assert response.status_code == 200
    answer = response.json()
    assert answer["free"] is (answer["slug"] == "acme"), answer  # what is only untrimmed may be trimmed


def test_raw_bytes_in_the_query_are_no_fault_of_ours(visitor: Visitor) -> None:
    for query in ("slug=%00", "slug=%FF%FE", "slug=%ED%A0%80", "organisation=%00%FF", "slug[]=x", ""):
        assert visitor.get(f"/signup/slug/?{query}").status_code == 200


def test_the_check_is_limited_by_address(visitor: Visitor) -> None:
    codes = [visitor.get("/signup/slug/?slug=x").status_code for _ in range(130)]
    assert codes[0] == 200
    assert codes[-1] == 429


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Initech", "initech"),
        ("Café Ümläut & Söhne GmbH", "cafe-umlaut-sohne-gmbh"),
        ("Straße Nørrebro", "strasse-norrebro"),
        ("O'Brien's", "obriens"),
        ("3M", ""),
        ("99 Red Balloons", "red-balloons"),
        ("日本酒", ""),
        ("a" * 60, "a" * 36),
        ("--- --", ""),
    ],
)
def test_a_name_becomes_the_nearest_address(name: str, slug: str) -> None:
    assert shaped(name) == slug


def test_a_name_is_one_line_without_hidden_characters() -> None:
    assert one_line(" Acme\u202e\tInc\r\n \x00 ") == "Acme Inc"
