"""How much a user may say in ten seconds."""

from types import SimpleNamespace

import pytest

from tests.personas import Workspace


async def test_past_the_rate_a_send_is_an_error_that_says_when_to_try_again(workspace: Workspace) -> None:
    token = workspace.token("bob")
    async with workspace.chat(token) as bob, workspace.chat(token) as tab:
        await bob.entered()
        await tab.entered()
        for n in range(20):  # the plan's twenty, over both of his tabs
            await (bob, tab)[n % 2].say(f"message {n}", client_id=f"c-{n}")
        await bob.send("chat_message", message="one more", client_id="more")
        error = await bob.until("error")
        assert error["error"]["code"] == "RATE_LIMITED"
        assert error["client_id"] == "more"
        assert 0 < error["retry_after"] <= 10

        # Others, and all that is no send, are not concerned.
        for frame in ("ping", "history", "typing"):
            for _ in range(30):
                await bob.send(frame, **({"is_typing": True} if frame == "typing" else {}))
                if frame != "typing":
                    await bob.until({"ping": "pong"}.get(frame, frame))
        async with workspace.chat(workspace.token("ann")) as ann:
            await ann.entered()
            await ann.say("hello")


async def test_what_was_refused_does_not_count(workspace: Workspace) -> None:
    async with workspace.chat(workspace.token("bob")) as bob:
        await bob.entered()
        for _ in range(40):
            await bob.send("chat_message", message=" ")
            assert (await bob.error())["code"] == "EMPTY_MESSAGE"
        await bob.say("hello")


async def test_ten_times_the_rate_closes_the_socket(workspace: Workspace) -> None:
    async with workspace.chat(workspace.token("bob")) as bob, workspace.chat(workspace.token("ann")) as ann:
        await bob.entered()
        await ann.entered()
        for _ in range(201):
            await bob.send("chat_message", message="flood")
        assert await bob.closed() == 4029
        await ann.say("quiet again")
        heard = [frame for frame in await ann.quiet(0.1) if frame.get("user_id") == "bob"]
        assert len([frame for frame in heard if frame["type"] == "chat_message"]) <= 20


def test_the_rate_is_a_window_that_moves() -> None:
    from realtime.limits import WINDOW, MessageRate

    rate = MessageRate()
    assert [rate.hit(2) for _ in range(2)] == [0.0, 0.0]
    assert 0 < rate.hit(2) <= WINDOW
    rate._accepted[0] -= WINDOW
    assert rate.hit(2) == 0.0
    assert not rate.flooding(1)
    for _ in range(10):
        rate.hit(1)
    assert rate.flooding(1)
    assert not rate.idle


def test_a_wait_is_never_told_shorter_than_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    from realtime import limits

    now = 1000.0
    monkeypatch.setattr(limits, "time", SimpleNamespace(monotonic=lambda: now))
    rate = limits.MessageRate()
    rate.hit(1)
    for after in (0.001, 5.06, 8.94, 9.999):
        now = 1000 + after
        assert 10 - after <= rate.hit(1) <= 10 - after + 0.101
