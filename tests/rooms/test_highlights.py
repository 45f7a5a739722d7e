"""What is shown of a message that was found: where the words are, and nothing that a browser would obey."""

from __future__ import annotations

import re

import pytest

from rooms.search import highlight, terms_of

SHOWN = [
    ("Where is my order?", "ord", "Where is my <mark>order</mark>?"),
    ("order orders ordeal", "order is", "<mark>order</mark> orders ordeal"),
    ("order orders ordeal", "is order", "<mark>order</mark> <mark>orders</mark> ordeal"),
    ("Un CAFÉ, un cafe\u0301 crème", "café", "Un <mark>CAFÉ</mark>, un <mark>cafe\u0301</mark> crème"),
    ("Łódź ﬁne Straße", "lodz strasse fin", "<mark>Łódź</mark> <mark>ﬁne</mark> <mark>Straße</mark>"),
    ("日本語テスト", "本語", "日<mark>本語</mark>テスト"),
    ("see foo_bar.example", "foo_bar", "see <mark>foo</mark>_<mark>bar</mark>.example"),
    ("Mr O’Brien paid 50€", "o’brien 50€", "Mr <mark>O</mark>’<mark>Brien</mark> paid <mark>50</mark>€"),
    ("مَرْحَبًا بالعالم", "بالع", "مَرْحَبًا <mark>بالعالم</mark>"),
    (
        "<script>alert('x')</script>",
        "alert",
        "&lt;script&gt;<mark>alert</mark>(&#x27;x&#x27;)&lt;/script&gt;",
    ),
    ("a &amp; <mark>b</mark>", "mark", "a &amp;amp; &lt;<mark>mark</mark>&gt;b&lt;/<mark>mark</mark>&gt;"),
    ("nothing here", "else", "nothing here"),
    ("🙂 fine", "🙂", "🙂 fine"),
]


@pytest.mark.parametrize(("text", "question", "shown"), SHOWN, ids=[question for _, question, _ in SHOWN])
def test_the_words_that_were_asked_for_are_marked_and_all_else_is_escaped(
    text: str, question: str, shown: str
) -> None:
    assert highlight(text, terms_of(question)) == shown


def test_of_a_long_message_a_piece_around_the_first_match_is_shown() -> None:
    found = highlight("x " * 500 + "needle in the hay " + "& " * 5_000, terms_of("needle"))
    assert re.fullmatch(r"…(x )+<mark>needle</mark> in the hay (&amp; )+…", found), found
    assert len(re.sub(r"<.*?>", "", found).replace("&amp;", "&")) <= 242
    assert highlight("n" * 9_000, terms_of("n")) == f"<mark>{'n' * 240}</mark>…"


def test_a_question_is_words_and_nothing_else() -> None:
    assert terms_of(" Hello,  'wörld'  a\x00b & !c:* ") == ["Hello", "wörld", "a", "b", "c"]
    assert terms_of("one two one") == ["two", "one"]
    assert terms_of("＇ﬁ\ufe68\ud800") == ["fi"]
    assert (terms_of("\x00 ' \t"), terms_of("")) == ([], [])
    assert all(len(term) <= 128 for term in terms_of("ﷺ" * 200 + "a" * 200))
