"""What filters for words and links find in a text."""

from __future__ import annotations

import time

import pytest

from moderation.actions.filters import check_pattern
from moderation.review.policy import MOST_FOUND, Policy, Rule


def rule(kind: str, pattern: str, action: str) -> Rule:
    return Rule(kind, check_pattern(kind, pattern, action), action)


def masked(text: str, *patterns: str) -> str | None:
    return Policy([rule("word", pattern, "mask") for pattern in patterns]).apply(text).text


@pytest.mark.parametrize(
    ("pattern", "text", "read"),
    [
        ("heck", "What the heck!", "What the ••••!"),
        ("heck", "HECK, Heck_heck", "••••, ••••_••••"),
        ("heck", "check the heckler", "check the heckler"),
        ("heck", "héck ｈｅｃｋ h\u200beck", "•••• •••• •••••"),
        ("heck", "h\u0301eck", "•••••"),
        ("Straße", "die STRASSE", "die •••••••"),
        ("go home", "Go   home! gone home", "••   ••••! gone home"),
        ("go home", "go, home", "••• ••••"),
        ("heck*", "heckler, check", "•••••••, check"),
        ("*heck", "heckler, check", "heckler, •••••"),
        ("*heck*", "heckler, checks", "••••ler, c••••s"),
        ("😡", "no 😡😡", "no ••"),
        ("傻瓜", "你是傻瓜吗", "你是••吗"),
        ("कुत्ता", "वह कुत्ता है", "वह •••••• है"),
        ("कुत्ता", "वह कत है", "वह कत है"),
        ("a.b", "a.b a-b ab", "••• ••• ab"),
        ("heck", "h\x08eck he\x1bck hec\x7fk", "••••• ••••• •••••"),
        ("heck", "he\u180bck h\u1160eck he\u3164ck heck\u2800", "••••• ••••• ••••• ••••\u2800"),
        ("heck", "he\u2065ck he\ufff0ck he\U000e01f0ck", "••••• ••••• •••••"),
        ("heck", "\u202e\u202dheck", "••••"),
        ("heck", "oh \u202e\u2066heck\u2069!", "oh ••••!"),
        ("heck", "he\u200fck \u061che\u200eck", "•••• ••••"),
        ("go home", "\u2067go\u200f home\u2069!", "•• ••••!"),
        ("*a*", "banana", "b•n•n•"),
        ("一二", "一二三一", "••三一"),
    ],
)
def test_a_word_is_found_as_a_reader_reads_it(pattern: str, text: str, read: str) -> None:
    assert masked(text, pattern) == read


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("evil.example", "see https://evil.example/x", True),
        ("evil.example", "see HTTPS://WWW.Evil.Example.", True),
        ("evil.example", "evil.example is good", True),
        ("evil.example", "mail@evil.example", True),
        ("evil.example", "https://bank.example@evil.example/", True),
        ("evil.example", "https://evil.example@bank.example/", False),
        ("evil.example", "https://bank.example/evil.example", False),
        ("evil.example", "https://notevil.example", False),
        ("evil.example", "evil\uff0eexample", True),
        ("evil.example", "https:///evil.example/x", True),
        ("evil.example", "https:\\/\\/evil.example", True),
        ("evil.example", "http://a|https://evil.example", True),
        ("evil.example", "https://evil%2Eexample/", True),
        ("evil.example", "https://ev\u180bil.example", True),
        ("bücher.example", "see https://xn--bcher-kva.example/", True),
        ("xn--bcher-kva.example", "see BÜCHER.example", True),
        ("bank.example", "https://bánk.example/login", False),
        ("*", "https:////x.example", True),
        ("*", "see shop.com", True),
        ("*", "see ftp://x.y", True),
        ("*", "node.js, e.g. this...or that.Then", False),
    ],
)
def test_a_link_is_found_by_the_host_it_leads_to(pattern: str, text: str, found: bool) -> None:
    assert (Policy([rule("link", pattern, "refuse")]).apply(text).text is None) is found


def test_an_allowed_site_is_exempt_from_the_filter_for_every_link() -> None:
    policy = Policy([rule("link", "*", "refuse"), rule("link", "ours.example", "allow")])
    assert policy.apply("https://help.ours.example/a").text is not None
    assert policy.apply("https://ours.example.evil.example/a").text is None
    assert policy.apply("https://ours.example and https://evil.example").text is None


def test_what_is_refused_is_refused_whatever_else_is_found_and_a_report_changes_no_text() -> None:
    rules = [rule("word", "dull", "mask"), rule("word", "odd", "report"), rule("word", "bad", "refuse")]
    assert Policy(rules).apply("dull, odd and bad").text is None
    found = Policy(rules).apply("dull and odd")
    assert (found.text, found.reported) == ("•••• and odd", (rules[1],))


def test_what_finds_the_same_is_the_same_filter() -> None:
    for pattern in ("Héck", " heck ", "ＨＥＣＫ", "he\u200bck"):
        assert check_pattern("word", pattern, "mask") == "heck"
    for pattern in ("*a*", "**a*", "*A***"):
        assert check_pattern("word", pattern, "mask") == "*a*"
    assert check_pattern("word", "go,  HOME", "mask") == "go home"
    for site in ("www.Evil.Example", "evil.example"):
        assert check_pattern("link", site, "refuse") == "evil.example"


@pytest.mark.parametrize(
    "pattern",
    ["*", "he*ck", "\u200b", "*go home", "one two three four five six seven eight nine", f"*{'x' * 41}*"],
)
def test_what_finds_nothing_or_costs_too_much_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="pattern: "):
        check_pattern("word", pattern, "mask")


def test_an_allow_list_is_not_passed_by_who_looks_like_one() -> None:
    policy = Policy([rule("link", "*", "refuse"), rule("link", "bank.example", "allow")])
    for text in (
        "https://bánk.example/login",
        "https:///other.example/@bank.example",
        "http://bank.example|https://x.io",
    ):
        assert policy.apply(text).text is None
    assert policy.apply("https://login.bank.example/x?y=http").text is not None


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("oh \u202ekceh\u202c!", "oh kceh!"),
        ("\u202ekc\u202c\u202eeh", "kceh"),
        ("\u200fck\u200fhe", "ckhe"),
        ("\u2067ck\u200fhe\u2069 \u202b", "ckhe"),
        ("שלום\u200f!", "שלום!"),
        ("\u202e", "\u202e"),
        ("", ""),
    ],
)
def test_what_is_written_is_shown_in_the_order_in_which_it_was_looked_at(text: str, written: str) -> None:
    assert masked(text, "heck") == written
    assert Policy([rule("link", "evil.example", "refuse")]).apply(text).text == text


def test_a_text_that_stands_for_far_more_letters_than_it_has_is_refused() -> None:
    for text in ("ﷺ" * 150, "ﷺ " * 170, "㌀" * 1_000, "각" * 10_000):
        assert masked(text, "heck") == text
    for text in ("ﷺ" * 10_000, "ⅲ" * 10_000, "heck " + "ﷺ" * 10_000):
        assert masked(text, "heck") is None


def test_no_text_costs_more_than_its_length() -> None:
    labels = "".join(map(chr, range(0x4E00, 0x4E00 + 299)))
    policy = Policy([rule("link", "evil.example", "refuse"), rule("word", "*heck*", "refuse")])
    for text in (
        ("@www." * 40 + labels + " ") * 20,
        (labels * 3 + ".com ") * 11,
        "http://" + "a@www." * 1_600,
    ):
        started = time.thread_time()
        assert policy.apply(text).text == text
        assert time.thread_time() - started < 0.4  # a tenth of that, and many seconds if each were read anew


def test_a_text_of_nothing_but_what_is_looked_for_is_refused() -> None:
    policy = Policy([rule("word", "*a*", "mask")])
    assert policy.apply("a" * MOST_FOUND).text == "•" * MOST_FOUND
    assert policy.apply("a" * (MOST_FOUND + 1)).text is None
