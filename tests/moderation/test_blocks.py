"""People who want to hear no more of each other."""

from __future__ import annotations

import httpx

from tests.moderation.speaking import PROCESSES, outcome, say, until_answered
from tests.personas import Workspace

BLOCKED = (403, "blocked")
DIRECT = "/api/v1/rooms/ann-bob/messages"


def direct(workspace: Workspace) -> None:
    with workspace.api() as api:
        api.post("/api/v1/rooms", json={"name": "ann-bob", "kind": "direct"}).raise_for_status()
        for sub in ("ann", "bob"):
            api.put(f"/api/v1/rooms/ann-bob/members/{sub}").raise_for_status()


def change(workspace: Workspace, method: str, path: str, sub: str) -> httpx.Response:
    with workspace.http(workspace.token(sub)) as client:
        return client.request(method, f"/api/v1/users/{path}")


async def test_in_a_direct_room_neither_writes_until_it_is_lifted(workspace: Workspace) -> None:
    direct(workspace)
    first = say(workspace, "hello", path=DIRECT, client_id="c1")
    assert first.status_code == 201
    async with workspace.chat(workspace.token("bob"), "ann-bob", process=1) as bob:
        await bob.say("are you there?")
        assert change(workspace, "PUT", "ann/blocks/bob", "ann").status_code == 201
        assert change(workspace, "PUT", "ann/blocks/bob", "ann").status_code == 200
        for process in PROCESSES:
            until_answered(workspace, "?", 403, path=DIRECT, process=process)
        await bob.send("chat_message", message="why?")
        assert (await bob.error()) == {
            "code": "FORBIDDEN",
            "message": "You cannot write here.",
            "reason": "blocked",
        }
    own = say(workspace, "go away", "ann", path=DIRECT)
    assert (outcome(own), "Unblock them" in own.json()["detail"]) == (BLOCKED, True)
    with workspace.http(workspace.token("bob")) as client:
        edit = client.patch(f"{DIRECT}/{first.json()['message_id']}", json={"message": "!!!"})
        assert outcome(edit) == BLOCKED
    assert say(workspace, "hello", path=DIRECT, client_id="c1").status_code == 200
    assert change(workspace, "DELETE", "ann/blocks/bob", "ann").status_code == 204
    assert change(workspace, "DELETE", "ann/blocks/bob", "ann").status_code == 404
    for process in PROCESSES:
        until_answered(workspace, "sorry", 201, path=DIRECT, process=process)


def test_elsewhere_both_go_on_and_a_key_writes_wherever_it_likes(workspace: Workspace) -> None:
    direct(workspace)
    change(workspace, "PUT", "ann/blocks/bob", "ann").raise_for_status()
    assert say(workspace, "hello all").status_code == 201
    with workspace.api() as api:
        assert api.post(DIRECT, json={"message": "please be kind"}).status_code == 201
        assert outcome(api.post(DIRECT, json={"message": "hi", "sub": "bob"})) == BLOCKED


def test_one_sees_and_changes_ones_own_blocks_and_a_key_everybodys(workspace: Workspace) -> None:
    direct(workspace)
    change(workspace, "PUT", "ann/blocks/bob", "ann").raise_for_status()
    (mine,) = change(workspace, "GET", "ann/blocks", "ann").json()["data"]
    assert (mine["user_id"], mine["username"]) == ("bob", "bob")
    for method, path in (("GET", "ann/blocks"), ("PUT", "ann/blocks/carl"), ("DELETE", "ann/blocks/bob")):
        assert outcome(change(workspace, method, path, "bob")) == (403, "forbidden")
    assert change(workspace, "GET", "bob/blocks", "bob").json()["data"] == []
    with workspace.api() as api:
        assert [each["user_id"] for each in api.get("/api/v1/users/ann/blocks").json()["data"]] == ["bob"]
        assert api.put("/api/v1/users/bob/blocks/ann").status_code == 201
        assert api.delete("/api/v1/users/ann/blocks/bob").status_code == 204
        api.delete("/api/v1/users/ann").raise_for_status()
        assert api.get("/api/v1/users/bob/blocks").json()["data"] == []


def test_nobody_blocks_themselves_or_somebody_unknown(workspace: Workspace) -> None:
    say(workspace, "hello", "ann")
    assert outcome(change(workspace, "PUT", "ann/blocks/ann", "ann")) == (422, "invalid_field")
    for unknown in ("nobody", "%00", "%ED%A0%80"):
        assert outcome(change(workspace, "PUT", f"ann/blocks/{unknown}", "ann")) == (404, "not_found")
    with workspace.api() as api:
        assert outcome(api.get("/api/v1/users/nobody/blocks")) == (404, "not_found")


def test_a_token_blocks_people_of_its_rooms_and_learns_of_nobody_else(workspace: Workspace) -> None:
    with workspace.api() as api:
        api.put("/api/v1/users/4711", json={"name": "Ann Lee"}).raise_for_status()
        api.post("/api/v1/rooms", json={"name": "customer", "kind": "support"}).raise_for_status()
        api.put("/api/v1/rooms/customer/members/4711").raise_for_status()
        unknown = change(workspace, "PUT", "ann/blocks/4712", "ann")
        stranger = change(workspace, "PUT", "ann/blocks/4711", "ann")
        assert outcome(unknown) == outcome(stranger) == (404, "not_found")
        assert stranger.json() == unknown.json()
        for id_ in ("4711", "4712"):
            answer = change(workspace, "DELETE", f"ann/blocks/{id_}", "ann")
            assert answer.json() == change(workspace, "DELETE", "ann/blocks/4713", "ann").json()
        api.put("/api/v1/rooms/customer/members/ann").raise_for_status()
        met = change(workspace, "PUT", "ann/blocks/4711", "ann")
        assert (met.status_code, met.json()["username"]) == (201, "Ann Lee")
        api.delete("/api/v1/rooms/customer/members/ann").raise_for_status()
        assert change(workspace, "PUT", "ann/blocks/4711", "ann").status_code == 200
        assert change(workspace, "DELETE", "ann/blocks/4711", "ann").status_code == 204
        assert api.put("/api/v1/users/ann/blocks/4711").status_code == 201  # a key sees everybody


def test_a_guest_blocks_whoever_writes_where_it_is_and_no_customer(workspace: Workspace) -> None:
    with workspace.api() as api, workspace.http() as anyone:
        said = {"message": "spam", "client_id": "c"}
        api.put("/api/v1/users/4711", json={"name": "Ann Lee"}).raise_for_status()
        guest = anyone.post("/api/v1/guests", json={}).json()
        other = anyone.post("/api/v1/guests", json={}).json()
        with workspace.http(workspace.token("spammer")) as spammer, workspace.http(other["token"]) as noisy:
            for client in (spammer, noisy):
                client.post("/api/v1/rooms/general/messages", json=said).raise_for_status()
        api.delete(
            "/api/v1/rooms/general/members/spammer"
        ).raise_for_status()  # what they said still stands there
        bot = api.post("/api/v1/rooms/general/messages", json={"message": "beep"}).json()["user_id"]
    with workspace.http(guest["token"]) as client:
        blocks = f"/api/v1/users/{guest['sub']}/blocks"
        for id_ in ("4711", "4712"):
            assert outcome(client.put(f"{blocks}/{id_}")) == (404, "not_found")
        for id_ in ("spammer", other["sub"], bot):
            assert client.put(f"{blocks}/{id_}").status_code == 201
        assert len(client.get(blocks).json()["data"]) == 3


def test_a_token_for_certain_rooms_blocks_people_of_those_alone(workspace: Workspace) -> None:
    say(workspace, "hello", "bob")
    for rooms, expected in ((["elsewhere"], 404), (["general"], 201)):
        with workspace.http(workspace.token("ann", rooms=rooms)) as ann:
            assert ann.put("/api/v1/users/ann/blocks/bob").status_code == expected
