"""The JavaScript client against a server that does whatever the test says, in a real browser and with a held clock."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from ops.local import Stack

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
FAKE = Path(__file__).with_name("fake_socket.js")


@pytest.fixture
def page(browser: Browser, portal_url: str) -> Iterator[Page]:
    """An empty page of ours; its clock stands still, and chance always says one half."""
    context = browser.new_context()
    context.add_init_script(path=FAKE)
    context.add_init_script("Math.random = () => 0.5")
    page = context.new_page()
    page.clock.install(time=NOON)
    page.goto(f"{portal_url}/healthz")
    page.clock.pause_at(NOON + timedelta(hours=1))
    yield page
    context.close()


def run(page: Page, code: str) -> Any:
    return page.evaluate(f"async () => {{ {code} }}")


@pytest.mark.parametrize("code", [1000, 1003, 1009, 4000, 4003, 4004, 4402])
def test_a_final_code_stops_it(page: Page, code: int) -> None:
    run(page, f"globalThis.it = await meet(); FakeSocket.last.enter().drop({code})")
    page.clock.run_for(120_000)
    assert run(page, "return [it.client.state, it.states.at(-1).code, FakeSocket.all.length]") == [
        "stopped",
        code,
        1,
    ]


@pytest.mark.parametrize(
    ("code", "least", "most"),
    [
        (1006, 1, 1_000),
        (4500, 1, 1_000),
        (4008, 1, 1_000),
        (1012, 1, 5_000),
        (4002, 15_000, 30_000),
        (4029, 15_000, 30_000),
    ],
)
def test_other_codes_make_it_wait_as_long_as_they_ask(page: Page, code: int, least: int, most: int) -> None:
    run(page, f"globalThis.it = await meet(); FakeSocket.last.enter(3, 4).drop({code})")
    wait = run(page, "return it.states.at(-1).retryAt - Date.now()")
    assert least <= wait <= most
    page.clock.run_for(wait - 1)
    assert run(page, "return FakeSocket.all.length") == 1
    page.clock.run_for(2)
    assert run(page, "await settle(); return FakeSocket.all.length") == 2


def test_waits_grow_to_half_a_minute_and_shrink_only_when_the_server_lets_it_in(page: Page) -> None:
    run(page, "globalThis.it = await meet()")
    waits = []
    for _ in range(8):
        run(page, "FakeSocket.last.open().drop(1006)")
        waits.append(run(page, "return it.states.at(-1).retryAt - Date.now()"))
        page.clock.run_for(waits[-1] + 1)
        run(page, "await settle()")
    assert waits == [500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000]
    run(page, "FakeSocket.last.enter().drop(1006)")
    assert run(page, "return it.states.at(-1).retryAt - Date.now()") == 500


def test_it_comes_back_where_it_was_and_takes_its_old_connection_with_it(page: Page) -> None:
    run(page, "globalThis.it = await meet(); FakeSocket.last.enter(3, 5).message(4, { rev: 6 }).drop(1006)")
    page.clock.run_for(1_000)
    address = run(page, "await settle(); return FakeSocket.last.url.pathname + FakeSocket.last.url.search")
    assert address == "/ws/chat/general/?since=4&rev=6&connection=c1"


def test_the_token_travels_as_a_subprotocol_and_never_in_the_address(page: Page) -> None:
    sent = run(
        page, "await meet({ token: 'a.b.c' }); return [FakeSocket.last.protocols, FakeSocket.last.url.search]"
    )
    assert sent == [["snug.v1", "bearer.a.b.c"], ""]


def test_a_refused_token_is_replaced_and_three_refusals_are_enough(page: Page) -> None:
    run(
        page,
        "globalThis.asked = [];"
        "globalThis.it = await meet({ token: 'old',"
        " getToken: async (fresh) => (asked.push(fresh), `new${asked.length}`) })",
    )
    for _ in range(3):
        run(page, "FakeSocket.last.open().drop(4001)")
        page.clock.run_for(30_000)
        run(page, "await settle()")
    offered = run(page, "return FakeSocket.all.map((socket) => socket.protocols[1])")
    assert offered == ["bearer.old", "bearer.new1", "bearer.new2"]
    assert run(page, "return [asked, it.client.state]") == [[True, True], "stopped"]


def test_without_a_way_to_a_new_token_a_refusal_is_final(page: Page) -> None:
    assert (
        run(
            page,
            "const it = await meet({ token: 'x' }); FakeSocket.last.open().drop(4001); return it.client.state",
        )
        == "stopped"
    )


def test_a_token_is_renewed_before_it_ends_on_the_open_socket(page: Page) -> None:
    run(
        page,
        "const exp = (after) => Math.floor(Date.now() / 1000) + after;"
        "await meet({ token: token({ sub: 'bob', exp: exp(3600) }), heartbeatInterval: 1e9,"
        " getToken: async () => token({ sub: 'bob', exp: exp(7200) }) });"
        "FakeSocket.last.enter()",
    )
    page.clock.run_for(3_000_000)
    assert (
        run(page, "return FakeSocket.last.sent.filter((frame) => frame.type === 'refresh_token').length") == 0
    )
    page.clock.run_for(500_000)
    run(page, "await settle()")
    renewals = "return FakeSocket.last.sent.filter((frame) => frame.type === 'refresh_token').length"
    assert run(page, renewals) == 1


def test_messages_leave_one_by_one_in_the_order_they_were_written(page: Page) -> None:
    run(
        page,
        "globalThis.it = await meet(); it.client.say('one'); it.client.say('two'); it.client.say('three')",
    )
    run(page, "FakeSocket.last.enter()")
    order = []
    for seq in (1, 2, 3):
        order.append(run(page, "return FakeSocket.last.said.map((frame) => frame.message)"))
        run(page, f"FakeSocket.last.echo({seq})")
    assert order == [["one"], ["one", "two"], ["one", "two", "three"]]
    assert run(page, "return it.client.pending") == []


def test_what_was_not_acknowledged_is_sent_again_under_the_same_id(page: Page) -> None:
    run(
        page,
        "globalThis.it = await meet(); globalThis.id = it.client.say('once'); FakeSocket.last.enter().drop(1006)",
    )
    page.clock.run_for(1_000)
    run(
        page,
        "await settle(); "
        "FakeSocket.last.enter(0, 0).frame('history', { messages: [], from_resume: true, has_more: false })",
    )
    assert run(page, "return FakeSocket.last.said.map((frame) => frame.client_id === id)") == [True]


def test_the_outbox_outlives_the_page(page: Page) -> None:
    claims = "token({ sub: 'bob', exp: 4e9 })"
    run(
        page,
        f"const it = await meet({{ token: {claims}, storage: localStorage }}); globalThis.id = it.client.say('kept')",
    )
    identifier = run(page, "return id")
    page.reload()
    run(
        page,
        f"globalThis.it = await meet({{ token: {claims}, storage: localStorage }}); FakeSocket.last.enter()",
    )
    assert run(page, "return FakeSocket.last.said.map((frame) => [frame.message, frame.client_id])") == [
        ["kept", identifier]
    ]
    run(page, "FakeSocket.last.echo(1)")
    page.reload()
    other = "token({ sub: 'ann', exp: 4e9 })"
    run(page, f"const it = await meet({{ token: {claims}, storage: localStorage }}); it.client.say('bob’s')")
    theirs = f"const it = await meet({{ token: {other}, storage: localStorage }}); return it.client.pending"
    assert run(page, theirs) == []


def test_the_rate_limit_delays_a_message_and_keeps_the_order(page: Page) -> None:
    run(
        page,
        "globalThis.it = await meet(); it.client.say('one'); it.client.say('two'); FakeSocket.last.enter()",
    )
    run(
        page,
        "const { client_id } = FakeSocket.last.said[0];"
        "FakeSocket.last.frame('error', { error: { code: 'RATE_LIMITED', message: '' }, client_id, retry_after: 4 })",
    )
    page.clock.run_for(3_900)
    assert run(page, "return FakeSocket.last.said.map((frame) => frame.message)") == ["one"]
    page.clock.run_for(200)
    assert run(page, "return FakeSocket.last.said.map((frame) => frame.message)") == ["one", "one"]


def test_a_wait_in_slow_mode_ends_when_it_becomes_shorter(page: Page) -> None:
    run(page, "globalThis.it = await meet(); it.client.say('one'); FakeSocket.last.enter()")
    run(
        page,
        "globalThis.pace = (slow_mode) => FakeSocket.last.frame('room_updated', { slow_mode, may_moderate: false });"
        "const { client_id } = FakeSocket.last.said[0]; pace(60);"
        "FakeSocket.last.frame('error', { error: { code: 'SLOW_MODE', message: '' }, client_id, retry_after: 50 });"
        "pace(60); pace(90)",
    )
    said = "return FakeSocket.last.said.map((frame) => frame.message)"
    assert run(page, said) == ["one"]
    run(page, "pace(30); pace(20)")  # the second finds it on its way
    assert run(page, said) == ["one", "one"]
    assert run(page, "return it.client.pending.map((item) => item.delayed ?? null)") == [None]
    page.clock.run_for(9_900)
    assert run(page, "return FakeSocket.all.length") == 1


def test_what_was_deleted_before_its_answer_came_is_not_sent_for_ever(page: Page) -> None:
    run(
        page,
        "globalThis.it = await meet(); it.client.say('one'); it.client.say('two'); FakeSocket.last.enter(3, 3)",
    )
    run(
        page,
        "const { ref } = FakeSocket.last.said[0];"
        "FakeSocket.last.frame('message_deleted', { message_id: 'm2', seq: 2, rev: 3, deleted: true, ref })",
    )
    assert run(page, "return FakeSocket.last.said.map((frame) => frame.message)") == ["one", "two"]
    assert run(page, "return it.client.pending.map((item) => item.message)") == ["two"]


def test_a_refused_message_waits_for_its_author_and_holds_nobody_up(page: Page) -> None:
    run(
        page,
        "globalThis.it = await meet(); globalThis.id = it.client.say('one'); "
        "it.client.say('two'); FakeSocket.last.enter()",
    )
    run(page, "FakeSocket.last.frame('error', { error: { code: 'MUTED', message: 'no' }, client_id: id })")
    assert run(page, "return FakeSocket.last.said.map((frame) => frame.message)") == ["one", "two"]
    assert run(page, "return it.client.pending.map((item) => item.failure ?? null)") == ["MUTED", None]
    run(page, "FakeSocket.last.echo(1); it.client.retry(id)")
    assert run(page, "return FakeSocket.last.said.map((frame) => frame.message)") == ["one", "two", "one"]
    run(
        page,
        "FakeSocket.last.frame('error', { error: { code: 'MUTED', message: 'no' }, client_id: id }); "
        "it.client.discard(id)",
    )
    assert run(page, "return it.client.pending") == []


PENDING = "return it.client.pending.map((item) => [item.message.length, item.failure ?? null])"
SAID = "return FakeSocket.last.said.map((frame) => [...frame.message].slice(0, 8).join(``))"


def test_half_a_character_is_sent_as_a_whole_one(page: Page) -> None:
    run(page, "globalThis.it = await meet(); it.client.say('half \\ud83d'); it.client.say('👍 and \\udc4d.')")
    run(page, "FakeSocket.last.enter(3, 3).echo(4); it.client.edit('m1', 'bad \\ud83d')")
    assert run(page, SAID) == ["half �", "👍 and �."]
    assert run(page, "return FakeSocket.last.sent.at(-1).message") == "bad �"


def test_what_is_too_long_is_refused_here_and_holds_nobody_up(page: Page) -> None:
    run(page, "globalThis.it = await meet(); it.client.say('x'.repeat(70000)); it.client.say('one')")
    run(page, "FakeSocket.last.enter(0, 0).echo(1); it.client.say('🎈'.repeat(1001))")
    run(page, "it.client.say(` ${'🎈'.repeat(1000)} `)")
    assert run(page, SAID) == ["one", " 🎈🎈🎈🎈🎈🎈🎈"]
    run(page, "FakeSocket.last.echo(2)")
    assert run(page, PENDING) == [[70_000, "MESSAGE_TOO_LONG"], [2_002, "MESSAGE_TOO_LONG"]]
    assert run(page, "return it.client.pending[1].reason") == (
        "This message is 1,001 characters; the limit here is 1,000."
    )


def test_no_frame_over_64_kib_leaves_an_old_page_or_a_new_one(page: Page) -> None:
    old = json.dumps({"client_id": "old", "message": "ö" * 40_000, "at": 1})
    run(
        page,
        f"localStorage.setItem(`snug.outbox.${{location.host}}.general.bob.old`, '{old}');"
        "globalThis.it = await meet({ user: 'bob', storage: localStorage }); it.client.say('one');"
        "const limits = { max_message_length: 99999 };"
        "FakeSocket.last.open().frame('online_users', { last_seq: 0, last_rev: 0, connection_id: 'c', limits })",
    )
    assert run(page, SAID) == ["one"]
    assert run(page, PENDING) == [[40_000, "MESSAGE_TOO_LONG"], [3, None]]
    refused = "(error) => [error.name, error.code]"
    edit = f"return await it.client.edit('m1', '\\n'.repeat(40000)).catch({refused})"
    assert run(page, edit) == ["Refused", "MESSAGE_TOO_LONG"]
    raw = "it.client.send({ type: 'edit_message', message: 'x'.repeat(70000) })"
    assert run(page, f"try {{ {raw} }} catch (error) {{ return error.code }}") == "MESSAGE_TOO_LONG"
    assert run(page, "return FakeSocket.last.sent.length") == 1


def test_a_refusal_without_a_name_is_of_the_one_command_that_is_open(page: Page) -> None:
    refuse = (
        "FakeSocket.last.frame('error', { error: { code: 'INVALID_JSON', message: 'no' }, message: 'no' })"
    )
    run(
        page,
        "globalThis.it = await meet(); it.client.say('one'); it.client.say('two'); FakeSocket.last.enter()",
    )
    run(page, refuse)
    assert run(page, PENDING) == [[3, "INVALID_JSON"], [3, None]]
    assert run(page, SAID) == ["one", "two"]
    run(page, "globalThis.edited = it.client.edit('m1', 'x').catch((error) => error.code)")
    run(page, refuse)  # of which of the two?
    run(page, "FakeSocket.last.echo(1)")
    run(page, refuse)
    assert run(page, "return await edited") == "INVALID_JSON"


def test_what_is_given_up_while_it_waits_for_its_answer_holds_nobody_up(page: Page) -> None:
    run(page, "globalThis.it = await meet(); globalThis.id = it.client.say('one'); it.client.say('two')")
    run(page, "FakeSocket.last.enter()")
    assert run(page, SAID) == ["one"]
    run(page, "it.client.discard(id)")
    assert run(page, SAID) == ["one", "two"]


def test_a_change_that_a_living_socket_leaves_unanswered_is_asked_again_over_another(page: Page) -> None:
    run(page, "globalThis.it = await meet(); FakeSocket.last.enter(3, 3); it.client.edit('m1', 'new')")
    page.clock.run_for(9_900)
    assert run(page, "return FakeSocket.all.length") == 1
    page.clock.run_for(200)
    run(
        page,
        "await settle(); "
        "FakeSocket.last.enter(3, 3).frame('history', { messages: [], from_resume: true, has_more: false })",
    )
    assert run(page, "return [FakeSocket.all.length, FakeSocket.last.sent.map((frame) => frame.type)]") == [
        2,
        ["edit_message"],
    ]


def test_a_gap_is_filled_by_resuming_from_before_it(page: Page) -> None:
    run(page, "globalThis.it = await meet(); FakeSocket.last.enter(3, 3).message(5)")
    run(page, "await settle()")
    assert run(page, "return FakeSocket.last.url.search") == "?since=3&rev=3&connection=c1"
    assert run(page, "return it.heard.includes('chat_message')") is False
    run(
        page,
        "FakeSocket.last.enter(5, 5).frame('history',"
        " { messages: [{ seq: 4 }, { seq: 5 }], from_resume: true, has_more: false });"
        "FakeSocket.last.message(6)",
    )
    assert run(page, "return [it.client.seq, it.client.rev, FakeSocket.all.length]") == [6, 6, 2]


def test_a_server_that_always_leaves_gaps_is_not_asked_for_ever(page: Page) -> None:
    run(page, "globalThis.it = await meet(); FakeSocket.last.enter(1, 1).message(3)")
    run(
        page,
        "await settle(); "
        "FakeSocket.last.enter(3, 3).frame('history', { messages: [], from_resume: true, has_more: false })",
    )
    run(page, "FakeSocket.last.message(9).message(10)")
    assert run(page, "await settle(); return FakeSocket.all.length") == 2
    page.clock.run_for(10_000)
    assert run(page, "await settle(); return FakeSocket.all.map((socket) => socket.url.search)") == [
        "",
        "?since=1&rev=1&connection=c1",
        "?since=1&rev=3&connection=c2",
    ]


def test_a_long_absence_is_read_page_by_page_before_anything_is_sent(page: Page) -> None:
    run(page, "globalThis.it = await meet(); FakeSocket.last.enter(1, 1).drop(1006); it.client.say('later')")
    page.clock.run_for(1_000)
    run(
        page,
        "await settle(); "
        "FakeSocket.last.enter(3, 9).frame('history', { messages: [{ seq: 2 }], from_resume: true, has_more: true })",
    )
    asked = {"type": "history", "after": 2, "limit": 100, "ref": 1}
    assert run(page, "return FakeSocket.last.sent") == [asked]
    run(page, "FakeSocket.last.frame('history', { messages: [{ seq: 3 }], has_more: false, ref: 1 })")
    assert run(page, "return [it.client.seq, it.client.rev, FakeSocket.last.said.length]") == [3, 9, 1]


def test_a_room_that_began_anew_is_shown_anew(page: Page) -> None:
    run(page, "globalThis.it = await meet(); globalThis.resets = 0; it.client.on('reset', () => resets++)")
    run(page, "FakeSocket.last.enter(40, 50).drop(1006)")
    page.clock.run_for(1_000)
    run(page, "await settle(); FakeSocket.last.enter(2, 2)")
    assert run(page, "return [resets, it.client.seq, it.client.rev]") == [1, 2, 2]


def test_a_room_made_again_is_known_by_its_birth_however_much_is_in_it(page: Page) -> None:
    run(page, "globalThis.it = await meet(); globalThis.resets = 0; it.client.on('reset', () => resets++)")
    for life, resets in (("one", 0), ("one", 0), ("two", 1), ("two", 1)):
        run(page, f"FakeSocket.last.enter(3, 3, {{ created_at: '{life}' }})")
        assert run(page, "return [resets, it.client.seq]") == [resets, 3]
        run(page, "FakeSocket.last.drop(1006)")
        page.clock.run_for(1_000)
        run(page, "await settle()")


def test_a_socket_that_no_longer_answers_is_replaced(page: Page) -> None:
    run(page, "await meet(); FakeSocket.last.enter()")
    page.clock.run_for(30_000)
    assert run(page, "return FakeSocket.last.sent") == [{"type": "ping"}]
    run(page, "FakeSocket.last.frame('pong', {})")
    page.clock.run_for(39_000)
    assert run(page, "return FakeSocket.all.length") == 1
    page.clock.run_for(2_000)
    assert run(page, "await settle(); return FakeSocket.all.length") == 2


def test_without_a_network_it_rests_and_it_returns_with_it(page: Page) -> None:
    run(page, "globalThis.it = await meet(); FakeSocket.last.enter()")
    page.context.set_offline(True)
    page.wait_for_function("it.client.state === 'offline'")
    page.clock.run_for(600_000)
    assert run(page, "return FakeSocket.all.length") == 1
    page.context.set_offline(False)
    page.wait_for_function("FakeSocket.all.length === 2")


def test_typing_is_said_once_in_four_seconds_and_taken_back_once(page: Page) -> None:
    run(
        page,
        "globalThis.it = await meet(); FakeSocket.last.enter(); for (let key = 0; key < 9; key++) it.client.typing()",
    )
    page.clock.run_for(4_100)
    run(page, "it.client.typing(); it.client.typing(false); it.client.typing(false)")
    assert run(page, "return FakeSocket.last.sent.map((frame) => frame.is_typing)") == [True, True, False]


def test_it_is_used_like_the_client_of_the_guide(page: Page) -> None:
    run(
        page,
        "const { SnugClient } = await import('/static/snug/client/snug-client.js'); FakeSocket.all.length = 0;"
        "globalThis.log = [];"
        "globalThis.chat = new SnugClient('ws://localhost:8000/ws/chat/lobby/?token=x', {"
        "  WebSocket: FakeSocket, storage: null,"
        "  reconnectInterval: 10, maxReconnectInterval: 20, reconnectDecay: 1.5,"
        "  maxReconnectAttempts: 2, heartbeatInterval: 1000 });"
        "for (const name of ['open', 'close', 'error']) chat.on(name, () => log.push(name));"
        "globalThis.hear = (data) => log.push(data.type); chat.on('message', hear);"
        "chat.connect(); await settle();"
        "chat.send({ type: 'chat_message', message: 'Hello' }); chat.send({ type: 'read', seq: 1 });"
        "FakeSocket.last.enter().frame('pong', {}); chat.off('message', hear); FakeSocket.last.frame('typing', {});",
    )
    assert run(page, "return FakeSocket.last.url.href") == "ws://localhost:8000/ws/chat/lobby/?token=x"
    sent = run(page, "return FakeSocket.last.sent.map((frame) => frame.message ?? frame.seq)")
    assert sorted(map(str, sent)) == ["1", "Hello"]
    for _ in range(3):
        run(page, "FakeSocket.last.drop(1006); await settle()")
        page.clock.run_for(100)
        run(page, "await settle()")
    assert run(page, "return [log, chat.state, chat.room]") == [
        ["open", "online_users", "user_joined", "close", "close", "close"],
        "stopped",
        "lobby",
    ]


def test_a_listener_that_throws_harms_no_other(page: Page, stack: Stack) -> None:
    run(page, "globalThis.it = await meet(); it.client.on('typing', () => { throw new Error('mine') })")
    assert (
        run(
            page,
            "let heard = 0; it.client.on('typing', () => heard++); "
            "FakeSocket.last.enter().frame('typing', {}); return heard",
        )
        == 1
    )
