"""User tokens signed with a private key, checked with the public one that the tenant registered."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from accounts import authentication, keys, members, public_keys
from tenants.database import Pool
from tests.accounts.asking import answer
from tests.accounts.signing import ALGORITHMS, Pair, new_pair, pair
from tests.accounts.test_tokens import encoded
from tests.personas import Workspace
from tests.realtime.backstage import rows


def register(workspace: Workspace, **body: Any) -> list[dict[str, Any]]:
    with workspace.api() as api:
        made = api.post("/api/v1/public-keys", json=body)
    assert made.status_code == 201, made.text
    found: list[dict[str, Any]] = made.json()["data"]
    return found


def trusted(workspace: Workspace, mine: Pair) -> str:
    """Register a pair's public key; its id."""
    return str(register(workspace, pem=mine.pem)[0]["id"])


def asked(workspace: Workspace, token: str, process: int = 0) -> tuple[int, str]:
    """How the API answers a token: status, and why."""
    with workspace.http(token, process) as client:
        told = client.get("/api/v1/rooms")
    return told.status_code, told.json().get("detail", "") if told.status_code != 200 else ""


def remove(workspace: Workspace, key_id: str) -> int:
    with workspace.api() as api:
        return api.delete(f"/api/v1/public-keys/{key_id}").status_code


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_a_token_under_a_registered_key_opens_sockets_and_the_api(
    workspace: Workspace, algorithm: str
) -> None:
    mine = pair(algorithm)
    kid = trusted(workspace, mine)
    for process in (0, 1):
        assert asked(workspace, mine.token(kid), process) == (200, "")
        async with workspace.chat(mine.token(kid), process=process) as bob:
            assert {"id": "bob", "username": "bob"} in (await bob.entered())["users"]
            assert (await bob.say("hello"))["user_id"] == "bob"


def test_a_jwks_own_kids_do_as_well(workspace: Workspace, elsewhere: Workspace) -> None:
    pairs = [pair(algorithm) for algorithm in ALGORITHMS]
    set_ = {"keys": [each.jwk(kid=f"idp/{n}", use="sig") for n, each in enumerate(pairs)]}
    made = register(elsewhere, jwks=set_)
    assert [key["kid"] for key in made] == ["idp/0", "idp/1", "idp/2"]
    register(workspace, jwks=set_)  # the same provider serves both: each has its own register
    for n, each in enumerate(pairs):
        for kid in (f"idp/{n}", made[n]["id"]):
            assert asked(elsewhere, each.token(kid))[0] == 200
        assert asked(workspace, each.token(f"idp/{n}"))[0] == 200
        assert asked(workspace, each.token(made[n]["id"]))[0] == 401  # that id is elsewhere's
        assert asked(elsewhere, each.token(f"idp/{(n + 1) % 3}"))[0] == 401


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_mallorys_keys_are_not_ours(workspace: Workspace, elsewhere: Workspace, algorithm: str) -> None:
    ours, hers = pair(algorithm), pair(algorithm, 1)
    kid, her_kid = trusted(workspace, ours), trusted(elsewhere, hers)
    assert asked(workspace, ours.token(kid))[0] == 200
    assert asked(elsewhere, hers.token(her_kid))[0] == 200
    for token in (hers.token(her_kid), hers.token(kid), ours.token(her_kid)):
        assert asked(workspace, token)[0] == 401
    assert asked(elsewhere, ours.token(kid))[0] == 401
    with workspace.api() as alice, elsewhere.api() as mallory:
        assert alice.get(f"/api/v1/public-keys/{kid}").status_code == 200
        assert mallory.get(f"/api/v1/public-keys/{kid}").status_code == 404
        assert mallory.delete(f"/api/v1/public-keys/{kid}").status_code == 404
    assert asked(workspace, ours.token(kid))[0] == 200


# ---- algorithm confusion


def signed_with_text(secret: str, kid: str, alg: str = "HS256", claims: Any = None) -> str:
    """An HMAC token under any header: a library would refuse to make it."""
    claims = claims or {"sub": "bob", "exp": int(time.time()) + 600}
    signed = f"{encoded({'alg': alg, 'typ': 'JWT', 'kid': kid})}.{encoded(claims)}"
    return f"{signed}.{encoded(hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest())}"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_public_keys_text_is_no_shared_secret(workspace: Workspace, algorithm: str) -> None:
    mine = pair(algorithm)
    (key,) = register(workspace, jwk=mine.jwk(kid="idp"))
    assert asked(workspace, mine.token("idp"))[0] == 200
    texts = [mine.pem, mine.pem.strip(), key["pem"], json.dumps(mine.jwk()), ""]
    for text in texts:
        for kid in (key["id"], "idp", workspace.key_id):
            for alg in ("HS256", algorithm):
                assert asked(workspace, signed_with_text(text, kid, alg))[0] == 401
    status, why = asked(workspace, signed_with_text(mine.pem, key["id"]))
    assert (status, "names a public key, and its alg is HS256" in why) == (401, True)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_key_is_good_for_its_own_algorithm_alone(workspace: Workspace, algorithm: str) -> None:
    mine = pair(algorithm)
    kid = trusted(workspace, mine)
    head, claims, signature = mine.token(kid).split(".")
    header = json.loads(jwt.utils.base64url_decode(head))
    for alg in {*ALGORITHMS, "HS256", "none", "None", "RS384", "PS256", "ES384", "ES256K", ""} - {algorithm}:
        renamed = f"{encoded(header | {'alg': alg})}.{claims}"
        for end in (signature, ""):
            assert asked(workspace, f"{renamed}.{end}")[0] == 401
    for alg, other in ((each, pair(each, 1)) for each in ALGORITHMS if each != algorithm):
        status, why = asked(workspace, other.token(kid))
        assert (status, f"alg must be {algorithm}" in why) == (401, True), (alg, why)
    assert asked(workspace, workspace.token("bob"))[0] == 200
    assert asked(workspace, mine.token(workspace.key_id))[0] == 401  # an API key's id names no public key
    assert asked(workspace, signed_with_text(workspace.signing_secret, kid))[0] == 401


def test_another_curve_signs_nothing_under_an_es256_key(workspace: Workspace) -> None:
    kid = trusted(workspace, pair("ES256"))
    private = ec.generate_private_key(ec.SECP384R1())
    claims = {"sub": "bob", "exp": int(time.time()) + 600}
    es384 = jwt.encode(claims, private, algorithm="ES384", headers={"kid": kid})
    _, payload, signature = es384.split(".")
    as_es256 = f"{encoded({'alg': 'ES256', 'kid': kid})}.{payload}.{signature}"
    for token in (es384, as_es256, es384.replace(signature, "A" * 86)):
        assert asked(workspace, token)[0] == 401
    zeros = f"{encoded({'alg': 'ES256', 'kid': kid})}.{payload}.{'A' * 86}"  # r = s = 0
    assert asked(workspace, zeros)[0] == 401


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_keys_that_a_token_brings_along_are_not_looked_at(workspace: Workspace, algorithm: str) -> None:
    ours, hers = pair(algorithm), pair(algorithm, 1)
    kid = trusted(workspace, ours)
    brought: dict[str, Any] = {
        "jwk": hers.jwk(),
        "jku": "http://127.0.0.1:1/jwks.json",
        "x5u": "http://127.0.0.1:1/cert.pem",
        "x5c": ["MIIB"],
    }
    for name, value in brought.items():
        assert asked(workspace, hers.token(kid, **{name: value}))[0] == 401
        assert asked(workspace, ours.token(kid, **{name: value}))[0] == 200  # it changes nothing either way
        assert asked(workspace, hers.token("unknown", **{name: value}))[0] == 401


def test_a_header_that_asks_to_be_understood_is_refused(workspace: Workspace) -> None:
    mine = pair("ES256")
    kid = trusted(workspace, mine)
    odd: list[dict[str, Any]] = [{"crit": value} for value in (["exp"], ["b64"], [], None)]
    for more in (*odd, {"crit": ["b64"], "b64": True}):
        status, why = asked(workspace, mine.token(kid, **more))
        assert (status, "header has crit" in why) == (401, True), more
    assert asked(workspace, mine.token(kid))[0] == 200


@pytest.mark.parametrize(
    "kid", ["", "idp ", "IDP", "../idp", "' OR 1=1 --", "a\x00b", "key_ffffffffffffffff", "k" * 129, "é\x7f"]
)
def test_an_unknown_or_odd_kid_is_refused(workspace: Workspace, kid: str) -> None:
    register(workspace, jwk=pair("ES256").jwk(kid="idp"))
    assert asked(workspace, pair("ES256").token("idp"))[0] == 200
    assert asked(workspace, pair("ES256").token(kid))[0] == 401


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_claims_of_such_a_token_are_held_to_the_same_rules(workspace: Workspace, algorithm: str) -> None:
    mine = pair(algorithm)
    kid, now = trusted(workspace, mine), int(time.time())

    def said(**claims: Any) -> tuple[int, str]:
        whole = {"sub": "bob", "exp": now + 600} | claims
        token = jwt.encode(whole, mine.private, algorithm=algorithm, headers={"kid": kid})
        return asked(workspace, token)

    assert said()[0] == 200
    for claims, why in (
        ({"exp": now - 120}, "has expired"),
        ({"exp": now + 90_000}, "24 hours"),
        ({"exp": None}, "no exp"),
        ({"iat": now + 300}, "iat lies in the future"),
        ({"aud": "other"}, "aud must be"),
        ({"sub": "staff:alice"}, "must not begin with"),
        ({"sub": "guest:0123456789abcdef"}, "must not begin with"),
        ({"sub": "a/b"}, "slash"),
        ({"rooms": "general"}, "rooms must be"),
        ({"pad": "x" * 4096}, "over 4096 bytes"),
    ):
        status, told = said(**claims)
        assert (status, why in told) == (401, True), (claims, told)


def test_a_key_of_the_wrong_kind_for_the_alg_is_named_in_the_refusal(workspace: Workspace) -> None:
    mine = pair("ES256")
    kid = trusted(workspace, mine)
    claims = {"sub": "bob", "exp": int(time.time()) + 600}
    assert asked(workspace, mine.token(kid))[0] == 200
    shared = jwt.encode(claims, "x" * 40, algorithm="HS256", headers={"kid": kid})
    for token, why in (
        (shared, "names a public key, and its alg is HS256"),
        (mine.token(workspace.key_id), "names an API key, and its alg is not HS256"),
        (mine.token("key_0123456789abcdef"), "there is no such public key here"),
        (jwt.encode(claims, "x" * 40, headers={"kid": "key_0123456789abcdef"}), "no such API key here"),
        (jwt.encode(claims, "x" * 40, headers={"kid": "idp"}), "the token's kid is no API key's id"),
    ):
        status, told = asked(workspace, token)
        assert (status, why in told) == (401, True), told


# ---- registering and revoking


async def test_a_revoked_public_key_closes_its_sockets_on_both_processes_within_a_second(
    workspace: Workspace,
) -> None:
    mine, other = pair("ES256"), pair("EdDSA")
    (key,) = register(workspace, jwk=mine.jwk(kid="idp"))
    kept = trusted(workspace, other)
    async with (
        workspace.chat(mine.token(key["id"]), process=0) as bob,
        workspace.chat(mine.token("idp", "ann"), process=1) as ann,
        workspace.chat(other.token(kept, "zoe"), process=1) as zoe,
    ):
        for socket in (bob, ann, zoe):
            await socket.entered()
        begun = time.monotonic()
        assert await asyncio.to_thread(remove, workspace, key["id"]) == 204
        for socket in (bob, ann):
            assert await socket.closed(1) == 4001
        assert time.monotonic() - begun < 1
        for process in (0, 1):
            for kid in (key["id"], "idp"):
                assert await (await workspace.connect(mine.token(kid), process=process)).closed() == 4001
                assert asked(workspace, mine.token(kid), process)[0] == 401
        await zoe.say("another key's user stays")
    assert await asyncio.to_thread(remove, workspace, key["id"]) == 204
    again = register(workspace, jwk=mine.jwk(kid="idp"))  # revoked by mistake: the same key may come back
    assert asked(workspace, mine.token("idp"))[0] == 200
    assert again[0]["id"] != key["id"]
    assert asked(workspace, mine.token(key["id"]))[0] == 401


def test_a_key_is_known_everywhere_as_soon_as_it_is_registered(workspace: Workspace) -> None:
    mine = new_pair("EdDSA")
    for process in (0, 1):
        assert asked(workspace, mine.token("soon"), process)[0] == 401  # which is remembered for a moment
    register(workspace, jwk=mine.jwk(kid="soon"))
    deadline = time.monotonic() + 1
    for process in (0, 1):
        while asked(workspace, mine.token("soon"), process)[0] != 200:
            assert time.monotonic() < deadline


def test_keys_are_listed_and_read_and_a_second_of_the_same_is_refused(workspace: Workspace) -> None:
    (key,) = register(workspace, jwk=pair("ES256").jwk(kid="idp"), name="Identity provider")
    assert (key["name"], key["kid"], key["algorithm"], key["active"]) == (
        "Identity provider",
        "idp",
        "ES256",
        True,
    )
    with workspace.api() as api:
        assert api.get("/api/v1/public-keys").json() == {"data": [key], "next": None}
        assert api.get(f"/api/v1/public-keys/{key['id']}").json() == key
        for body in (
            {"pem": pair("ES256").pem},
            {"jwk": pair("EdDSA").jwk(kid="idp")},
            {"jwks": {"keys": [pair("RS256").jwk(), pair("RS256").jwk(kid="b")]}},
        ):
            refused = api.post("/api/v1/public-keys", json=body)
            assert (refused.status_code, refused.json()["code"]) == (409, "public_key_exists")
        assert len(api.get("/api/v1/public-keys").json()["data"]) == 1  # all or none
        for odd in ("%00", "%2F", "%FF", "key_none", "x" * 2000):
            assert api.get(f"/api/v1/public-keys/{odd}").status_code == 404
            assert api.delete(f"/api/v1/public-keys/{odd}").status_code == 404


def test_a_private_key_that_is_sent_by_mistake_is_kept_nowhere(workspace: Workspace) -> None:
    mine = pair("ES256")
    headers = {"Idempotency-Key": "oops"}
    with workspace.api() as api:
        for body in (
            {"pem": mine.private_pem},
            {"jwk": mine.private_jwk()},
            {"jwks": {"keys": [mine.private_jwk()]}},
        ):
            refused = api.post("/api/v1/public-keys", json=body, headers=headers)
            assert (refused.status_code, refused.json()["code"]) == (422, "invalid_field")
            assert "This is a private key. It was not kept." in refused.json()["detail"]
            assert mine.private_jwk()["d"] not in refused.text
    tables = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
    for (table,) in rows(workspace, tables):
        whole = str(rows(workspace, f"SELECT to_jsonb(t) FROM {table} t"))
        assert mine.private_jwk()["d"] not in whole
        assert mine.private_pem.splitlines()[1] not in whole


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "x"},
        {"pem": pair("ES256").pem, "jwk": pair("ES256").jwk()},
        {"pem": 5},
        {"jwk": "x"},
        {"jwk": []},
        {"jwks": {"keys": "x"}},
        {"jwks": {}},
        {"pem": pair("ES256").pem, "name": "a\x00b"},
    ],
    ids=range(9),
)
def test_a_request_that_names_no_key_is_refused_in_words(workspace: Workspace, body: Any) -> None:
    with workspace.api() as api:
        refused = api.post("/api/v1/public-keys", json=body)
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_field")


# ---- the warm path


def test_a_warm_path_asks_the_database_nothing_and_is_quick(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    kids = {algorithm: trusted(workspace, pair(algorithm)) for algorithm in ALGORITHMS}
    ours = {algorithm: pair(algorithm).token(kid) for algorithm, kid in kids.items()}
    tenant = workspace.tenant
    taken: list[float] = []
    real = Pool.connection

    def counted(self: Pool[Any], timeout: float | None = None) -> Any:
        taken.append(time.monotonic())
        return real(self, timeout)

    monkeypatch.setattr(Pool, "connection", counted)
    for cache in (keys, members):  # however long a busy machine takes
        monkeypatch.setattr(cache, "FRESH", 3600.0)
    read: list[str] = []

    async def all_of_them() -> dict[str, float]:
        longest: dict[str, float] = {}
        for token in ours.values():
            await authentication.by_token(tenant, token)
        warm = len(taken)
        monkeypatch.setattr(public_keys, "parsed", read.append)  # whoever reads a key now is told
        for algorithm, token in ours.items():
            begun = time.process_time()
            for _ in range(200):
                assert (await authentication.by_token(tenant, token)).external_id == "bob"
            longest[algorithm] = (time.process_time() - begun) / 200
        assert len(taken) == warm
        return longest

    for algorithm, seconds in answer(all_of_them()).items():
        assert seconds < 0.002, algorithm  # of CPU; some 0.15 ms on an ordinary machine
    assert read == []
