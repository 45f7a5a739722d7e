"""Which addresses a workspace may have."""

import pytest

from tenants import slugs
from tests.personas import Workspace


@pytest.mark.parametrize("slug", ["abc", "acme", "a-b", "a--b", "x2y", "shop-24", "a" * 40, "l33t-h4x0r"])
def test_ordinary_names_are_taken(slug: str) -> None:
    slugs.check_shape(slug)


HOSTILE = {
    "empty": "",
    "one character": "a",
    "two characters": "ab",
    "41 characters": "a" * 41,
    "a megabyte": "a" * 1_000_000,
    "upper case": "Acme",
    "a digit first": "1acme",
    "a hyphen first": "-acme",
    "a hyphen last": "acme-",
    "underscore": "ac_me",
    "dot": "ac.me",
    "space": "ac me",
    "a space around": " acme ",
    "trailing newline": "acme\n",
    "newline": "ac\nme",
    "NUL": "acme\x00",
    "slash": "acme/console",
    "port": "acme:8000",
    "percent": "acme%00",
    "unicode letters": "acmé",
    "a cyrillic look-alike": "аcme",
    "fullwidth": "ａｃｍｅ",
    "arabic digits": "acme٢٣",
    "invisible": "ac\u200bme",
    "a lone surrogate": "acme\ud800",
    "SQL": "a'; DROP SCHEMA public; --",
    "HTML": "<script>alert(1)</script>",
    "a path": "../../etc/passwd",
    "punycode": "xn--acm-epa",
}


@pytest.mark.parametrize("slug", HOSTILE.values(), ids=HOSTILE)
def test_hostile_names_are_refused_with_a_sentence(slug: str) -> None:
    with pytest.raises(slugs.SlugRefused) as refused:
        slugs.check_shape(slug)
    sentence = str(refused.value)
    assert sentence.endswith(".")
    assert len(sentence) < 200


@pytest.mark.parametrize(
    "slug", ["www", "admin", "api", "snug", "localhost", "mail", "postmaster", "wpad", "login"]
)
def test_names_that_could_pass_for_ours_are_reserved(slug: str) -> None:
    with pytest.raises(slugs.SlugRefused, match="reserved"):
        slugs.check(slug)


def test_a_taken_name_is_refused_as_taken(workspace: Workspace) -> None:
    with pytest.raises(slugs.SlugRefused, match="taken"):
        slugs.check(workspace.slug)
