"""What may be said, before anyone asks a database."""

import pytest

from realtime.events import ErrorCode
from rooms.texts import Refused, check_client_id, check_text, is_room_name, message_id_in


@pytest.mark.parametrize(
    ("text", "trimmed"),
    [
        ("hello", "hello"),
        (" \t\nhello\u2003", "hello"),
        ("a  b", "a  b"),
        ("🎈" * 10, "🎈" * 10),
        ("x" * 10, "x" * 10),
    ],
)
def test_a_text_is_trimmed_and_counted_in_code_points(text: str, trimmed: str) -> None:
    assert check_text(text, 10) == trimmed


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (None, ErrorCode.EMPTY_MESSAGE),
        ("", ErrorCode.EMPTY_MESSAGE),
        (" \u00a0\u2028", ErrorCode.EMPTY_MESSAGE),
        ("x" * 11, ErrorCode.MESSAGE_TOO_LONG),
        ("🎈" * 11, ErrorCode.MESSAGE_TOO_LONG),
        ("\x00", ErrorCode.INVALID_FIELD),
        ("\ud800", ErrorCode.INVALID_FIELD),
        (7, ErrorCode.INVALID_FIELD),
        (b"hello", ErrorCode.INVALID_FIELD),
        (["hello"], ErrorCode.INVALID_FIELD),
    ],
)
def test_what_is_no_message_says_why(text: object, code: ErrorCode) -> None:
    with pytest.raises(Refused) as refused:
        check_text(text, 10)
    assert refused.value.code is code
    assert refused.value.message.endswith(".")


def test_a_client_id_has_1_to_64_characters_or_is_not_there() -> None:
    assert check_client_id(None) is None
    assert check_client_id("x" * 64) == "x" * 64
    for bad in ("", "x" * 65, 1, "\x00", "\udc00", ["x"]):
        with pytest.raises(Refused):
            check_client_id(bad)


def test_a_room_name_has_1_to_80_plain_characters() -> None:
    for good in ("a", "A-b_9", "x" * 80):
        assert is_room_name(good)
    for bad in ("", "x" * 81, "a b", "a/b", "a\n", "ä", "a.b", None, 7):
        assert not is_room_name(bad)


def test_a_message_id_is_one_as_we_write_it_and_in_no_other_spelling() -> None:
    text = "0123abcd-0123-4bcd-8123-0123456789ab"
    assert str(message_id_in(text)) == text
    for bad in (
        text.upper(),
        text.replace("-", ""),
        f"{{{text}}}",
        text.replace("0", "٠"),
        "None",
        "",
        None,
        7,
    ):
        assert message_id_in(bad) is None
