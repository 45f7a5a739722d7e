"""Links on the chat page, and what a browser makes of them, against what filters for links see."""

from __future__ import annotations

import sys
import unicodedata
from pathlib import Path
from random import Random
from typing import Any

import pytest
from playwright.sync_api import Browser

from moderation.actions.filters import check_pattern
from moderation.review import links
from moderation.review.policy import Policy, Rule

TEXT = Path(__file__).parents[2] / "static/snug/chat/text.js"
# The page's own links in each text, by the host that the browser would go to.
HOSTS = """([source, texts]) => {
  const { pieces } = new Function(source.replaceAll("export ", "") + "; return { pieces };")();
  return texts.map((text) => pieces(text).filter((each) => each.href).map((each) => new URL(each.href).hostname));
}"""

# Where a character can part what the browser sees from what the filter sees.
AROUND_ONE = (
    "http://ev{0}il.example/",
    "http://a{0}@%65vil.example/",
    "http://evil.example{0}@other.example/",
    "http://%65vil.example{0}",
    "{0}www.%65vil.example",
)
# What a sentence puts after a link; no host that can be asked for ends so.
AFTER = ".,;!)]"
# Categories of which browsers leave some out; and others that they leave out, or take for letters only since lately.
UNSEEN = {"Cc", "Cf", "Me", "Mn", "Zl", "Zp", "Zs"}
OTHERS = "\u115f\u1160\u2065\u3164\ua7f1\uffa0\ufff0\U000e0000\U000e01f0"
SOME = (
    *(
        "http://",
        "https://",
        "HTTP:/\\",
        "www.",
        "zz://",
        "http:",
        "//",
        "/",
        "\\",
        "?",
        "#",
        "@",
        ":",
        ".",
        ":80",
    ),
    *(
        "evil.example",
        "ours.example",
        "%65vil",
        ".example",
        "bücher.example",
        "xn--bcher-kva",
        "straße",
        "a" * 64,
    ),
    *(
        "%C2%AD",
        "%40",
        "%2E",
        "%25",
        "%",
        "\u00ad",
        "\u200b",
        "\u200d",
        "\ufe0f",
        "\U000e0100",
        "\U0001bca0",
        "\u3002",
    ),
    *(
        "\uff0f",
        "\uff20",
        "\uff1a",
        "\uff1f",
        "\u2026",
        "\x1c",
        "\x85",
        "\ufeff",
        "\u2066",
        "\u202e",
        "\u0308",
        "ﷺ",
    ),
    *(
        "a",
        "-",
        "_",
        "(",
        ")",
        "[",
        "]",
        "'",
        "|",
        "{",
        ",",
        "!",
        " ",
        "1.2",
        "0x7f000001",
        "日",
        "\ua7f1",
        "\u1e9e",
    ),
)


@pytest.fixture(scope="module")
def page(browser: Browser) -> Any:
    return browser.new_page()


def hosts_on(page: Any, texts: list[str]) -> list[list[str]]:
    found: list[list[str]] = page.evaluate(HOSTS, [TEXT.read_text(), texts])
    return found


def stands_for_signs(character: str) -> bool:
    plain = unicodedata.normalize("NFKC", character)
    return plain != character and not plain.isalnum()


def sites(host: str) -> set[str]:
    """Which filters can be about a host as `find` says it."""
    names = ((each, links.host_of(each)) for each in links.patterns_for(host, False))
    return {each for each, name in names if links.DOMAIN.fullmatch(name) and _kept(name) == name}


def _kept(pattern: str) -> str:
    return check_pattern("link", pattern, "refuse")


def unseen(texts: list[str], hosts: list[list[str]]) -> list[tuple[str, str, list[str]]]:
    """Texts with a link on the page that is not found, or not as that of the same site."""
    missed = []
    for text, on_page in zip(texts, hosts, strict=True):
        found = [host for host, surely, _ in links.find(text) if surely] if on_page else []
        under = [sites(host) for host in found]
        missed += [
            (ascii(text), host, found)
            for host in on_page
            if host.strip(AFTER) and sites(links.compared(host).rstrip(AFTER)) not in under
        ]
    return missed


def test_no_character_hides_where_a_link_on_the_page_leads(page: Any) -> None:
    every = [chr(code) for code in range(1, sys.maxunicode + 1) if not 0xD800 <= code < 0xE000]
    tried = [
        each
        for each in every
        if unicodedata.category(each) in UNSEEN or each in OTHERS or stands_for_signs(each)
    ]
    for form in AROUND_ONE:
        texts = [form.format(each) for each in tried]
        hosts = hosts_on(page, texts)
        assert sum("evil.example" in "".join(each) for each in hosts) > 20, form
        assert unseen(texts, hosts) == []


def test_the_filter_sees_every_link_on_the_page_as_the_browser_does(page: Any) -> None:
    random = Random(60)
    texts = ["".join(random.choices(SOME, k=random.randint(2, 9))) for _ in range(5_000)]
    texts += ["http://" + text for text in texts] + [
        "http://" + "a" * 600 + "@" + text for text in texts[:500]
    ]
    hosts = hosts_on(page, texts)
    assert len({host for each in hosts for host in each}) > 300
    assert unseen(texts, hosts) == []


@pytest.mark.parametrize(
    "text",
    [
        "http://ev\U0001bca0il.example/",
        "http://ev\U000e0100il.example/",
        "http://" + "a" * 513 + "@%65vil.example/",
        "http://a\uff0f@%65vil.example/",
        "http://a\x1c@%65vil.example/",
        "http://a'@%65vil.example/",
        "http://evil.example\u2066@other.example/",
        "-www.%65vil.example",
        "http://ev" + "%C2%AD" * 1_600 + "il.example",
        "zz://a,www.%65vil.example",
        "http://" + "b" * 64 + "." + "a." * 200 + "evil.example",
    ],
)
def test_nothing_hides_the_host_that_a_browser_goes_to(text: str) -> None:
    assert Policy([Rule("link", "evil.example", "refuse")]).apply(text).text is None


def test_a_site_that_is_called_www_is_found_within_another_link() -> None:
    assert Policy([Rule("link", "www.com", "refuse")]).apply("zz://a,www.%63om/x").text is None


def test_a_site_is_not_that_of_another_spelling_which_browsers_keep_apart() -> None:
    policy = Policy([Rule("link", links.host_of("straße.example"), "refuse")])
    for text in ("https://straße.example", "https://STRAẞE.example", "https://xn--strae-oqa.example"):
        assert policy.apply(text).text is None
    assert policy.apply("https://strasse.example").text is not None


@pytest.mark.parametrize("name", ["a" * 64 + ".example", "ä" * 60 + ".example", "一" * 1_000 + ".example"])
def test_no_host_has_a_name_that_is_too_long(name: str) -> None:
    assert links.host_of(name) == ""
    assert sites("evil.example").isdisjoint(host for host, _, _ in links.find(name))
