"""Public keys in the console: registered by pasting, named, revoked."""

from __future__ import annotations

import json

import pytest

from tests.accounts.signing import ALGORITHMS, new_pair, pair
from tests.console.staff import hire, sign_in
from tests.personas import Workspace
from tests.portal.visitor import Visitor, text_of
from tests.realtime.backstage import rows

WHERE = "/console/public-keys/"
KEPT = "SELECT id, kid, name, algorithm FROM accounts_publickey WHERE revoked_at IS NULL ORDER BY created_at"


def paste(visitor: Visitor, key: str, name: str = "Identity provider") -> int:
    form = {"public-name": name, "public-pasted": key}
    return visitor.post(WHERE, form, page="/console/").status_code


def status_of(workspace: Workspace, token: str) -> int:
    with workspace.http(token) as client:
        return client.get("/api/v1/rooms").status_code


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_what_is_pasted_signs_until_it_is_revoked(
    workspace: Workspace, alice: Visitor, algorithm: str
) -> None:
    mine = pair(algorithm)
    assert paste(alice, f"\n{mine.pem}\n") == 302
    ((kid, *told),) = rows(workspace, KEPT)
    assert told == [None, "Identity provider", algorithm]
    page = text_of(alice.get("/console/"))
    assert "The key is registered" in page
    assert kid in page
    assert status_of(workspace, mine.token(kid)) == 200
    alice.post(f"{WHERE}{kid}/revoke/", {}, page="/console/")
    assert "The key is revoked" in text_of(alice.get("/console/"))
    assert status_of(workspace, mine.token(kid)) == 401
    alice.post(f"{WHERE}{kid}/revoke/", {}, page="/console/")
    assert "was revoked already" in text_of(alice.get("/console/"))


def test_a_jwk_and_a_set_are_taken_too_and_go_by_their_own_names(
    workspace: Workspace, alice: Visitor
) -> None:
    one, two, three = (new_pair("EdDSA") for _ in range(3))
    assert paste(alice, json.dumps(one.jwk(kid="one"))) == 302
    assert (
        paste(alice, json.dumps({"keys": [two.jwk(kid="two"), three.jwk(kid="<b>three")]}, indent=2)) == 302
    )
    assert [kid for _, kid, *_ in rows(workspace, KEPT)] == ["one", "two", "<b>three"]
    page = alice.get("/console/")
    assert "2 keys are registered" in text_of(page)
    assert "&lt;b&gt;three" in page.text
    assert [status_of(workspace, each.token(kid)) for each, kid in ((one, "one"), (two, "two"))] == [200, 200]


@pytest.mark.parametrize(
    ("key", "why"),
    [
        (pair("ES256").private_pem, "This is a private key. It was not kept."),
        (json.dumps(pair("ES256").private_jwk()), "This is a private key. It was not kept."),
        (json.dumps({"kty": "oct", "k": "c2VjcmV0"}), "This is a shared secret, no public key."),
        ("{", "This begins as JSON does, and is none."),
        ("{" * 90_000, "This begins as JSON does, and is none."),
        ('{"a":' * 16_000, "This begins as JSON does, and is none."),
        ('{"keys": 7}', "A JWK set has keys, a list of 1 to 20."),
        ("{}", "This is no JWK of a public key"),
        ("hello", "A PEM is one public key"),
        ("", "Paste the public key."),
        ("-----BEGIN PUBLIC KEY-----\nx\x00y\n-----END PUBLIC KEY-----", "Null characters are not allowed."),
        ("x" * 100_001, "Ensure this value has at most 100000 characters"),
    ],
    ids=range(12),
)
def test_what_is_no_public_key_is_refused_and_kept_nowhere(
    workspace: Workspace, alice: Visitor, key: str, why: str
) -> None:
    answer = alice.post(WHERE, {"public-name": "x", "public-pasted": key}, page="/console/")
    assert answer.status_code == 422
    assert why in text_of(answer)
    assert rows(workspace, KEPT) == []


def test_a_secret_pasted_by_mistake_is_not_shown_again(alice: Visitor) -> None:
    secret = pair("ES256").private_pem
    answer = alice.post(WHERE, {"public-name": "x", "public-pasted": secret}, page="/console/")
    assert secret.splitlines()[1] not in answer.text


def test_a_key_that_is_there_is_not_registered_twice(workspace: Workspace, alice: Visitor) -> None:
    mine = pair("EdDSA")
    assert [paste(alice, mine.pem), paste(alice, mine.pem), paste(alice, mine.pem, " ")] == [302, 422, 422]
    assert len(rows(workspace, KEPT)) == 1


@pytest.mark.parametrize("role", ["agent", "moderator"])
def test_who_does_not_administer_sees_them_and_changes_none(
    workspace: Workspace, alice: Visitor, role: str
) -> None:
    assert paste(alice, pair("EdDSA").pem, "Shop 🦊") == 302
    ((kid, *_),) = rows(workspace, KEPT)
    colleague = sign_in(workspace, hire(workspace, role))
    page = colleague.get("/console/").text
    assert "Shop 🦊" in page
    assert WHERE not in page
    assert paste(colleague, pair("ES256").pem) == 403
    assert colleague.post(f"{WHERE}{kid}/revoke/", {}, page="/console/").status_code == 403
    assert len(rows(workspace, KEPT)) == 1


def test_mallory_revokes_none_of_alices(workspace: Workspace, alice: Visitor, mallory: Visitor) -> None:
    paste(alice, pair("EdDSA").pem)
    ((kid, *_),) = rows(workspace, KEPT)
    mallory.post(f"{WHERE}{kid}/revoke/", {}, page="/console/")
    assert len(rows(workspace, KEPT)) == 1
    alice.post(f"{WHERE}{kid}/revoke/", {}, page="/console/")
    assert rows(workspace, KEPT) == []
