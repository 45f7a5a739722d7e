"""A name that a token brings is everywhere at once: also where a key speaks for its user, on every process."""

from __future__ import annotations

import time

import httpx

from tests.personas import Workspace

PATH = "/api/v1/rooms/general/messages"


def said_by_zed(client: httpx.Client) -> str:
    """The name under which a key's message for the user zed goes out."""
    answer = client.post(PATH, json={"message": "hi", "sub": "zed"})
    assert answer.status_code == 201, answer.text
    name: str = answer.json()["username"]
    return name


def all_say(client: httpx.Client, name: str) -> None:
    """Within two seconds, and from then on."""
    deadline = time.monotonic() + 2
    while said_by_zed(client) != name:
        assert time.monotonic() < deadline, f"still not {name}"
    assert [said_by_zed(client) for _ in range(10)] == [name] * 10


def test_a_new_name_is_known_to_the_other_process_and_in_no_other_workspace(
    workspace: Workspace, elsewhere: Workspace
) -> None:
    with workspace.api(0) as near, workspace.api(1) as far, elsewhere.api(1) as theirs:
        assert [said_by_zed(client) for client in (near, far, theirs)] == ["zed"] * 3  # cached by now
        for name in ("Zed", "Zed the Second"):
            with workspace.http(workspace.token("zed", name=name)) as user:
                assert user.post(PATH, json={"message": "hi"}).json()["username"] == name
            all_say(near, name)
            all_say(far, name)
            with workspace.http(
                workspace.token("zed"), 1
            ) as nameless:  # says nothing of a name, and takes none away
                assert nameless.post(PATH, json={"message": "hi"}).json()["username"] == name
        assert said_by_zed(theirs) == "zed"
        live = far.get(PATH).json()["data"]
    assert {said["username"] for said in live[:1]} == {"Zed the Second"}


async def test_a_name_that_a_socket_brings_is_known_to_the_other_process(workspace: Workspace) -> None:
    with workspace.api(1) as far:
        assert said_by_zed(far) == "zed"
        async with workspace.chat(workspace.token("zed", name="Zed")) as socket:
            await socket.entered()
            all_say(far, "Zed")
