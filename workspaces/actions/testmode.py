"""The test side of a workspace, which its test keys alone reach: docs/decisions/test-mode.md.

It is another tenant's row with a schema of its own, made with the first test key. A reset puts a new one in its place.
"""

import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.db import transaction

from accounts.actions import create_api_key, internal_key, revoke_api_key
from accounts.models import ApiKey, Member, PublicKey
from audit.kinds import Action
from audit.records import record
from realtime.limits import hit_sync
from rooms.actions import create_room
from tenants import actions as tenants
from tenants import directory, provisioning
from tenants.context import HasSchema, run_in_public, run_in_tenant
from tenants.directory import TenantInfo
from tenants.entitlements import Limits, limits_for
from tenants.hosts import tenant_host
from tenants.models import Tenant
from workspaces.actions.open_workspace import GENERAL

WINDOW: Final = 60
# Each makes a schema and takes one away.
RESETS_A_MINUTE: Final = 10
# Seconds until what was reset is taken away: whoever is in the middle of something there has long finished.
DEMOLISHED_AFTER: Final = 60


class NoTestMode(Exception):
    """The workspace has made no test key yet."""


class ResetTooOften(Exception):
    """`retry_after` is in seconds."""

    def __init__(self) -> None:
        super().__init__(f"Test mode can be reset {RESETS_A_MINUTE} times a minute.")
        self.retry_after = WINDOW - int(time.time()) % WINDOW


class _Keys(NamedTuple):
    """What a reset leaves; API keys with their bots."""

    api: list[ApiKey]
    public: list[PublicKey]


def make_test_key(
    tenant: TenantInfo, name: str, scopes: Sequence[str], *, expires_at: datetime | None = None
) -> ApiKey:
    """A new test key of a live tenant, and with the first one its test side. The secret waits for the console's next
    page. Raises ValueError for a name or scopes that cannot be."""
    return run_in_public(_make_key, tenant.id, name, scopes, expires_at)


def revoke_test_key(tenant: TenantInfo, key_id: str) -> bool:
    """Void a test key and every user token it signed; False where there is no such active key."""
    return run_in_public(_revoke_key, tenant.id, key_id)


def keys_of_test_mode(tenant: TenantInfo) -> list[ApiKey]:
    """The test keys of a live tenant, oldest first; as the database has them now."""
    side = Tenant.objects.filter(test_of=tenant.id).first()
    return run_in_tenant(side, _api_keys) if side is not None else []


def take_test_secret(tenant: TenantInfo, key_id: str) -> tuple[str, str] | None:
    """(secret, signing secret) of a test key that nobody has been shown yet; forgotten by this call."""
    side = Tenant.objects.filter(test_of=tenant.id).first()
    return run_in_tenant(side, _take_secret, key_id) if side is not None else None


def reset_test_mode(tenant_id: int) -> TenantInfo:
    """Put an empty test side, with the same keys, in the place of a live tenant's; it, as it is from now on.

    In one transaction: whoever comes finds the old one or the new one, whole. Raises NoTestMode, ResetTooOften.
    """
    live = Tenant.objects.get(pk=tenant_id, test_of=None)
    if not hit_sync(live.schema_name, "test-reset", RESETS_A_MINUTE, WINDOW):
        raise ResetTooOften
    run_in_public(_exchange, tenant_id)
    found = directory.look_up(tenant_host(live.slug))
    assert found is not None  # it has just been committed
    assert found.test_side is not None
    return found.test_side


@transaction.atomic
def _make_key(tenant_id: int, name: str, scopes: Sequence[str], expires_at: datetime | None) -> ApiKey:
    live, side = _held(tenant_id)
    side = side or _open(live)
    key, _, _ = run_in_tenant(
        side, create_api_key, name, scopes, keep_unseen=True, expires_at=expires_at, test=True
    )
    _note(live, Action.TEST_KEY_CREATED, key.id, name=key.name, scopes=key.scopes)
    return key


@transaction.atomic
def _revoke_key(tenant_id: int, key_id: str) -> bool:
    live, side = _held(tenant_id)
    if side is None or not run_in_tenant(side, revoke_api_key, key_id):
        return False
    _note(live, Action.TEST_KEY_REVOKED, key_id)
    return True


@transaction.atomic
def _exchange(tenant_id: int) -> None:
    from workspaces.tasks import demolish

    live, old = _held(tenant_id)
    if old is None:
        raise NoTestMode
    # First: whoever changes a key there at this moment asks, before they answer, whether it is still in use, and waits.
    tenants.retire(old.pk)
    _open(live, run_in_tenant(old, _keys))
    _note(live, Action.TEST_MODE_RESET, "test")
    demolish.configure(schedule_in={"seconds": DEMOLISHED_AFTER}).defer(tenant_id=old.pk)


def _held(tenant_id: int) -> tuple[Tenant, Tenant | None]:
    """A live tenant, for whose test side everyone else waits until this transaction ends; and that, if there is one."""
    live = Tenant.objects.select_for_update(no_key=True).get(pk=tenant_id, test_of=None)
    return live, Tenant.objects.filter(test_of=live.pk).first()


def _open(live: Tenant, kept: _Keys | None = None) -> Tenant:
    side = tenants.allocate(
        slug=tenants.test_slug(live.pk),
        name=live.name,
        plan=live.plan,
        locale=live.locale,
        accent=live.accent,
        test_of=live.pk,
    )
    provisioning.create_schema(side)
    run_in_tenant(side, _furnish, limits_for(live.plan, live.own_limits), kept)
    tenants.activate(side)
    return side


def _furnish(limits: Limits, kept: _Keys | None) -> None:
    if kept is None:
        internal_key(test=True)
    else:
        _put_back(kept)
    create_room(GENERAL, "public", "General", limits)


def _keys() -> _Keys:
    return _Keys(
        list(ApiKey.objects.select_related("bot").order_by("created_at", "id")),
        list(PublicKey.objects.order_by("created_at", "id")),
    )


def _put_back(kept: _Keys) -> None:
    bots: dict[int, Member] = {key.bot.pk: key.bot for key in kept.api if key.bot is not None}
    for bot in bots.values():
        bot.pk = None  # members are numbered from 1 again
    Member.objects.bulk_create(bots.values())
    for key in kept.api:
        if key.bot_id is not None:
            key.bot = bots[key.bot_id]
    ApiKey.objects.bulk_create(kept.api)
    PublicKey.objects.bulk_create(kept.public)


def _api_keys() -> list[ApiKey]:
    return list(ApiKey.objects.filter(internal=False).order_by("created_at"))


@transaction.atomic
def _take_secret(key_id: str) -> tuple[str, str] | None:
    key = ApiKey.objects.filter(id=key_id, internal=False).first()
    return key.take_unseen_secret() if key is not None else None


def _note(live: HasSchema, action: Action, object_: str, **details: Any) -> None:
    """In the live audit: the test side's own goes with a reset."""
    run_in_tenant(live, record, action, object_, **details)
