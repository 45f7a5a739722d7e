"""The ids and names that people arrive with."""

import pytest

from accounts.names import BadName, check_sub, clean_avatar, clean_name, storable


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (None, ""),
        ("", ""),
        ("Bob", "Bob"),
        ("  Bob \t\n Okafor  ", "Bob Okafor"),
        ("Bob\x07\x1b[31m", "Bob [31m"),
        # What cannot be seen, or turns the text around, is taken out: with it one name passes for another.
        ("Al\u200bice", "Alice"),
        ("\u202eecilA", "ecilA"),
        ("Al\u00adice", "Alice"),
        ("Al\u2066ice\u2069", "Alice"),
        ("\ufeffAlice", "Alice"),
        ("Al\U000e0041ice", "Alice"),
        ("Al\u061cice\u180e", "Alice"),
        ("\u3164", ""),
        ("\u2800\u115f\uffa0", ""),
        ("\u200b\u200d", ""),
        ("José Ñandú 李小龙 🙂", "José Ñandú 李小龙 🙂"),
        ("n" * 500, "n" * 100),
        ("n" * 99 + " n", "n" * 99),
        ("\u200b" * 900 + "Alice", "Alice"),
        ("🙂" * 200, "🙂" * 100),
    ],
)
def test_a_display_name_is_one_line_of_what_can_be_seen(given: str | None, shown: str) -> None:
    assert clean_name(given) == shown


def test_a_megabyte_of_name_is_cut_before_it_is_looked_at() -> None:
    assert clean_name("a" * 1_000_000) == "a" * 100


@pytest.mark.parametrize("given", [5, True, ["Bob"], {"a": 1}, b"Bob", "a\x00", "a\ud800"])
def test_what_is_no_name_is_refused(given: object) -> None:
    with pytest.raises(BadName):
        clean_name(given)


@pytest.mark.parametrize(
    "sub", ["b", "bob", "bob@shop.example", "42", "a b", "ü", "x" * 128, "guest", "bots:1", "%2F"]
)
def test_a_tenant_chooses_its_users_ids(sub: str) -> None:
    assert check_sub(sub) == sub


@pytest.mark.parametrize(
    "avatar", ["https://x.example/a.png", "https://x.example/" + "a" * 482, "https://x.example/ü?size=2#x"]
)
def test_an_avatar_is_an_https_address(avatar: str) -> None:
    assert clean_avatar(avatar) == avatar
    assert clean_avatar(None) == clean_avatar("") == ""


@pytest.mark.parametrize(
    "avatar",
    ["http://x.example", "HTTPS://x.example", "//x.example", "data:image/png,", "https://x\n.example", 5, []],
)
def test_any_other_avatar_is_refused(avatar: object) -> None:
    with pytest.raises(BadName):
        clean_avatar(avatar)


def test_storable_is_what_postgresql_and_utf8_hold() -> None:
    assert storable("🙂\n\x01\uffff")
    assert not storable("a\x00")
    assert not storable("\udc80")


@pytest.mark.parametrize(
    "sub",
    [
        "staff：x",
        "ｓtaff:x",
        "staff\u200b:x",
        "\u200bstaff:x",
        " staff:x",
        "\u2066bot:x",
        "STAFF:x",
        " ",
        "\ufeff",
        "a\ufffdb",
    ],
)
def test_an_id_that_reads_like_one_of_ours_or_like_nothing_is_refused(sub: str) -> None:
    assert check_sub("staffan") == "staffan"
    with pytest.raises(BadName):
        check_sub(sub)
