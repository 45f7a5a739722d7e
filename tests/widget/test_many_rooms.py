"""Many rooms over one socket, against a server that does whatever the test says, in a browser with a held clock."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page

from tests.widget.test_the_client import page, run

__all__ = ["page"]  # the fixture

SENT = "return FakeSocket.last.sent.map(({ type, room }) => [type, room].join(' '))"
STATES = "return [it.one.state, it.two.state, it.snug.state]"


def meet(page: Page, one: int = 0, two: int = 0, options: str = "{}") -> None:
    """Two rooms that are in, their last messages as given."""
    run(page, f"globalThis.it = await meetMany(['one', 'two'], {options})")
    run(page, f"FakeSocket.last.welcome().admit('one', {one}).admit('two', {two})")
    assert run(page, STATES) == ["online", "online", "online"]


def fall(page: Page) -> None:
    """The connection falls, and the next one is welcomed."""
    run(page, "FakeSocket.last.drop(1006)")
    page.clock.run_for(1_000)
    run(page, "await settle(); FakeSocket.last.welcome()")


def test_rooms_share_a_socket_and_join_once_they_are_let_in(page: Page) -> None:
    run(page, "globalThis.it = await meetMany(['one', 'two'], { token: 'a.b.c' })")
    assert run(page, "return FakeSocket.all.map((socket) => [socket.url.pathname, socket.protocols])") == [
        ["/ws/", ["snug.v1", "bearer.a.b.c"]]
    ]
    assert run(page, "FakeSocket.last.open(); return FakeSocket.last.sent") == []
    assert run(page, f"FakeSocket.last.welcome(); {SENT}") == ["join one", "join two"]
    assert run(page, STATES) == ["connecting", "connecting", "online"]
    assert run(page, "return [it.heard, it.one.me]") == [["connection_established"], None]
    run(page, "FakeSocket.last.admit('two', 7)")
    assert run(page, STATES) == ["connecting", "online", "online"]
    assert run(page, "return [it.two.me.id, it.two.seq, it.two.room]") == ["bob", 7, "two"]
    run(page, "FakeSocket.last.admit('one'); it.snug.room('three').connect()")
    assert run(page, f"const sent = await (async () => {{ {SENT} }})(); return sent.at(-1)") == "join three"
    assert run(page, "return it.snug.room('three') === it.snug.rooms[2]") is True
    assert run(page, "return FakeSocket.all.length") == 1


def test_each_room_hears_its_own_and_the_whole_hears_all(page: Page) -> None:
    meet(page)
    run(
        page,
        "globalThis.heard = []; it.heard.length = 0;"
        "it.one.on('chat_message', ({ seq }) => heard.push(`one ${seq}`));"
        "it.two.on('chat_message', ({ seq }) => heard.push(`two ${seq}`));"
        "it.snug.on('chat_message', ({ room, seq }) => heard.push(`all ${room} ${seq}`));"
        "FakeSocket.last.message(1, { room: 'two' }).message(1, { room: 'one' }).message(9, { room: 'else' })"
        ".frame('error', { error: { code: 'TOKEN_EXPIRED', message: '' }, message: '' })",
    )
    assert run(page, "return heard") == ["all two 1", "two 1", "all one 1", "one 1"]
    assert run(page, "return it.heard") == ["chat_message two", "chat_message one", "error"]


def test_a_room_that_is_refused_leaves_the_others_alone(page: Page) -> None:
    run(page, "globalThis.it = await meetMany(['one', 'two'])")
    run(page, "it.one.on('state', (change) => Object.assign(globalThis, { change }))")
    run(page, "FakeSocket.last.welcome().refuse('one', 'FORBIDDEN').admit('two')")
    assert run(page, "return change") == {"state": "stopped", "code": 4003, "reason": "No."}
    assert run(page, STATES) == ["stopped", "online", "online"]
    run(page, "it.two.say('hello')")
    assert run(page, "return [FakeSocket.last.said.length, FakeSocket.all.length]") == [1, 1]
    run(page, "it.one.connect(); FakeSocket.last.admit('one')")  # somebody has let us in
    assert run(page, STATES) == ["online", "online", "online"]


@pytest.mark.parametrize(("code", "close"), [("NOT_FOUND", 4004), ("INVALID_FIELD", 4000)])
def test_a_refusal_says_what_a_socket_of_its_own_would_be_closed_with(
    page: Page, code: str, close: int
) -> None:
    run(page, "globalThis.it = await meetMany(['one', 'two']); FakeSocket.last.welcome().admit('two')")
    unnamed = "{ room: undefined }" if code == "INVALID_FIELD" else "{}"  # no room that could be named
    run(page, f"FakeSocket.last.refuse('one', '{code}', {unnamed})")
    assert run(page, "return it.states.at(-1)") == f"one stopped {close}"


def test_a_room_that_cannot_be_entered_just_now_is_tried_again(page: Page) -> None:
    run(page, "globalThis.it = await meetMany(['one', 'two']); FakeSocket.last.welcome().admit('two')")
    run(page, "FakeSocket.last.refuse('one', 'INTERNAL_ERROR', { retry_after: 2 })")
    assert run(page, STATES) == ["waiting", "online", "online"]
    page.clock.run_for(2_900)
    assert run(page, "return FakeSocket.last.joins('one').length") == 1
    page.clock.run_for(200)
    assert run(page, "return FakeSocket.last.joins('one').length") == 2
    run(page, "FakeSocket.last.admit('one')")
    assert run(page, STATES) == ["online", "online", "online"]


def test_each_room_comes_back_where_it_was_and_the_old_socket_is_replaced(page: Page) -> None:
    meet(page, 3, 8)
    run(
        page, "FakeSocket.last.message(9, { room: 'two', rev: 9 }); it.heard.length = 0; it.states.length = 0"
    )
    fall(page)
    assert run(page, "return FakeSocket.last.url.search") == "?connection=c1"
    joins = "return ['one', 'two'].map((room) => FakeSocket.last.joins(room).map(({ since, rev }) => [since, rev]))"
    assert run(page, joins) == [[[3, 3]], [[9, 9]]]
    run(page, "FakeSocket.last.readmit('one', 4, [{ seq: 4, rev: 4, room: 'one' }]).readmit('two', 9)")
    assert run(page, "return it.heard.filter((name) => name.startsWith('chat'))") == ["chat_message one"]
    assert run(page, "return it.states.filter((state) => state.startsWith('one'))") == [
        "one waiting 1006",
        "one connecting",
        "one connecting",
        "one online",
    ]


def test_who_leaves_hears_no_more_and_the_last_one_closes_the_socket(page: Page) -> None:
    meet(page)
    run(
        page,
        "it.one.disconnect(); FakeSocket.last.message(1, { room: 'one' }).frame('left', { room: 'one' })",
    )
    assert run(page, SENT) == ["join one", "join two", "leave one"]
    assert run(page, "return [it.one.state, it.one.seq, FakeSocket.last.readyState]") == ["idle", 0, 1]
    run(page, "it.two.disconnect()")
    assert run(page, STATES) == ["idle", "idle", "idle"]
    assert run(page, "return FakeSocket.last.readyState") == 3
    page.clock.run_for(600_000)
    assert run(page, "return FakeSocket.all.length") == 1
    run(page, "it.snug.connect(); await settle(); FakeSocket.last.welcome()")
    assert run(page, SENT) == ["join one", "join two"]
    run(page, "it.snug.disconnect()")
    assert run(page, STATES) == ["idle", "idle", "idle"]


def test_a_room_that_was_refused_holds_no_socket_open(page: Page) -> None:
    run(page, "globalThis.it = await meetMany(['one']); FakeSocket.last.welcome().refuse('one', 'FORBIDDEN')")
    assert run(page, "return [it.one.state, it.snug.state, FakeSocket.last.readyState]") == [
        "stopped",
        "idle",
        3,
    ]


def test_who_loses_a_room_is_told_why_and_keeps_the_others(page: Page) -> None:
    meet(page)
    run(
        page,
        "FakeSocket.last.frame('error', { error: { code: 'FORBIDDEN', message: 'Out.' }, room: 'one' })"
        ".frame('left', { room: 'one' }).message(1, { room: 'two' })",
    )
    assert run(page, "return [it.states.at(-1), it.two.seq]") == ["one stopped 4003", 1]
    fall(page)
    assert run(page, SENT) == ["join two"]


def test_no_room_holds_up_what_is_said_in_another(page: Page) -> None:
    meet(page)
    run(page, "it.one.say('a'); it.one.say('b'); it.two.say('c')")
    said = "return FakeSocket.last.said.map(({ room, message }) => `${room} ${message}`)"
    assert run(page, said) == ["one a", "two c"]
    run(
        page,
        "const { client_id } = FakeSocket.last.said[0];"
        "FakeSocket.last.message(1, { room: 'one', user_id: 'bob', client_id })",
    )
    assert run(page, said) == ["one a", "two c", "one b"]
    run(page, "it.one.typing(); it.two.edit('m1', 'x'); it.snug.send({ type: 'read', room: 'two', seq: 0 })")
    assert run(page, SENT)[-3:] == ["typing one", "edit_message two", "read two"]


def test_answers_with_the_same_ref_are_told_apart_by_their_rooms(page: Page) -> None:
    meet(page)
    run(page, "globalThis.edits = [it.one.edit('m1', 'x'), it.two.edit('m1', 'y')]")
    run(
        page,
        "const answer = { message_id: 'm1', seq: 1, rev: 1, ref: 1 };"
        "FakeSocket.last.frame('message_edited', { ...answer, room: 'two', message: 'y' })"
        ".frame('message_edited', { ...answer, room: 'one', message: 'x' })",
    )
    assert run(page, "return (await Promise.all(edits)).map(({ message }) => message)") == ["x", "y"]


def test_a_gap_is_filled_in_its_room_over_the_same_socket(page: Page) -> None:
    meet(page, 3, 3)
    run(page, "it.heard.length = 0; FakeSocket.last.message(5, { room: 'one' }).message(6, { room: 'one' })")
    assert run(page, "const { since, rev } = FakeSocket.last.joins('one')[1]; return [since, rev]") == [3, 3]
    run(page, "FakeSocket.last.message(4, { room: 'two' })")
    run(page, "FakeSocket.last.readmit('one', 6, [4, 5, 6].map((seq) => ({ seq, rev: seq, room: 'one' })))")
    run(page, "FakeSocket.last.message(7, { room: 'one' })")
    assert run(page, "return it.heard.filter((name) => name.startsWith('chat'))") == [
        "chat_message two",
        *["chat_message one"] * 4,
    ]
    assert run(page, "return [it.one.seq, it.two.seq, FakeSocket.all.length]") == [7, 4, 1]


def test_a_message_that_a_living_socket_leaves_unanswered_is_sent_again_in_its_room(page: Page) -> None:
    meet(page)
    run(page, "it.one.say('once')")
    page.clock.run_for(10_100)
    assert run(page, SENT)[-3:] == ["chat_message one", "join one", "ping "]
    run(page, "FakeSocket.last.frame('pong').readmit('one', 0)")
    said = "return FakeSocket.last.said.map(({ message, client_id }) => [message, client_id])"
    first, second = run(page, said)
    assert first == second
    assert run(page, STATES) == ["online", "online", "online"]
    assert run(page, "return [FakeSocket.all.length, FakeSocket.last.joins('two').length]") == [1, 1]


def test_a_socket_that_answers_no_room_is_replaced_for_all(page: Page) -> None:
    meet(page)
    run(page, "it.one.say('one')")
    page.clock.run_for(6_000)
    run(page, "it.two.say('two')")  # its doubt comes later, and must not put the end off
    page.clock.run_for(14_100)
    run(page, "await settle(); FakeSocket.last.welcome().readmit('one', 0).readmit('two', 0)")
    assert run(
        page, "return [FakeSocket.all.length, FakeSocket.last.said.map(({ message }) => message)]"
    ) == [
        2,
        ["one", "two"],
    ]


def test_a_token_is_renewed_once_for_all_rooms(page: Page) -> None:
    exp = "(after) => Math.floor(Date.now() / 1000) + after"
    run(
        page,
        f"globalThis.exp = {exp}; globalThis.it = await meetMany(['one', 'two'], {{"
        " token: token({ sub: 'bob', exp: exp(3600) }), heartbeatInterval: 1e9,"
        " getToken: async () => token({ sub: 'bob', exp: exp(7200) }) });"
        "FakeSocket.last.welcome().admit('one').admit('two')",
    )
    page.clock.run_for(3_500_000)
    run(page, "await settle()")
    assert run(page, "return FakeSocket.last.sent.filter(({ type }) => type === 'refresh_token').length") == 1


def test_what_ends_the_socket_ends_all_rooms_and_one_brings_all_back(page: Page) -> None:
    meet(page)
    run(page, "FakeSocket.last.drop(4402)")
    assert run(page, STATES) == ["stopped", "stopped", "stopped"]
    assert run(page, "return it.states.slice(-2)") == ["one stopped 4402", "two stopped 4402"]
    run(page, "it.two.connect(); await settle(); FakeSocket.last.welcome()")
    assert run(page, SENT) == ["join one", "join two"]


def test_a_room_that_comes_while_the_socket_waits_does_not_hurry_it(page: Page) -> None:
    meet(page)
    run(page, "FakeSocket.last.drop(4029); globalThis.three = it.snug.room('three'); three.connect()")
    assert run(page, "return [three.state, FakeSocket.all.length]") == ["waiting", 1]
    run(page, "it.one.connect(); await settle()")  # somebody has pressed "try now"
    assert run(page, "return [three.state, FakeSocket.all.length]") == ["connecting", 2]


def test_without_a_network_all_rooms_rest_and_keep_what_is_said(page: Page) -> None:
    meet(page)
    page.context.set_offline(True)
    page.wait_for_function("it.two.state === 'offline'")
    run(page, "it.one.say('later'); it.two.say('later too')")
    page.context.set_offline(False)
    page.wait_for_function("FakeSocket.all.length === 2")
    run(page, "await settle(); FakeSocket.last.welcome().readmit('two', 0).readmit('one', 0)")
    assert run(page, "return FakeSocket.last.said.map(({ room, message }) => `${room} ${message}`)") == [
        "two later too",
        "one later",
    ]


def test_the_outbox_of_a_room_is_the_same_over_either_kind_of_socket(page: Page) -> None:
    options = "{ token: token({ sub: 'bob', exp: 4e9 }), storage: localStorage }"
    run(page, f"const it = await meetMany(['one', 'two'], {options}); it.one.say('kept'); it.two.say('here')")
    page.reload()
    run(page, f"globalThis.it = await meet({{ ...{options}, room: 'one' }}); FakeSocket.last.enter()")
    assert run(page, "return FakeSocket.last.said.map(({ message }) => message)") == ["kept"]
    run(page, f"globalThis.it = await meetMany(['two'], {options}); FakeSocket.last.welcome().admit('two')")
    assert run(page, "return FakeSocket.last.said.map(({ message }) => message)") == ["here"]


def test_a_listener_may_leave_and_enter_while_it_is_told_of_a_change(page: Page) -> None:
    meet(page)
    run(
        page,
        "it.one.on('state', ({ state }) => state === 'stopped' && (it.two.disconnect(), it.one.connect()))",
    )
    run(page, "FakeSocket.last.drop(4402); await settle(); FakeSocket.last.welcome()")
    assert run(page, SENT) == ["join one"]
    assert run(page, "return [it.two.state, FakeSocket.all.length]") == ["idle", 2]


def test_no_frame_grows_over_64_kib_by_its_room(page: Page) -> None:
    name = "r" * 80
    run(page, f"globalThis.it = await meetMany(['{name}']); FakeSocket.last.welcome().admit('{name}')")
    frame = {"type": "edit_message", "message_id": "m1", "message": ""}
    room = 65_536 - len(json.dumps(frame, separators=(",", ":")))
    run(page, f"it.{name}.limits.max_message_length = 99999")
    for length in range(room - 140, room + 1, 20):
        run(page, f"it.{name}.edit('m1', 'x'.repeat({length})).catch(() => null)")
    sizes = "return FakeSocket.last.sent.map((frame) => JSON.stringify(frame).length)"
    assert 65_000 < max(run(page, sizes)) <= 65_536
