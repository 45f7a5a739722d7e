"""API keys: what is kept of them, who may use them, and how they end."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.db import connection, transaction
from django.test import override_settings
from django.utils import timezone

from accounts import authentication, keys
from accounts.actions import create_api_key, internal_key, revoke_api_key, signing_key
from accounts.models import ApiKey, Member
from accounts.tokens import TokenRefused
from tenants import encryption
from tenants.context import run_in_tenant
from tenants.directory import TenantInfo
from tenants.encryption import UndecryptableError
from tests.accounts.asking import answer
from tests.personas import Workspace


@pytest.fixture
def tenant(workspace: Workspace) -> TenantInfo:
    info: TenantInfo = workspace.tenant
    return info


def check(tenant: TenantInfo, secret: str) -> keys.KeyRecord:
    """The key with this secret, found as a request finds it."""
    return answer(authentication.key_by_secret(tenant, secret))


def row(tenant: TenantInfo, key_id: str) -> dict[str, Any]:
    """A key as the table holds it."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {tenant.schema_name}.accounts_apikey WHERE id = %s", [key_id])
        assert cursor.description
        return dict(zip([column.name for column in cursor.description], cursor.fetchone(), strict=True))


def test_the_table_holds_a_hash_and_a_sealed_signing_secret(workspace: Workspace, tenant: TenantInfo) -> None:
    kept = row(tenant, workspace.key_id)
    assert bytes(kept["secret_hash"]) == hashlib.sha256(workspace.secret.encode()).digest()
    assert kept["prefix"] == workspace.secret[: keys.PREFIX_LENGTH]
    everything = repr({name: bytes(v) if isinstance(v, memoryview) else v for name, v in kept.items()})
    assert workspace.secret not in everything
    assert workspace.secret[keys.PREFIX_LENGTH :] not in everything
    assert workspace.signing_secret not in everything
    assert encryption.decrypt(kept["signing_secret"]) == workspace.signing_secret


def test_no_secret_stands_anywhere_in_the_schema(workspace: Workspace, tenant: TenantInfo) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", [tenant.schema_name])
        for (table,) in cursor.fetchall():
            cursor.execute(
                f"SELECT count(*) FROM {tenant.schema_name}.{table} t WHERE t::text LIKE ANY(%s)",
                [
                    [
                        f"%{form}%"
                        for secret in (workspace.secret, workspace.signing_secret)
                        for form in (secret, secret.encode().hex())
                    ]
                ],
            )
            assert cursor.fetchone() == (0,), table


def test_keys_are_found_by_an_indexed_prefix(tenant: TenantInfo) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexdef FROM pg_indexes WHERE schemaname = %s AND tablename = 'accounts_apikey'",
            [tenant.schema_name],
        )
        assert any("UNIQUE" in definition and "(prefix)" in definition for (definition,) in cursor.fetchall())


def test_secrets_are_compared_in_constant_time(
    workspace: Workspace, tenant: TenantInfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def watched(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return hmac.compare_digest(one, other)

    monkeypatch.setattr(
        authentication, "hmac", type("Watched", (), {"compare_digest": staticmethod(watched)})
    )
    check(tenant, workspace.secret)
    for wrong in (workspace.secret[:-1] + "~", keys.MARK + "0" * 43):
        with pytest.raises(TokenRefused, match="no API key of this workspace"):
            check(tenant, wrong)
    assert len(compared) == 3  # an unknown prefix is compared as well
    assert all(len(one) == len(other) == 32 for one, other in compared)


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "snug_sk_",
        "snug_sk_short",
        "snug_sk_" + "x" * 200,
        "snug_sk_" + "é" * 43,
        "snug_tk_" + "x" * 43,
        "x" * 51,
    ],
)
def test_what_is_no_secret_of_ours_is_not_even_looked_for(secret: str) -> None:
    assert keys.prefix_of(secret) is None


@pytest.fixture
def fresh_encryption() -> Iterator[None]:
    encryption._fernet.cache_clear()
    yield
    encryption._fernet.cache_clear()


@pytest.mark.usefixtures("fresh_encryption")
def test_encryption_keys_rotate_without_a_stop() -> None:
    old, new, other = (Fernet.generate_key().decode() for _ in range(3))

    def with_keys(*chosen: str) -> override_settings:
        encryption._fernet.cache_clear()
        return override_settings(FIELD_ENCRYPTION_KEYS=chosen)

    with with_keys(old):
        sealed = encryption.encrypt("hush")
    with with_keys(new, old):  # both are known: the old is still read, the new one writes
        assert encryption.decrypt(sealed) == "hush"
        resealed = encryption.encrypt("hush")
    with with_keys(new):
        assert encryption.decrypt(memoryview(resealed)) == "hush"
        with pytest.raises(UndecryptableError, match="FIELD_ENCRYPTION_KEYS"):
            encryption.decrypt(sealed)
    with with_keys(other), pytest.raises(UndecryptableError):
        encryption.decrypt(resealed)


def test_a_sealed_value_that_was_touched_is_refused() -> None:
    sealed = encryption.encrypt("hush")
    assert b"hush" not in sealed
    for touched in (sealed[:-1], sealed[:20] + b"A" + sealed[21:], b""):
        with pytest.raises(UndecryptableError):
            encryption.decrypt(touched)


def test_an_unseen_secret_is_shown_once_even_to_two_at_once(tenant: TenantInfo) -> None:
    key, secret, signing = run_in_tenant(tenant, create_api_key, "Shop", ["admin"], keep_unseen=True)

    @transaction.atomic
    def take() -> tuple[str, str] | None:
        return ApiKey.objects.get(id=key.id).take_unseen_secret()

    def look(_: int) -> tuple[str, str] | None:
        try:
            return run_in_tenant(tenant, take)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        seen = list(pool.map(look, range(4)))
    assert sorted(seen, key=bool) == [None, None, None, (secret, signing)]
    assert row(tenant, key.id)["unseen_secret"] is None


def test_every_key_speaks_as_a_bot_of_its_own(tenant: TenantInfo) -> None:
    key, _, _ = run_in_tenant(tenant, create_api_key, "  Shop\n backend ", ["rooms:read"])
    assert key.name == "Shop backend"
    assert key.bot is not None
    assert (key.bot.external_id, key.bot.kind, key.bot.name) == (f"bot:{key.id}", "bot", "Shop backend")
    assert not key.bot.has_usable_password()


@pytest.mark.parametrize(
    ("name", "scopes", "why"),
    [
        ("", ["admin"], "1 to 80"),
        ("\u200b", ["admin"], "1 to 80"),
        ("n" * 81, ["admin"], "1 to 80"),
        ("a\x00b", ["admin"], "ordinary"),
        ("Shop", ["everything"], "no scope everything"),
        ("Shop", ["rooms:read", "ADMIN"], "no scope ADMIN"),
        ("Shop", [], "at least one scope"),
    ],
)
def test_a_key_without_a_name_or_with_unknown_scopes_is_refused(
    tenant: TenantInfo, name: str, scopes: list[str], why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        run_in_tenant(tenant, create_api_key, name, scopes)
    assert run_in_tenant(tenant, lambda: ApiKey.objects.filter(internal=False).count()) == 1
    assert run_in_tenant(tenant, lambda: Member.objects.filter(kind="bot").count()) == 1


def test_there_is_one_internal_key_and_it_opens_nothing(tenant: TenantInfo) -> None:
    key = run_in_tenant(tenant, internal_key)
    assert run_in_tenant(tenant, internal_key).id == key.id
    assert (key.internal, bytes(key.secret_hash), key.scopes, key.bot_id) == (True, b"", [], None)
    assert not run_in_tenant(tenant, revoke_api_key, key.id)
    with pytest.raises(TokenRefused):
        check(tenant, "internal")


def test_revoking_works_once_and_for_good(tenant: TenantInfo) -> None:
    key, secret, _ = run_in_tenant(tenant, create_api_key, "Shop")
    assert check(tenant, secret).id == key.id
    assert run_in_tenant(tenant, revoke_api_key, key.id)
    assert not run_in_tenant(tenant, revoke_api_key, key.id)
    assert not run_in_tenant(tenant, revoke_api_key, "key_ffffffffffffffff")
    with pytest.raises(TokenRefused, match="revoked or has expired"):
        check(tenant, secret)


def test_an_expired_key_opens_nothing(tenant: TenantInfo) -> None:
    soon, past = timezone.now() + timedelta(hours=1), timezone.now() - timedelta(seconds=1)
    _, good, _ = run_in_tenant(tenant, create_api_key, "Good", expires_at=soon)
    expired, bad, _ = run_in_tenant(tenant, create_api_key, "Bad", expires_at=past)
    assert check(tenant, good).usable
    assert not expired.usable
    with pytest.raises(TokenRefused, match="revoked or has expired"):
        check(tenant, bad)


def test_tokens_are_signed_with_the_newest_usable_key(workspace: Workspace, tenant: TenantInfo) -> None:
    past = timezone.now() - timedelta(seconds=1)
    newer, _, _ = run_in_tenant(tenant, create_api_key, "Newer")
    run_in_tenant(tenant, create_api_key, "Expired", expires_at=past)

    def signing_id() -> str | None:
        key = signing_key()
        return key.id if key else None

    assert run_in_tenant(tenant, signing_id) == newer.id
    run_in_tenant(tenant, revoke_api_key, newer.id)
    assert run_in_tenant(tenant, signing_id) == workspace.key_id
    run_in_tenant(tenant, revoke_api_key, workspace.key_id)
    assert run_in_tenant(tenant, signing_id) is None


def test_a_key_of_another_workspace_is_unknown_here(workspace: Workspace, elsewhere: Workspace) -> None:
    assert check(elsewhere.tenant, elsewhere.secret).id == elsewhere.key_id
    with pytest.raises(TokenRefused, match="no API key of this workspace"):
        check(workspace.tenant, elsewhere.secret)
