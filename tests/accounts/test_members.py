"""Users are made on first sight; staff sign in with a password or a one-use link."""

import asyncio
import statistics
import time
from collections.abc import Iterable
from datetime import timedelta

import pytest
from django.contrib.auth.hashers import make_password
from django.utils import timezone

from accounts import members
from accounts.actions import authenticate_staff, create_staff, make_handoff, take_handoff
from accounts.models import Handoff, Member
from tenants.context import run_in_tenant
from tenants.directory import TenantInfo
from tests.accounts.asking import answer
from tests.personas import PASSWORD, Workspace


@pytest.fixture
def tenant(workspace: Workspace) -> TenantInfo:
    info: TenantInfo = workspace.tenant
    return info


def meet(tenant: TenantInfo, name: str | None = None, avatar: str | None = None) -> members.MemberRecord:
    members.forget(tenant.schema_name)
    return answer(members.recognise(tenant, "bob", "user", name, avatar))


def test_a_user_is_made_on_first_sight_and_renamed_later(tenant: TenantInfo) -> None:
    first = meet(tenant)
    assert (first.kind, first.name, first.username) == ("user", "", "bob")
    second = meet(tenant, "Bob", "https://x.example/b.png")
    assert (second.id, second.username, second.avatar) == (first.id, "Bob", "https://x.example/b.png")
    third = meet(tenant)  # who says nothing about a name does not take it away
    assert (third.id, third.username, third.avatar) == (first.id, "Bob", "https://x.example/b.png")
    assert meet(tenant, "", "").username == "bob"


def test_a_hundred_first_sights_at_once_make_one_user(tenant: TenantInfo) -> None:
    async def all_at_once() -> set[int]:
        met = await asyncio.gather(
            *(members.recognise(tenant, "bob", "user", f"Bob {n}") for n in range(100))
        )
        return {member.id for member in met}

    assert len(answer(all_at_once())) == 1
    assert run_in_tenant(tenant, Member.objects.filter(external_id="bob").count) == 1


def test_whoever_asks_beside_a_renaming_hears_the_new_name_and_only_a_renaming_is_told(
    tenant: TenantInfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    tell = members._tell_renamed

    def listen(schema: str, external_ids: Iterable[str]) -> None:
        told.extend(external_ids)
        tell(schema, external_ids)

    monkeypatch.setattr(members, "_tell_renamed", listen)
    meet(tenant)
    members.forget(tenant.schema_name)

    async def beside() -> list[str]:
        async def called(name: str | None = None) -> str:
            return (await members.recognise(tenant, "bob", "user", name)).username

        met = await asyncio.gather(called(), called("Zed"), called(), called("Zed"))
        return [*met, await called(), await called("Zed"), await called()]

    assert answer(beside())[1:] == ["Zed"] * 6
    assert told == ["bob"]
    meet(tenant, "Zed")
    meet(tenant)
    assert told == ["bob"]


def test_the_same_id_elsewhere_is_somebody_else(tenant: TenantInfo, elsewhere: Workspace) -> None:
    meet(tenant, "Bob of here")
    meet(elsewhere.tenant, "Bob of there")
    assert meet(tenant).name == "Bob of here"


@pytest.mark.parametrize("change", ["", " ", "X"])
def test_staff_sign_in_with_mail_and_password(workspace: Workspace, tenant: TenantInfo, change: str) -> None:
    email = workspace.owner_email.upper() if change == "X" else f"{change}{workspace.owner_email}{change}"
    member = run_in_tenant(tenant, authenticate_staff, email, PASSWORD)
    assert member is not None
    assert (member.external_id, member.role, member.may_administer) == (workspace.owner_id, "owner", True)


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("alice", PASSWORD),
        ("nobody@shop.example", PASSWORD),
        ("", PASSWORD),
        ("OWNER", ""),
        ("OWNER", PASSWORD + " "),
        ("OWNER", PASSWORD.upper()),
        ("OWNER", "!"),
        ("%", PASSWORD),
        ("' OR 1=1 --", PASSWORD),
    ],
)
def test_anything_else_signs_nobody_in(
    workspace: Workspace, tenant: TenantInfo, email: str, password: str
) -> None:
    asked = email.replace("OWNER", workspace.owner_email)
    assert run_in_tenant(tenant, authenticate_staff, asked, password) is None


def test_a_user_with_the_same_mail_is_no_staff(tenant: TenantInfo) -> None:
    def make() -> None:
        Member.objects.create(
            external_id="eve", kind="user", email="eve@x.example", password=make_password(PASSWORD)
        )

    run_in_tenant(tenant, make)
    assert run_in_tenant(tenant, authenticate_staff, "eve@x.example", PASSWORD) is None


def test_the_clock_does_not_tell_who_works_here(workspace: Workspace, tenant: TenantInfo) -> None:
    def took(email: str) -> float:
        began = time.perf_counter()
        run_in_tenant(tenant, authenticate_staff, email, "wrong")
        return time.perf_counter() - began

    known, unknown = zip(
        *((took(workspace.owner_email), took("nobody@x.example")) for _ in range(5)), strict=True
    )
    assert 0.4 < statistics.median(known) / statistics.median(unknown) < 2.5


def test_a_sign_in_link_works_once_and_soon(tenant: TenantInfo) -> None:
    def tries() -> list[str | None]:
        carol = create_staff(email="Carol@X.example", role="agent", password=PASSWORD)
        token, late = make_handoff(carol), make_handoff(carol)
        sealed = [bytes(kept) for kept in Handoff.objects.values_list("token_hash", flat=True)]
        assert token.encode() not in sealed
        Handoff.objects.exclude(token_hash=_hash_of(token)).update(
            expires_at=timezone.now() - timedelta(seconds=1)
        )
        taken = [take_handoff(token), take_handoff(token), take_handoff(late), take_handoff("\ud800")]
        return [member.email if member else None for member in taken]

    assert run_in_tenant(tenant, tries) == ["carol@x.example", None, None, None]


def _hash_of(token: str) -> bytes:
    from accounts.links import digest

    return digest(token)
