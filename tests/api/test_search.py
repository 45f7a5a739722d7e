"""Finding what was said: what is found, by whom, in which order, and what is asked for in vain."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx
import psycopg
import pytest

from accounts.actions import create_api_key
from rooms.search import TooSlow, Wanted, find, finding, indexing
from tenants.context import run_in_tenant
from tests.isolation.errands import bearer
from tests.personas import Workspace
from tests.realtime.backstage import fill, rows, schema_of
from tests.tenants.test_hosts import signed_in

SEARCH = "/api/v1/search"
BEHIND = (
    "SELECT count(*) FROM rooms_room r LEFT JOIN rooms_searchmark k ON k.room_id = r.id "
    "WHERE r.last_rev > coalesce(k.rev, 0)"
)


def say(client: httpx.Client, text: str, room: str = "general", **more: Any) -> dict[str, Any]:
    answer = client.post(f"/api/v1/rooms/{room}/messages", json={"message": text, **more})
    assert answer.status_code == 201, answer.text
    said: dict[str, Any] = answer.json()
    return said


def hits(client: httpx.Client, q: str, **params: Any) -> list[dict[str, Any]]:
    answer = client.get("/api/v1/search", params={"q": q, **params})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


def texts(client: httpx.Client, q: str, **params: Any) -> list[str]:
    return [hit["message"]["message"] for hit in hits(client, q, **params)]


def in_a_loop(work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """Carry out `work` in an event loop of its own, on connections of its own."""
    from tenants.database import close_pool

    async def carried_out() -> Any:
        try:
            return await work()
        finally:
            await close_pool()

    return asyncio.run(carried_out())


def index(workspace: Workspace) -> int:
    """Bring the workspace's index up to what was said; how many messages are in it."""
    in_a_loop(lambda: indexing.go_round([schema_of(workspace)], 20))
    assert rows(workspace, BEHIND) == [(0,)]
    ((count,),) = rows(workspace, "SELECT count(*) FROM rooms_searchentry")
    return int(count)


@contextmanager
def index_held(workspace: Workspace) -> Iterator[None]:
    """Nobody can index the workspace's rooms meanwhile: what happens in them is found without."""
    index(workspace)
    with psycopg.connect(os.environ["DATABASE_URL"]) as db:
        db.execute(f"SELECT FROM {schema_of(workspace)}.rooms_searchmark FOR UPDATE")
        yield


FOUND = [
    (
        "Where is my order? It was late.",
        ["order", "ORD", "late order", "late o", "order-", "'order'", "is my"],
    ),
    ("Café au lait, déjà vu", ["cafe", "CAFÉ", "cafe\u0301", "deja vu", "lait caf"]),
    ("Straße in Łódź, ﬁne ＡＢＣ", ["strasse", "lodz", "fine", "abc"]),
    (
        "see https://shop.example.com/orders/4711 or foo_bar",
        ["shop", "example 4711", "orders", "bar", "foo_bar"],
    ),
    ("2026-11-23 costs 3.14", ["11", "2026-11-23", "3.14", "23"]),
    ("日本語テスト", ["日本", "語テ", "本語テスト"]),
    ("مَرْحَبًا بالعالم", ["مرحبا", "بالعا"]),
    ("Привет, ёлка 🙂", ["привет елка", "🙂 ёлка", "прив"]),
]
NOT_FOUND = ["orders late", "ate", "ord late x", "日語", "caf\u00e9x", "exampl 4711", "🙂", "'", "ﷺ", " "]


def test_words_are_found_by_their_beginning_without_case_and_accents_indexed_or_not(
    workspace: Workspace,
) -> None:
    def check(client: httpx.Client) -> None:
        for text, questions in FOUND:
            for q in questions:
                assert text in texts(client, q), q
        for q in NOT_FOUND:
            assert texts(client, q) == [], q

    with workspace.api() as api:
        say(api, "first")
        with index_held(workspace):
            for text, _ in FOUND:
                say(api, text)
            check(api)
        assert index(workspace) == len(FOUND) + 1
        check(api)
        (hit,) = hits(api, "late ord")
        assert (
            hit["message"] == api.get(f"/api/v1/rooms/general/messages/{hit['message']['message_id']}").json()
        )
        assert hit["highlight"] == "Where is my <mark>order</mark>? It was <mark>late</mark>."


@pytest.mark.parametrize("held", [False, True], ids=["indexed", "not indexed"])
def test_an_edit_and_a_deletion_hold_at_once(workspace: Workspace, held: bool) -> None:
    with workspace.api() as api:
        edited, deleted = say(api, "old apple"), say(api, "old pear")
        with index_held(workspace):
            assert len(texts(api, "old")) == 2
            path = "/api/v1/rooms/general/messages"
            assert (
                api.patch(f"{path}/{edited['message_id']}", json={"message": "new plum"}).status_code == 200
            )
            assert api.delete(f"{path}/{deleted['message_id']}").status_code == 200
            if held:
                assert (texts(api, "old"), texts(api, "new")) == ([], ["new plum"])
        assert (texts(api, "old"), texts(api, "pear"), texts(api, "new")) == ([], [], ["new plum"])
        assert index(workspace) == 1


def test_only_rooms_that_the_caller_may_enter_are_looked_through(workspace: Workspace) -> None:
    kinds = {"lobby": "public", "vault": "private", "desk": "support", "pair": "direct"}
    with workspace.api() as api:
        for name, kind in kinds.items():
            assert api.post("/api/v1/rooms", json={"name": name, "kind": kind}).status_code == 201
            say(api, f"needle in {name}", name)
        assert api.put("/api/v1/rooms/vault/members/bob").status_code == 201
    _, other_key, _ = run_in_tenant(workspace.tenant, create_api_key, "Writer", ["messages:write"])
    sees: list[tuple[dict[str, str], set[str]]] = [
        (bearer(workspace.secret), {"lobby", "vault", "desk", "pair"}),
        (bearer(workspace.token("bob")), {"lobby", "vault"}),
        (bearer(workspace.token("charlie")), {"lobby"}),
        (bearer(workspace.token("vera", rooms=["pair", "nowhere"])), {"pair"}),
        (signed_in(workspace), {"lobby", "vault", "desk"}),
    ]
    for headers, rooms in sees:
        with workspace.http() as client:
            client.headers.update(headers)
            assert {hit["message"]["room"] for hit in hits(client, "needle")} == rooms
            for name in kinds:
                answer = client.get(SEARCH, params={"q": "needle", "room": name})
                assert (answer.status_code, name) == (200 if name in rooms else 403, name), answer.text
                if name in rooms:
                    assert [hit["message"]["room"] for hit in answer.json()["data"]] == [name]
    with workspace.http(other_key) as client:
        assert client.get(SEARCH, params={"q": "needle"}).json()["code"] == "missing_scope"
    with workspace.api() as api:
        for name in ("nowhere", "no room", "\x00", "x" * 300):
            assert api.get(SEARCH, params={"q": "needle", "room": name}).status_code == 404


def test_whose_words_and_how_far_back(workspace: Workspace) -> None:
    with workspace.api() as api:
        for sub in ("bob", "ann"):
            say(api, f"needle of {sub}", sub=sub)
        with index_held(workspace):  # the plan keeps a month
            old = say(api, "needle long ago", sub="bob")["message_id"]
            assert texts(api, "needle", **{"from": "bob"}) == ["needle long ago", "needle of bob"]
            rows(
                workspace,
                "UPDATE rooms_message SET created_at = now() - interval '31 days' WHERE id = %s",
                old,
            )
            assert texts(api, "needle", **{"from": "bob"}) == ["needle of bob"]
        assert index(workspace) == 3
        assert texts(api, "needle", **{"from": "bob"}) == ["needle of bob"]
        assert texts(api, "needle", **{"from": "ann"}) == ["needle of ann"]
        for nobody in ("nobody", "\x00", ""):
            assert texts(api, "needle", **{"from": nobody}) == []


def test_the_best_come_first_and_pages_neither_skip_nor_repeat(
    new_workspace: Callable[..., Workspace],
) -> None:
    workspace = new_workspace(plan="business")
    with workspace.api() as api:
        for n in range(20):
            say(api, f"apple {'and more ' * (n % 4)}")
        for text in ("apples", "apple apple apple"):
            say(api, text)
        whole = [hit["message"]["seq"] for hit in hits(api, "apple")]
        assert len(whole) == 22
        assert whole == [
            22,
            *range(20, 0, -1),
            21,
        ]  # the most, then the newest; what only begins so comes last

        paged: list[int] = []
        cursor: str | None = ""
        while cursor is not None:
            answer = api.get(SEARCH, params={"q": "apple", "limit": 5, "cursor": cursor}).json()
            paged += [hit["message"]["seq"] for hit in answer["data"]]
            cursor = answer["next"]
            say(api, "apple apple apple apple")  # better than all of them, and too late
            if len(paged) == 10:
                index(workspace)
        assert paged == whole
        first = api.get(SEARCH, params={"q": "apple", "limit": 5}).json()["next"]
        assert api.get(SEARCH, params={"q": " APPLE!", "cursor": first}).json()["code"] == "invalid_cursor"
        for wrong in ("x", "0" * 79, "0" * 16, "G" * 80, "0" * 80):
            assert api.get(SEARCH, params={"q": "apple", "cursor": wrong}).json()["code"] == "invalid_cursor"
        for end in ("f" * 72, "0" * 72, "7f800000" + "f" * 64, "80" + "0" * 70):
            forged = end + first[-8:]
            assert api.get(SEARCH, params={"q": "apple", "cursor": forged}).status_code == 200


HOSTILE = [
    *(
        "'",
        '"',
        "\\",
        "'; DROP TABLE rooms_message; --",
        "a & b | !c <-> d:*",
        ":*",
        "!",
        "&",
        "((",
        "a:*b",
        "%s %(x)s {}",
    ),
    *(
        "\x00",
        "a\x00b",
        "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
        "🙂🙃",
        "👩‍👩‍👧",
        "\u202eevil",
        "שָׁלוֹם",
    ),
    *(
        "\u0640\u064b",
        "＇＼＆",
        "\ufe68",
        "ﷺ" * 200,
        "\U0001f1e9" * 200,
        "a" * 200,
        "日" * 200,
        "x " * 100,
        "\u0301" * 50,
        "\ufffd",
    ),
    *("\t\r\n", "\u2028", "\ufdd0", "\U0010ffff", "\U00020000x", "㎨㍿㋿" * 60),
]


def test_whatever_is_asked_for_is_answered_or_refused_in_a_sentence(workspace: Workspace) -> None:
    with workspace.api() as api:
        say(api, "' \\ & ＇ a:*b " + "日" * 50)
        for q in HOSTILE:
            answer = api.get(SEARCH, params={"q": q, "limit": 1})
            assert answer.status_code == 200, (q, answer.text)
        for q in ("", "a" * 201, "🙂 " * 500, "x" * 10_000):
            answer = api.get(SEARCH, params={"q": q})
            assert (answer.status_code, answer.json()["code"]) == (422, "invalid_field"), q
        assert 400 <= api.get(SEARCH, params={"q": "🙂" * 5_000}).status_code < 500  # no such long request
        assert "q is missing" in api.get(SEARCH).json()["detail"]
        assert api.get(f"{SEARCH}?q=%ff%fe%c0").status_code == 200


def test_small_steps_and_two_at_once_come_to_the_same(workspace: Workspace) -> None:
    from tenants.database import share

    schema = schema_of(workspace)
    fill(workspace, 25, text="needle in the hay")
    with workspace.api() as api:
        api.post("/api/v1/rooms", json={"name": "attic"})
        say(api, "needle", "attic")
        gone = say(api, "needle gone")
        assert api.delete(f"/api/v1/rooms/general/messages/{gone['message_id']}").status_code == 200

    async def step(most: int = 100, characters: int = 100_000) -> indexing.Step:
        async with share(schema) as db:
            return await indexing.catch_up(db, schema, most=most, characters=characters)

    async def steps() -> None:
        first = await step(most=4)
        assert first == (4, True)
        assert await step(characters=40) == (3, True)  # 17 each: the one that goes beyond is the last
        while any(each.more for each in await asyncio.gather(step(most=5), step(most=5))):
            pass

    in_a_loop(steps)
    assert index(workspace) == 26
    missing = "SELECT count(*) FROM rooms_message m FULL JOIN rooms_searchentry e ON e.message_id = m.id"
    assert rows(
        workspace, f"{missing} WHERE e.message_id IS NULL AND m.deleted_at IS NULL OR m.id IS NULL"
    ) == [(0,)]


def test_a_search_that_takes_too_long_is_given_up(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(workspace, 1)
    tenant, wanted = workspace.tenant, Wanted(["message"])
    with index_held(workspace):
        fill(workspace, 3_000)
        found = in_a_loop(lambda: find(tenant, wanted, limit=1))
        assert (len(found.messages), found.next is None) == (1, False)
        monkeypatch.setattr(finding, "PATIENCE", 1)
        with pytest.raises(TooSlow):
            in_a_loop(lambda: find(tenant, wanted, limit=1))


def test_nothing_of_a_deleted_room_is_left_in_the_index(workspace: Workspace) -> None:
    with workspace.api() as api:
        api.post("/api/v1/rooms", json={"name": "attic"})
        say(api, "needle", "attic")
        say(api, "needle")
        assert index(workspace) == 2
        assert api.delete("/api/v1/rooms/attic").status_code == 204
        assert rows(workspace, "SELECT count(*) FROM rooms_searchentry") == [(1,)]
        assert [hit["message"]["room"] for hit in hits(api, "needle")] == ["general"]


def test_searches_that_hang_take_nothing_from_those_who_speak_or_search_elsewhere(
    workspace: Workspace, new_workspace: Callable[..., Workspace]
) -> None:
    elsewhere = new_workspace(plan="business")  # which may ask as often as there is time for
    with workspace.api() as ours, elsewhere.api() as theirs:
        say(ours, "needle")
        say(theirs, "needle")
        with psycopg.connect(os.environ["DATABASE_URL"]) as db, ThreadPoolExecutor(12) as people:
            db.execute(f"LOCK TABLE {schema_of(workspace)}.rooms_message")
            asked = [people.submit(ours.get, SEARCH, params={"q": "needle"}) for _ in range(12)]
            while not any(each.done() for each in asked):
                assert texts(theirs, "needle") == ["needle"]
                say(theirs, "hello")
            codes = {each.result().json()["code"] for each in asked}
            assert codes == {"search_too_slow", "search_busy"}
            assert all(each.result().headers["retry-after"] for each in asked)
            db.rollback()
        assert texts(ours, "needle") == ["needle"]
