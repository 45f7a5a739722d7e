"""Proof of work: who has to show one before they become a guest, and which ones are good."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from typing import Any

import pytest

from api import proofs
from realtime import groups
from realtime.store import sync_client
from tenants import actions
from tenants.guest_limits import EASIEST, HARDEST
from tests.api.test_rates import room_in_the_minute
from tests.personas import Workspace
from tests.proving import (
    GUESTS,
    asked,
    counted_before,
    from_address,
    new_address,
    proof_for,
    solved,
    under_attack,
)

Open = Callable[..., Workspace]


@pytest.fixture
def besieged(workspace: Workspace) -> Workspace:
    """Alice's workspace, into which far more guests come than usual."""
    under_attack(workspace)
    return workspace


def asked_before(workspace: Workspace, address: str, many: int) -> None:
    counted_before(workspace.tenant.schema_name, f"guests:{address}", 60, many)


def test_the_twenty_first_guest_of_an_address_in_a_minute_shows_a_proof(workspace: Workspace) -> None:
    office = new_address()
    asked_before(workspace, office, 18)
    with from_address(workspace, office) as client, from_address(workspace, new_address()) as other:
        answers = [client.post(GUESTS) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [201, 201, 429]
        problem = answers[-1].json()
        assert (problem["code"], int(answers[-1].headers["retry-after"]) > 0) == ("rate_limited", True)
        assert problem["difficulty"] == EASIEST
        proof = solved(problem["challenge"], problem["difficulty"])
        assert client.post(GUESTS, json={"proof": proof, "name": "Ann"}).status_code == 201
        assert other.post(GUESTS).status_code == 201
        # Whoever is a guest already stays one without any work.
        known = {"Authorization": f"Bearer {answers[0].json()['token']}"}
        again = client.post(GUESTS, headers=known)
        assert (again.status_code, again.json()["sub"]) == (201, answers[0].json()["sub"])


@pytest.mark.parametrize(("many", "bits"), [(20, 16), (39, 17), (79, 18), (118, 18)])
def test_the_more_one_address_asks_for_the_harder_it_gets(workspace: Workspace, many: int, bits: int) -> None:
    here = new_address()
    asked_before(workspace, here, many)
    with from_address(workspace, here) as crowd:
        assert asked(crowd)["difficulty"] == bits


def test_an_address_that_asks_far_too_often_is_refused_even_with_proofs(workspace: Workspace) -> None:
    here = new_address()
    asked_before(workspace, here, 118)
    with from_address(workspace, here) as crowd, from_address(workspace, new_address()) as other:
        proof = proof_for(crowd)
        assert crowd.post(GUESTS, json={"proof": proof}).status_code == 201
        refused = crowd.post(GUESTS, json={"proof": proof})
        assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert other.post(GUESTS).status_code == 201


def test_guests_from_many_addresses_have_everyone_asked_for_a_proof(
    workspace: Workspace, elsewhere: Workspace
) -> None:
    under_attack(workspace, 0.9)
    for _ in range(3):
        with from_address(workspace, new_address()) as attacker:
            assert {attacker.post(GUESTS).status_code for _ in range(2)} == {201}
    here = new_address()
    with from_address(workspace, here, 1) as visitor, from_address(elsewhere, here) as neighbour:
        assert visitor.post(GUESTS, json={"proof": proof_for(visitor)}).status_code == 201
        assert neighbour.post(GUESTS).status_code == 201


@pytest.mark.parametrize("plan", ["free", "pro", "business"])
def test_what_is_usual_goes_by_the_plans_size(new_workspace: Open, plan: str) -> None:
    workspace = new_workspace(plan=plan)
    under_attack(workspace, 0.9)
    with from_address(workspace, new_address()) as visitor:
        assert visitor.post(GUESTS).status_code == 201
        under_attack(workspace, 0.2)
        assert asked(visitor)["difficulty"] == EASIEST


@pytest.mark.parametrize(
    ("times", "bits"), [(1, 16), (2, 17), (4, 18), (8, 19), (16, HARDEST), (40, HARDEST)]
)
def test_the_work_grows_with_the_attack_up_to_a_bound(workspace: Workspace, times: int, bits: int) -> None:
    under_attack(workspace, times)
    with from_address(workspace, new_address()) as visitor:
        assert asked(visitor)["difficulty"] == bits


def test_the_guard_stands_for_a_minute_after_the_attack_and_no_longer(workspace: Workspace) -> None:
    room_in_the_minute()
    schema = workspace.tenant.schema_name
    redis = sync_client(f"{schema}:guests")
    window = int(time.time()) // 60
    with from_address(workspace, new_address()) as visitor:
        redis.set(groups.counter(schema, f"guests:{window - 2}"), 10_000, ex=60)
        assert visitor.post(GUESTS).status_code == 201
        redis.set(groups.counter(schema, f"guests:{window - 1}"), 10_000, ex=60)
        assert asked(visitor)["difficulty"] == HARDEST


def test_a_proof_lets_in_once_whatever_process_is_asked(besieged: Workspace) -> None:
    here = new_address()
    with from_address(besieged, here) as one, from_address(besieged, here, 1) as other:
        for first, second in ((one, other), (other, one)):
            body = {"proof": proof_for(first)}
            assert first.post(GUESTS, json=body).status_code == 201
            for client in (second, first):
                again = client.post(GUESTS, json=body)
                assert (again.status_code, "has been used" in again.json()["detail"]) == (403, True)
        # Other letters for the same bytes are no other challenge.
        proof = proof_for(one)
        assert one.post(GUESTS, json={"proof": proof}).status_code == 201
        same = solved(f"{proof['challenge']}!", EASIEST)
        assert "has been used" in one.post(GUESTS, json={"proof": same}).json()["detail"]


def test_mallory_brings_a_proof_of_another_workspace_or_address(
    besieged: Workspace, elsewhere: Workspace
) -> None:
    under_attack(elsewhere)
    here = new_address()
    with (
        from_address(besieged, here) as ours,
        from_address(elsewhere, here) as theirs,
        from_address(besieged, new_address()) as away,
    ):
        for made_by in (theirs, away):
            body = {"proof": proof_for(made_by)}
            refused = ours.post(GUESTS, json=body)
            assert refused.status_code == 403
            assert "was not made here, for this address" in refused.json()["detail"]
            assert made_by.post(GUESTS, json=body).status_code == 201  # and is not used up by that
        body = {"proof": solved(refused.json()["challenge"], refused.json()["difficulty"])}
        assert ours.post(GUESTS, json=body).status_code == 201  # every refusal brings a good one along


def changed(challenge: str, at: int, to: int) -> str:
    said = bytearray(base64.urlsafe_b64decode(challenge))
    said[at] = to
    return base64.urlsafe_b64encode(said).decode()


@pytest.mark.parametrize(
    ("forge", "why"),
    [
        (lambda challenge: changed(challenge, 4, 1), "was not made here"),  # an easier one
        (lambda challenge: changed(challenge, 0, 255), "was not made here"),  # one that lasts
        (lambda challenge: challenge[:-4], "was not made here"),
        (lambda challenge: challenge[:-1], "was not made here"),
        (lambda challenge: challenge + "AAAA", "was not made here"),
        (lambda challenge: "x", "was not made here"),
        (lambda challenge: "A" * 64, "was not made here"),
    ],
    ids=["easier", "longer", "cut", "uneven", "more", "short", "none"],
)
def test_a_challenge_that_we_did_not_make_is_worth_nothing(
    besieged: Workspace, forge: Callable[[str], str], why: str
) -> None:
    with from_address(besieged, new_address()) as client:
        good = proof_for(client)
        forged = solved(forge(good["challenge"]), EASIEST)
        refused = client.post(GUESTS, json={"proof": forged})
        assert (refused.status_code, why in refused.json()["detail"]) == (403, True)
        assert client.post(GUESTS, json={"proof": good}).status_code == 201


def test_a_nonce_that_solves_nothing_lets_nobody_in(besieged: Workspace) -> None:
    with from_address(besieged, new_address()) as client:
        good = proof_for(client)
        bad = next(n for n in map(str, range(9)) if proofs.zero_bits(good["challenge"] + n) < EASIEST)
        refused = client.post(GUESTS, json={"proof": {**good, "nonce": bad}})
        assert (refused.status_code, "does not solve" in refused.json()["detail"]) == (403, True)
        assert client.post(GUESTS, json={"proof": good}).status_code == 201


def test_a_challenge_that_has_run_out_lets_nobody_in(
    besieged: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = new_address()
    with from_address(besieged, here) as client:
        for seconds, status in ((proofs.FRESH, 201), (-1, 403)):
            monkeypatch.setattr(proofs, "FRESH", seconds)
            proof = solved(proofs.challenge(besieged.tenant, here, 8), 8)
            answer = client.post(GUESTS, json={"proof": proof})
            assert answer.status_code == status
        assert "has expired" in answer.json()["detail"]


@pytest.mark.parametrize(
    "proof",
    [
        "x",
        7,
        [],
        {},
        {"challenge": "x"},
        {"nonce": "x"},
        {"challenge": 1, "nonce": "x"},
        {"challenge": "x", "nonce": 12},
        {"challenge": "x", "nonce": None},
        {"challenge": "x", "nonce": ["x"]},
        {"challenge": "x", "nonce": ""},
        {"challenge": "x", "nonce": "x" * 129},
        {"challenge": "x", "nonce": "\x00"},
        {"challenge": "x", "nonce": "\ud800"},
        {"challenge": "ü", "nonce": "x"},
        {"challenge": "x", "nonce": "x\n"},
        {"challenge": "x", "nonce": "x", "difficulty": 1},
    ],
    ids=range(17),
)
def test_what_is_no_proof_at_all_is_refused_in_words(besieged: Workspace, proof: Any) -> None:
    import json

    with from_address(besieged, new_address()) as client:
        answer = client.post(
            GUESTS, content=json.dumps({"proof": proof}), headers={"Content-Type": "application/json"}
        )
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_field")
        assert answer.json()["errors"][0]["field"].startswith("proof")
        assert client.post(GUESTS, json={"proof": proof_for(client)}).status_code == 201


def test_the_owner_may_always_want_proofs_or_never(workspace: Workspace) -> None:
    def rule(proof: str) -> None:
        actions.set_guests(workspace.tenant.id, allowed=True, proof=proof)

    crowded = new_address()
    with from_address(workspace, crowded) as one, from_address(workspace, new_address(), 1) as other:
        assert one.post(GUESTS).status_code == 201
        rule("always")
        for client in (one, other):
            assert client.post(GUESTS, json={"proof": proof_for(client)}).status_code == 201
        rule("never")
        under_attack(workspace, 10)
        assert other.post(GUESTS).status_code == 201
        assert one.post(GUESTS).status_code == 201
        asked_before(workspace, crowded, 20)
        refused = one.post(GUESTS)
        assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
        assert refused.headers["ratelimit-limit"] == "20"


def test_a_proof_that_nobody_asked_for_does_no_harm(workspace: Workspace) -> None:
    with from_address(workspace, new_address()) as client:
        answer = client.post(GUESTS, json={"proof": {"challenge": "anything", "nonce": "at all"}})
        assert answer.status_code == 201
