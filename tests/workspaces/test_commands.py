"""`create_tenant` and `mint_token`, as a shell and a script meet them."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
import time
from io import StringIO
from pathlib import Path

import jwt
import pytest
from django.core.management import CommandError, call_command

from accounts import tokens
from ops.local import Stack
from tenants.models import Tenant
from tests.personas import Refused, Workspace

PROJECT = Path(__file__).resolve().parents[2]


def fresh_slug() -> str:
    return f"c{secrets.token_hex(6)}"


def manage(stack: Stack, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=PROJECT,
        env=stack.env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def create(slug: str, **options: object) -> str:
    said = StringIO()
    given = {
        "plan": "free",
        "owner_email": f"bill@{slug[:20]}.example",
        "owner_password": "swordfish",
    } | options
    call_command("create_tenant", slug, stdout=said, **given)
    return said.getvalue()


def mint(*words: str, **options: object) -> str:
    said = StringIO()
    call_command("mint_token", *words, stdout=said, **options)
    return said.getvalue()


def test_create_tenant_prints_one_json_object_alone_on_stdout(stack: Stack) -> None:
    slug = fresh_slug()
    email = f"Bill@{slug}.Example"
    done = manage(
        stack,
        "create_tenant",
        slug,
        "--plan",
        "pro",
        "--owner-email",
        email,
        "--owner-password",
        "swordfish",
        "--json",
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("\n") == 1
    said = json.loads(done.stdout)
    assert said.keys() == {"slug", "host", "url", "owner", "api_key"}
    assert said["owner"].keys() == {"id", "email"}
    assert said["api_key"].keys() == {"id", "secret", "signing_secret"}
    assert (said["slug"], said["host"]) == (slug, f"{slug}.localhost")
    assert said["url"] == f"http://{slug}.localhost:{stack.web_ports[0]}/"
    assert said["owner"]["id"].startswith("staff:")
    assert said["owner"]["email"] == email.lower()

    workspace = Workspace(
        slug=slug,
        host=said["host"],
        owner_email=said["owner"]["email"],
        owner_id=said["owner"]["id"],
        key_id=said["api_key"]["id"],
        secret=said["api_key"]["secret"],
        signing_secret=said["api_key"]["signing_secret"],
        ports=tuple(stack.web_ports),
    )
    with workspace.api() as client:
        assert client.get("/api/v1/rooms").status_code == 200
    with workspace.http(workspace.token("bob")) as client:
        assert client.get("/api/v1/rooms").status_code == 200
    assert workspace.tenant.plan == "pro"


def test_without_json_it_speaks_to_a_person() -> None:
    slug = fresh_slug()
    said = create(slug, name="Initech")
    assert "Initech is open at http://" in said
    assert "snug_sk_" in said


@pytest.mark.parametrize(
    ("slug", "options", "why"),
    [
        ("Acme", {}, "lower-case"),
        ("ab", {}, "at least 3"),
        ("acme\n", {}, "lower-case"),
        ("admin", {}, "reserved"),
        ("", {"plan": "platinum"}, "no plan 'platinum'"),
        ("", {"owner_email": "nobody"}, "not a mail address"),
        ("", {"owner_email": ""}, "not a mail address"),
        ("", {"owner_email": "a@b.example\nBcc: c@d.example"}, "not a mail address"),
        ("", {"owner_email": "a" * 250 + "@b.example"}, "not a mail address"),
        ("", {"owner_password": ""}, "password is empty"),
        ("", {"name": "n" * 81}, "1 to 80"),
        ("", {"name": "\x00"}, "ordinary characters"),
    ],
)
def test_create_tenant_refuses_in_a_line(slug: str, options: dict[str, str], why: str) -> None:
    slug = slug or fresh_slug()
    with pytest.raises(CommandError, match=why) as refused:
        create(slug, **options)
    assert "\n" not in str(refused.value)
    # By name: others come and go meanwhile, such as one that a test mode's reset has left to the worker.
    assert not Tenant.objects.filter(slug=slug).exists()


def test_a_refusal_is_one_line_on_stderr_and_nothing_on_stdout(stack: Stack, workspace: Workspace) -> None:
    taken = manage(
        stack,
        *("create_tenant", workspace.slug, "--plan", "free"),
        *("--owner-email", "b@b.example", "--owner-password", "swordfish", "--json"),
    )
    nobody = manage(stack, "mint_token", "nobody-here", "bob")
    for done, why in ((taken, "is taken"), (nobody, "no workspace 'nobody-here'")):
        assert done.returncode == 1
        assert done.stdout == ""
        assert done.stderr.count("\n") == 1
        assert why in done.stderr


def test_mint_token_prints_a_token_alone_on_stdout(stack: Stack, workspace: Workspace) -> None:
    done = manage(stack, "mint_token", workspace.slug, "bob", "--name", "Bob Okafor", "--ttl", "120")
    assert (done.returncode, done.stderr) == (0, "")
    token = done.stdout.removesuffix("\n")
    assert token.count(".") == 2
    assert not any(character.isspace() for character in token)
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "JWT", "kid": workspace.key_id}
    claims = tokens.verify(token, workspace.signing_secret)
    assert (claims.sub, claims.name, claims.rooms) == ("bob", "Bob Okafor", None)
    assert 110 < claims.exp - time.time() <= 120


async def test_a_minted_token_with_rooms_opens_exactly_those(minted: Workspace) -> None:
    async with minted.chat(minted.secret, "vault") as socket:  # the fixture put the token where the key was
        assert (await socket.entered())["room"] == "vault"
    with pytest.raises(Refused) as refused:
        await minted.connect(minted.secret, "general", snug=False)
    assert refused.value.code == 4003


@pytest.fixture
def minted(workspace: Workspace) -> Workspace:
    """A workspace with, in place of its key, a token for two rooms."""
    from dataclasses import replace

    return replace(workspace, secret=mint(workspace.slug, "bob", rooms=["vault", "attic"]).strip())


def test_without_an_active_key_the_token_is_signed_by_snug_itself(workspace: Workspace) -> None:
    from accounts.actions import revoke_api_key
    from tenants.context import run_in_tenant

    run_in_tenant(workspace.tenant, revoke_api_key, workspace.key_id)
    token = mint(workspace.slug, "bob").strip()
    assert jwt.get_unverified_header(token)["kid"] != workspace.key_id
    with workspace.http(token) as client:
        assert client.get("/api/v1/rooms").status_code == 200


@pytest.mark.parametrize(
    ("sub", "options", "why"),
    [
        ("", {}, "1 to 128"),
        ("b" * 129, {}, "1 to 128"),
        ("a/b", {}, "slash"),
        ("a\nb", {}, "control"),
        ("staff:alice", {}, "must not begin"),
        ("Guest:bob", {}, "must not begin"),
        ("bob", {"ttl": 0}, "1 to 86400"),
        ("bob", {"ttl": -5}, "1 to 86400"),
        ("bob", {"ttl": 86401}, "1 to 86400"),
        ("bob", {"rooms": ["a room"]}, "no room name"),
        ("bob", {"rooms": [""]}, "no room name"),
        ("bob", {"rooms": [f"r{n}" for n in range(101)]}, "at most 100"),
        ("bob", {"rooms": ["r" * 70 + str(n) for n in range(60)]}, "over 4096 bytes"),
    ],
)
def test_mint_token_refuses_in_a_line(
    workspace: Workspace, sub: str, options: dict[str, object], why: str
) -> None:
    with pytest.raises(CommandError, match=why) as refused:
        mint(workspace.slug, sub, **options)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("slug", ["", "nobody-here", "a b", "../x", "'; --", "a" * 300, "acmé", "\x00"])
def test_mint_token_for_no_workspace_says_so(slug: str) -> None:
    with pytest.raises(CommandError, match="There is no workspace"):
        mint(slug, "bob")
