"""Opening a workspace: all of it or nothing."""

from __future__ import annotations

import importlib
import secrets
import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from django.db import DatabaseError, connection

from accounts.models import ApiKey, Member
from ops.local import Stack
from rooms.models import Room
from tenants import actions as tenants
from tenants import encryption
from tenants.context import run_in_tenant, schema_connection
from tenants.models import MailIndex, TemplateDump, Tenant
from tenants.provisioning import ProvisioningError
from tenants.slugs import SlugRefused
from tests.personas import Workspace, open_workspace
from tests.tenants.test_slugs import HOSTILE
from tests.threads import giving_back
from workspaces.actions import OpenedWorkspace
from workspaces.actions import open_workspace as open_for_real

PROJECT = Path(__file__).resolve().parents[2]
MODULE = importlib.import_module("workspaces.actions.open_workspace")


def fresh_slug() -> str:
    return f"o{secrets.token_hex(6)}"


def open_one(slug: str, **changed: object) -> OpenedWorkspace:
    options = {"slug": slug, "name": "Initech", "plan": "free", "owner_email": f"bill@{slug}.example"}
    return open_for_real(owner_password_hash="!", **(options | changed))  # type: ignore[arg-type]


def traces() -> set[tuple[str, object]]:
    """What an opening could leave behind: tenants, entries of the mail index, schemas."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%'")
        schemas = {name for (name,) in cursor.fetchall()}
    kinds: dict[str, Iterable[object]] = {
        "tenant": Tenant.objects.values_list("pk", flat=True),
        "mail": MailIndex.objects.values_list("pk", flat=True),
        "schema": schemas,
    }
    return {(kind, each) for kind, found in kinds.items() for each in found}


@pytest.fixture
def nothing_left() -> Iterator[None]:
    """Whatever the test tries, it leaves no tenant, no mail index, no schema."""
    before = traces()
    yield
    assert schema_connection().schema_name == "public"
    assert traces() <= before  # what others leave behind is taken away at any moment


def test_one_action_opens_all_of_it(stack: Stack) -> None:
    slug, steps = fresh_slug(), list[str]()
    opened = open_one(slug, name="  Initech \n Ltd ", plan="pro", progress=steps.append)
    assert (opened.tenant.slug, opened.tenant.name, opened.tenant.plan) == (slug, "Initech Ltd", "pro")
    assert opened.tenant.state == "active"
    assert opened.tenant.schema_name == f"t{opened.tenant.id}"
    assert steps == ["schema", "people", "ready"]

    def contents() -> tuple[list[object], ...]:
        return (
            list(Member.objects.filter(kind="staff").values_list("role", "email")),
            list(Room.objects.values_list("name", "kind", "last_seq")),
            list(ApiKey.objects.filter(internal=False).values_list("id", "scopes", "unseen_secret")),
            list(ApiKey.objects.filter(internal=True).values_list("scopes", "bot")),
        )

    assert run_in_tenant(opened.tenant, contents) == (
        [("owner", f"bill@{slug}.example")],
        [("general", "public", 0)],
        [(opened.api_key.id, ["admin"], None)],
        [([], None)],
    )
    assert [found.slug for found in tenants.workspaces_of(f" BILL@{slug}.example ")] == [slug]


def test_it_is_open_to_every_process_at_once(workspace: Workspace) -> None:
    for process in (0, 1):
        with workspace.api(process) as client:
            rooms = client.get("/api/v1/rooms").json()["data"]
        assert [room["name"] for room in rooms] == ["general"]


def test_the_first_secret_is_kept_sealed_only_where_nobody_is_at_hand() -> None:
    opened = open_one(fresh_slug(), keep_first_key=True)

    def sealed() -> bytes:
        return bytes(ApiKey.objects.get(id=opened.api_key.id).unseen_secret or b"")

    kept = run_in_tenant(opened.tenant, sealed)
    assert opened.secret.encode() not in kept
    assert encryption.decrypt(kept) == opened.secret


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize("slug", [*HOSTILE.values(), "admin"], ids=[*HOSTILE, "reserved"])
def test_a_hostile_or_reserved_slug_opens_nothing(slug: str) -> None:
    with pytest.raises(SlugRefused):
        open_one(slug)


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize(
    "changed",
    [
        {"plan": "platinum"},
        {"plan": ""},
        {"name": ""},
        {"name": " \n "},
        {"name": "n" * 81},
        {"name": "\u200b\u3164"},
        {"name": "a\ud800b"},
        {"name": "a\x00b"},
    ],
    ids=str,
)
def test_an_unknown_plan_or_a_bad_name_opens_nothing(changed: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        open_one(fresh_slug(), **changed)


def test_a_taken_slug_opens_nothing(workspace: Workspace) -> None:
    before = traces()
    with pytest.raises(SlugRefused, match="taken"):
        open_one(workspace.slug)
    assert traces() <= before  # what others leave behind is taken away at any moment


def test_of_two_at_once_one_wins() -> None:
    slug, start = fresh_slug(), Barrier(4)

    def race(number: int) -> str:
        start.wait(10)
        try:
            return open_one(slug, owner_email=f"racer{number}@{slug}.example").owner.email or ""
        except SlugRefused:
            return ""

    before = traces()
    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(giving_back(race), range(4)))
    winners = [email for email in outcomes if email]
    assert len(winners) == 1
    tenant = Tenant.objects.get(slug=slug)
    assert {each for kind, each in traces() - before if kind == "schema"} == {tenant.schema_name}
    assert MailIndex.objects.filter(tenant=tenant).count() == 1
    assert [found.slug for found in tenants.workspaces_of(winners[0])] == [slug]


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize("step", ["_furnish", "people", "ready", "mail"])
def test_a_failure_in_the_middle_leaves_nothing(monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise LookupError(step)

    def fail_at(reached: str) -> None:
        if reached == "people":
            fail()

    options: dict[str, object] = {}
    if step == "_furnish":
        monkeypatch.setattr(MODULE, "_furnish", fail)
    elif step == "people":
        options["progress"] = fail_at
    elif step == "ready":
        monkeypatch.setattr(tenants, "activate", fail)
    else:
        monkeypatch.setattr(tenants, "index_mail", fail)
    with pytest.raises(LookupError):
        open_one(fresh_slug(), **options)


def test_after_a_failure_the_same_slug_can_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    slug = fresh_slug()
    with monkeypatch.context() as broken:
        broken.setattr(MODULE, "_furnish", None)
        with pytest.raises(TypeError):
            open_one(slug)
    assert open_one(slug).tenant.slug == slug


@pytest.mark.usefixtures("nothing_left")
def test_a_dump_that_breaks_off_leaves_nothing() -> None:
    whole = TemplateDump.objects.get()
    half = whole.sql[: len(whole.sql) // 2]
    broken = half[: half.rindex(";") + 1] + "\nCREATE TABLE snug_template.again (id int);" * 2
    TemplateDump.objects.filter(pk=whole.pk).update(sql=broken)
    try:
        with pytest.raises(DatabaseError):
            open_one(fresh_slug())
    finally:
        TemplateDump.objects.filter(pk=whole.pk).update(sql=whole.sql)


@pytest.mark.usefixtures("nothing_left")
def test_without_a_dump_it_says_what_to_do() -> None:
    whole = TemplateDump.objects.get()
    TemplateDump.objects.filter(pk=whole.pk).update(digest="of another release")
    try:
        with pytest.raises(ProvisioningError, match="migrate"):
            open_one(fresh_slug())
    finally:
        TemplateDump.objects.filter(pk=whole.pk).update(digest=whole.digest)


@pytest.mark.usefixtures("nothing_left")
def test_a_process_killed_in_the_middle_leaves_nothing(stack: Stack) -> None:
    script = """
import os, signal, django
django.setup()
from workspaces.actions import open_workspace
def die(step):
    if step == "people":
        os.kill(os.getpid(), signal.SIGKILL)
open_workspace(slug=%r, name="Gone", plan="free", owner_email="x@y.example", owner_password_hash="!", progress=die)
"""
    done = subprocess.run(
        [sys.executable, "-c", script % fresh_slug()],
        cwd=PROJECT,
        env=stack.env | {"DJANGO_SETTINGS_MODULE": "config.settings"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == -9, done.stderr


def test_workspaces_do_not_share_ids_with_those_that_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    first = open_one(fresh_slug()).tenant.id
    with monkeypatch.context() as broken:
        broken.setattr(MODULE, "_furnish", None)
        with pytest.raises(TypeError):
            open_one(fresh_slug())
    assert open_one(fresh_slug()).tenant.id > first + 1


def test_personas_open_workspaces_by_this_action(stack: Stack) -> None:
    opened = open_workspace(tuple(stack.web_ports), plan="business")
    assert opened.tenant.limits.max_rooms is None
