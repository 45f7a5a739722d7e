"""What the JavaScript client asks of a server that does whatever the test says: changes, reads, and what was missed."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.widget.test_the_client import page, run

__all__ = ["page"]  # the fixture

SENT = "return FakeSocket.last.sent"


def back(page: Page, seq: int, rev: int, history: str) -> None:
    """Let the connection fall, and the client come back to what it missed."""
    run(page, "FakeSocket.last.drop(1006)")
    page.clock.run_for(1_000)
    run(
        page,
        f"await settle(); FakeSocket.last.enter({seq}, {rev}).frame('history', {{ from_resume: true, {history} }})",
    )


def test_a_change_settles_with_the_servers_answer(page: Page) -> None:
    run(
        page,
        "globalThis.it = await meet(); FakeSocket.last.enter(3, 3);"
        "globalThis.edited = it.client.edit('m1', 'new'); globalThis.gone = it.client.delete('m2');"
        "globalThis.given = it.client.react('m3', '👍'); globalThis.taken = it.client.react('m3', '👍', false)",
    )
    assert run(page, SENT) == [
        {"type": "edit_message", "message_id": "m1", "message": "new", "ref": 1},
        {"type": "delete_message", "message_id": "m2", "ref": 2},
        {"type": "react", "message_id": "m3", "emoji": "👍", "on": True, "ref": 3},
        {"type": "react", "message_id": "m3", "emoji": "👍", "on": False, "ref": 4},
    ]
    run(
        page,
        "FakeSocket.last.frame('message_edited', { message_id: 'm1', seq: 1, rev: 4, message: 'new', ref: 1 })"
        ".frame('error', { error: { code: 'FORBIDDEN', message: 'Not yours.' }, message: 'Not yours.', ref: 2 })"
        ".frame('reaction', { message_id: 'm3', seq: 3, rev: 5, emoji: '👍', on: true, count: 1, ref: 3 })"
        ".frame('error', { error: { code: 'RATE_LIMITED', message: 'Slowly.' }, message: '', retry_after: 4, ref: 4 })",
    )
    assert run(page, "return [(await edited).message, (await given).count, it.client.rev]") == ["new", 1, 5]
    why = "return await PROMISE.catch((error) => [error.name, error.code, error.message, error.retryAfter ?? null])"
    assert run(page, why.replace("PROMISE", "gone")) == ["Refused", "FORBIDDEN", "Not yours.", None]
    assert run(page, why.replace("PROMISE", "taken")) == ["Refused", "RATE_LIMITED", "Slowly.", 4]


def test_a_change_without_an_answer_is_asked_again_after_what_was_missed(page: Page) -> None:
    run(
        page,
        "globalThis.it = await meet(); FakeSocket.last.enter(3, 3); globalThis.done = it.client.edit('m1', 'new')",
    )
    back(page, 3, 4, "messages: [], has_more: true")
    assert run(page, SENT) == [{"type": "history", "after": 3, "limit": 100, "ref": 2}]
    run(page, "FakeSocket.last.frame('history', { messages: [], has_more: false, ref: 2 })")
    again = {"type": "edit_message", "message_id": "m1", "message": "new", "ref": 1}
    assert run(page, SENT)[-1] == again
    run(
        page,
        "FakeSocket.last.frame('message_edited', { message_id: 'm1', seq: 1, rev: 4, message: 'new', ref: 1 })",
    )
    assert run(page, "return (await done).message") == "new"


def test_when_it_stops_every_open_change_is_told_so(page: Page) -> None:
    run(
        page,
        "globalThis.it = await meet(); FakeSocket.last.enter();"
        "globalThis.why = it.client.delete('m1').catch((error) => error.code); FakeSocket.last.drop(4003)",
    )
    assert run(page, "return await why") == "DISCONNECTED"


def test_a_page_of_history_belongs_to_its_question_and_has_its_time(page: Page) -> None:
    run(
        page,
        "globalThis.it = await meet(); FakeSocket.last.enter(9, 9);"
        "globalThis.late = it.client.history({ before: 3 }).catch((error) => error.code);"
        "globalThis.early = it.client.history({ before: 6 })",
    )
    run(page, "FakeSocket.last.frame('history', { messages: [{ seq: 5 }], has_more: true, ref: 2 })")
    assert run(page, "return (await early).messages") == [{"seq": 5}]
    page.clock.run_for(10_000)
    assert run(page, "return await late") == "TIMEOUT"


def test_how_far_one_has_read_is_told_once_a_second_and_only_when_it_is_further(page: Page) -> None:
    run(
        page,
        "globalThis.it = await meet(); FakeSocket.last.enter(9, 9); for (let n = 1; n < 6; n++) it.client.read(n)",
    )
    assert run(page, SENT) == [{"type": "read", "seq": 1}]
    page.clock.run_for(1_000)
    assert run(page, SENT)[1:] == [{"type": "read", "seq": 5}]
    page.clock.run_for(5_000)
    run(page, "it.client.read(5); it.client.read(4); it.client.read(99)")
    assert run(page, SENT)[2:] == [{"type": "read", "seq": 9}]  # never beyond what there is


def test_what_comes_after_it_is_not_read_unasked(page: Page) -> None:
    run(page, "globalThis.it = await meet(); it.client.read(99999); FakeSocket.last.enter(17, 17)")
    run(page, "FakeSocket.last.message(18)")
    page.clock.run_for(2_000)
    assert run(page, SENT) == [{"type": "read", "seq": 17}]

    run(
        page, "it.client.read(18); it.client.read(99999); FakeSocket.last.message(19)"
    )  # within the second of 18
    page.clock.run_for(2_000)
    back(page, 20, 20, "messages: [], has_more: false")
    page.clock.run_for(2_000)
    assert run(page, SENT) == [{"type": "read", "seq": 18}]


def test_in_an_empty_room_nothing_is_read(page: Page) -> None:
    run(page, "globalThis.it = await meet(); FakeSocket.last.enter(0, 0); it.client.read(7)")
    run(page, "for (let seq = 1; seq < 9; seq++) FakeSocket.last.message(seq)")
    page.clock.run_for(2_000)
    assert run(page, SENT) == []


def test_what_was_read_while_away_is_told_on_the_return(page: Page) -> None:
    run(page, "globalThis.it = await meet(); FakeSocket.last.enter(3, 3).drop(1006); it.client.read(3)")
    page.clock.run_for(1_000)
    run(
        page,
        "await settle(); FakeSocket.last.enter(3, 3)"
        ".frame('history', { from_resume: true, messages: [], has_more: false })",
    )
    assert run(page, SENT) == [{"type": "read", "seq": 3}]


def test_what_was_missed_is_told_as_if_it_happened_now(page: Page) -> None:
    run(
        page,
        "globalThis.it = await meet(); FakeSocket.last.enter(2, 2); it.heard.length = 0; globalThis.told = []",
    )
    run(
        page,
        "for (const name of ['chat_message', 'message_edited', 'message_deleted'])"
        " it.client.on(name, ({ message_id, rev }) => told.push(`${name} ${message_id} ${rev}`))",
    )
    back(
        page,
        4,
        8,
        "messages: [{ message_id: 'm3', seq: 3, rev: 5 }, { message_id: 'm4', seq: 4, rev: 6, deleted: true }],"
        " changed: [{ message_id: 'm1', seq: 1, rev: 7 }, { message_id: 'm2', seq: 2, rev: 8, deleted: true }],"
        " has_more: false",
    )
    assert run(page, "return told") == [
        "chat_message m3 5",
        "message_deleted m4 6",
        "message_edited m1 7",
        "message_deleted m2 8",
    ]
    assert run(page, "return [it.client.seq, it.client.rev]") == [4, 8]
    run(
        page,
        "FakeSocket.last.frame('reaction', { message_id: 'm3', seq: 3, rev: 9, emoji: '👍', on: true, count: 1 })",
    )
    assert run(page, "return [it.client.rev, FakeSocket.all.length]") == [9, 2]


def test_an_acknowledgement_that_was_missed_empties_the_outbox(page: Page) -> None:
    run(page, "globalThis.it = await meet(); FakeSocket.last.enter(); globalThis.id = it.client.say('once')")
    run(page, "FakeSocket.last.drop(1006)")
    page.clock.run_for(1_000)
    run(
        page,
        "await settle(); FakeSocket.last.enter(1, 1).frame('history', { from_resume: true, has_more: false,"
        " messages: [{ message_id: 'm1', seq: 1, rev: 1, client_id: id, user_id: 'bob', message: 'once' }] })",
    )
    assert run(page, "return [it.client.pending.length, FakeSocket.last.said.length]") == [0, 0]


def test_a_lost_change_of_an_older_message_is_a_gap_as_well(page: Page) -> None:
    run(page, "globalThis.it = await meet(); FakeSocket.last.enter(3, 3)")
    run(page, "FakeSocket.last.frame('message_edited', { message_id: 'm1', seq: 1, rev: 5 }); await settle()")
    assert run(page, "return FakeSocket.last.url.search") == "?since=3&rev=3&connection=c1"
    assert run(page, "return it.heard.includes('message_edited')") is False


def test_a_site_that_gives_expired_tokens_is_not_asked_without_end(page: Page) -> None:
    run(
        page,
        "globalThis.asked = 0; const old = token({ sub: 'bob', exp: Date.now() / 1000 + 3600 });"
        "globalThis.expire = () => FakeSocket.last.frame('error', { error: { code: 'TOKEN_EXPIRED', message: '' } });"
        "await meet({ token: old, heartbeatInterval: 1e9, getToken: async () => (asked++, old) });"
        "FakeSocket.last.enter();"
        "for (let n = 0; n < 5; n++) { expire(); await settle() }",
    )
    assert run(page, "return asked") == 1
    page.clock.run_for(5_001)
    assert run(page, "await settle(); return asked") == 2
