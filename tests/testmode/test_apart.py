"""Live and test mode know nothing of each other: every call, every credential, both ways."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import jwt
import pytest

from accounts import tokens
from tests.accounts.signing import pair
from tests.api.calls import CALLS, Call, prepared
from tests.api.test_mallory import contents
from tests.personas import Workspace
from tests.testmode.persona import InTestMode, in_test_mode

Open = Callable[..., Workspace]


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_a_call_with_a_test_key_changes_nothing_live(new_workspace: Open, call: Call) -> None:
    workspace = new_workspace(plan="pro")
    trial = in_test_mode(workspace)
    _, message_id = prepared(workspace), prepared(trial)
    before = contents(workspace)
    with trial.api() as client:
        answer = call.send(client, message_id)
    assert answer.status_code == call.status, answer.text
    assert answer.headers["snug-mode"] == "test"
    after = contents(workspace)
    if call.test:  # whoever resets is in the live audit
        assert after.pop("audit_auditentry") != before.pop("audit_auditentry")
    assert after == before


def test_no_call_with_a_live_key_changes_test_mode(new_workspace: Open) -> None:
    workspace = new_workspace(plan="pro")
    trial = in_test_mode(workspace)
    message_id, _ = prepared(workspace), prepared(trial)
    before = contents(trial)
    with workspace.api() as client:
        in_turn = sorted(
            CALLS, key=lambda call: call.method == "DELETE"
        )  # most still find what they are about
        answers = [(call, call.send(client, message_id)) for call in in_turn]
    assert sum(answer.status_code == call.status for call, answer in answers) > len(CALLS) * 2 / 3
    assert not any("snug-mode" in answer.headers for _, answer in answers)
    assert [answer.status_code for call, answer in answers if call.test] == [403]
    assert contents(trial) == before


def test_a_message_of_the_other_side_is_not_found_by_its_id(workspace: Workspace, trial: InTestMode) -> None:
    of_live, of_test = prepared(workspace), prepared(trial)
    for place, own, other in ((workspace, of_live, of_test), (trial, of_test, of_live)):
        with place.api() as client:
            assert client.get(f"/api/v1/rooms/general/messages/{own}").status_code == 200
            assert client.get(f"/api/v1/rooms/general/messages/{other}").status_code == 404


def status(workspace: Workspace, credential: str) -> int:
    with workspace.http(credential) as client:
        return client.get("/api/v1/rooms").status_code


def test_mallorys_test_key_is_refused_as_any_of_hers(workspace: Workspace, elsewhere: Workspace) -> None:
    hers = in_test_mode(elsewhere)
    assert status(elsewhere, hers.secret) == status(elsewhere, hers.token("mallory")) == 200
    before = contents(workspace)
    # Where there is no test side yet, and where there is one.
    for ours in (None, in_test_mode(workspace)):
        before_there = contents(ours) if ours else None
        for credential in (
            hers.secret,
            hers.token("mallory"),
            elsewhere.secret,
            tokens.sign(hers.signing_secret, ours.key_id if ours else workspace.key_id, "mallory", 600)[0],
        ):
            with workspace.http(credential) as client:
                answer = client.get("/api/v1/rooms")
                assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
                assert client.post("/api/v1/test/reset").status_code == 401
        assert ours is None or contents(ours) == before_there
        before.pop("audit_auditentry", None)
        now = contents(workspace)
        now.pop("audit_auditentry")
        assert now == before


def test_signatures_and_ids_of_the_two_sides_do_not_mix(workspace: Workspace, trial: InTestMode) -> None:
    def sign(secret: str, kid: str) -> str:
        return tokens.sign(secret, kid, "eve", 600)[0]

    assert status(workspace, sign(workspace.signing_secret, workspace.key_id)) == 200
    assert status(workspace, sign(trial.signing_secret, trial.key_id)) == 200
    assert status(workspace, sign(workspace.signing_secret, trial.key_id)) == 401
    assert status(workspace, sign(trial.signing_secret, workspace.key_id)) == 401


def claims(**more: Any) -> dict[str, Any]:
    return jwt.decode(tokens.sign("x" * 32, "k", "bob", 600)[0], options={"verify_signature": False}) | more


def test_no_algorithm_and_another_one_are_refused_in_test_mode_too(trial: InTestMode) -> None:
    kid = {"kid": trial.key_id}
    mine = pair("RS256")
    with trial.api() as client:
        public = client.post("/api/v1/public-keys", json={"pem": mine.pem}).json()["data"][0]
    assert public["id"].startswith("key_test_")
    assert status(trial, jwt.encode(claims(), trial.signing_secret, "HS256", headers=kid)) == 200
    assert status(trial, mine.token(public["id"])) == 200
    assert status(trial, jwt.encode(claims(), "", "none", headers=kid)) == 401
    assert status(trial, mine.token(trial.key_id)) == 401
    # The public key, which is no secret, taken for a secret.
    forged = {"kid": public["id"]}
    assert status(trial, jwt.encode(claims(), trial.signing_secret, "HS256", headers=forged)) == 401


def test_a_public_key_is_trusted_on_its_own_side_alone(workspace: Workspace, trial: InTestMode) -> None:
    mine = pair("ES256")
    ids = []
    for place in (workspace, trial):
        with place.api() as client:
            made = client.post("/api/v1/public-keys", json={"jwk": mine.jwk(kid="theirs")})
            assert made.status_code == 201, made.text
            ids.append(made.json()["data"][0])
    live, test = ids
    assert (live["kid"], test["kid"]) == ("theirs", None)
    with workspace.http(mine.token("theirs", sub="anna")) as client:
        answer = client.get("/api/v1/rooms")
        assert (answer.status_code, "snug-mode" in answer.headers) == (200, False)
    with workspace.http(mine.token(test["id"], sub="berta")) as client:
        answer = client.get("/api/v1/rooms")
        assert (answer.status_code, answer.headers.get("snug-mode")) == (200, "test")
    assert users(workspace) == ["anna"]
    assert users(trial) == ["berta"]


def users(workspace: Workspace) -> list[str]:
    with workspace.api() as client:
        found = client.get("/api/v1/users").json()["data"]
    return sorted(user["external_id"] for user in found if user["kind"] in ("user", "guest"))


def test_whoever_a_test_key_vouches_for_is_in_test_mode(workspace: Workspace, trial: InTestMode) -> None:
    with trial.api() as client:
        minted = client.post("/api/v1/tokens", json={"sub": "bob"}).json()["token"]
        guest = client.post("/api/v1/guests", json={"name": "Visitor"}).json()
    assert jwt.get_unverified_header(guest["token"])["kid"].startswith("key_test_")
    for token in (minted, trial.token("carol"), guest["token"]):
        with workspace.http(token) as client:
            said = client.post("/api/v1/rooms/general/messages", json={"message": "hello"})
            assert (said.status_code, said.headers["snug-mode"]) == (201, "test")
    with workspace.http(guest["token"]) as client:
        again = client.post("/api/v1/guests").json()
    assert again["sub"] == guest["sub"]
    assert users(trial) == sorted(["bob", "carol", guest["sub"]])
    assert users(workspace) == []
    with workspace.http() as client:  # and nobody else's guests are
        token = client.post("/api/v1/guests").json()["token"]
    assert jwt.get_unverified_header(token)["kid"].startswith("key_")
    assert not jwt.get_unverified_header(token)["kid"].startswith("key_test_")


def test_keys_that_a_test_key_makes_are_test_keys(trial: InTestMode) -> None:
    with trial.api() as client:
        made = client.post("/api/v1/keys", json={"name": "CI", "scopes": ["admin"]}).json()
        rotated = client.post(f"/api/v1/keys/{made['id']}/rotate", json={"overlap": 0}).json()
    for key in (made, rotated):
        assert key["id"].startswith("key_test_")
        assert key["secret"].startswith("snug_sk_test_")
        assert key["secret"].startswith(key["prefix"])
    assert status(trial, made["secret"]) == 401
    assert status(trial, rotated["secret"]) == 200


def test_a_link_to_a_file_of_test_mode_leads_there(workspace: Workspace, trial: InTestMode) -> None:
    def uploaded(place: Workspace, text: str) -> dict[str, Any]:
        with place.api() as client:
            files = {"file": ("note.txt", text)}
            made = client.post("/api/v1/files", data={"room": "general"}, files=files)
        assert made.status_code == 201, made.text
        found: dict[str, Any] = made.json()
        return found

    def fetched(url: str) -> httpx.Response:
        with workspace.http() as anyone:
            return anyone.get(httpx.URL(url).raw_path.decode())

    live, test = uploaded(workspace, "live"), uploaded(trial, "test")
    assert fetched(live["url"]).text == "live"
    assert fetched(test["url"]).text == "test"
    assert "signature=test_" in test["url"]
    for url in (
        test["url"].replace("signature=test_", "signature="),
        live["url"].replace("signature=", "signature=test_"),
        live["url"].replace(live["id"], test["id"]),
    ):
        assert fetched(url).status_code == 404


def test_a_mark_of_test_mode_helps_nobody_where_there_is_none(workspace: Workspace) -> None:
    with workspace.api() as client:
        made = client.post("/api/v1/files", data={"room": "general"}, files={"file": ("note.txt", "live")})
        marked = made.json()["url"].replace("signature=", "signature=test_")
    with workspace.http() as anyone:
        assert anyone.get(httpx.URL(marked).raw_path.decode()).status_code == 404
        answer = anyone.post("/api/v1/incoming/snug_in_test_" + "x" * 43, json={"text": "hello"})
        assert answer.status_code == 404
        refused = anyone.get("/api/v1/rooms", headers={"Authorization": "Bearer snug_sk_test_" + "x" * 43})
        assert (refused.status_code, "snug-mode" in refused.headers) == (401, False)


def test_an_incoming_webhook_posts_on_its_own_side(workspace: Workspace, trial: InTestMode) -> None:
    urls = []
    for place in (workspace, trial):
        with place.api() as client:
            made = client.post("/api/v1/rooms/general/incoming-webhooks", json={"name": "Deploys"})
            urls.append(httpx.URL(made.json()["secret_url"]))
    live, test = urls
    assert test.host == live.host
    assert test.path.startswith("/api/v1/incoming/snug_in_test_")
    with workspace.http() as anyone:
        assert anyone.post(live.path, json={"text": "live"}).status_code == 201
        # What is in the path counts, whatever the header says.
        posted = anyone.post(
            test.path, json={"text": "test"}, headers={"Authorization": f"Bearer {workspace.secret}"}
        )
        assert (posted.status_code, posted.headers["snug-mode"]) == (201, "test")
    for place, text in ((workspace, "live"), (trial, "test")):
        with place.api() as client:
            said = client.get("/api/v1/rooms/general/messages").json()["data"]
        assert [message["message"] for message in said] == [text]


def test_one_side_does_not_use_up_the_others_requests(workspace: Workspace, trial: InTestMode) -> None:
    with trial.api() as client:
        for _ in range(3):
            left = int(client.get("/api/v1/rooms").headers["ratelimit-remaining"])
    with workspace.api() as client:
        answer = client.get("/api/v1/rooms")
    assert int(answer.headers["ratelimit-remaining"]) > left
    assert answer.headers["ratelimit-limit"] == "120"


def test_pages_elsewhere_may_read_in_which_mode_an_answer_is(trial: InTestMode) -> None:
    with trial.api() as client:
        answer = client.get("/api/v1/rooms", headers={"Origin": "http://localhost:9000"})
    assert "Snug-Mode" in answer.headers["access-control-expose-headers"]
