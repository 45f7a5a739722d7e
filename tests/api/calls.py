"""Every call of the API, each with a request that succeeds for the rightful key."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import Any
from uuid import UUID

import httpx
from django.utils import timezone

from tests.personas import Workspace
from tests.testmode.persona import in_test_mode

THUMB = "%F0%9F%91%8D"
# Made by `furnish_webhook`. Nobody else has them: they are neither counted up nor found by chance.
WEBHOOK = "wh_0123456789abcdef"
DELIVERY = "dlv_1000001"
OFF_WEBHOOK = "wh_fedcba9876543210"
FILE = "f11e0000-0000-4000-8000-0000000000aa"
INCOMING = "in_0123456789abcdef"
REPORT = "rep_1000001"
FILTER = "flt_1000001"
SPARE_KEY = "key_00000000000000aa"
PEM = (
    "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
    "-----END PUBLIC KEY-----\n"
)
ANOTHER_PEM = (
    "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAPUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=\n"
    "-----END PUBLIC KEY-----\n"
)


@dataclass(frozen=True)
class Call:
    """One call. `body` and `path` work in a workspace that was `prepared`."""

    method: str
    path: str
    status: int
    scope: str
    body: dict[str, Any] | None = None
    # Whether a user's token will do as well.
    for_users: bool = False
    # A second scope, where one is not enough.
    also: str = ""
    # The text of a file that is sent with the body, which is then a form.
    file: str = ""
    # Whether it succeeds with a test key alone.
    test: bool = False

    def __str__(self) -> str:
        return f"{self.method} /{self.path}"

    def send(self, client: httpx.Client, message_id: str, **options: Any) -> httpx.Response:
        path = self.path.replace("{message_id}", message_id)
        if self.file:
            options |= {"data": self.body, "files": {"file": ("note.txt", self.file)}}
            return client.request(self.method, f"/api/v1/{path}", **options)
        return client.request(self.method, f"/api/v1/{path}", json=self.body, **options)


CALLS = [
    Call("POST", "tokens", 201, "tokens:mint", {"sub": "bob", "name": "Bob"}),
    Call("POST", "tickets", 201, "tokens:mint", {"sub": "bob"}),
    Call("GET", "keys", 200, "keys:read"),
    Call("POST", "keys", 201, "keys:write", {"name": "Shop", "scopes": ["keys:write"]}),
    Call("GET", f"keys/{SPARE_KEY}", 200, "keys:read"),
    Call("POST", f"keys/{SPARE_KEY}/rotate", 201, "keys:write"),
    Call("DELETE", f"keys/{SPARE_KEY}", 204, "keys:write"),
    Call("GET", "public-keys", 200, "keys:read"),
    Call("POST", "public-keys", 201, "keys:write", {"pem": ANOTHER_PEM}, also="tokens:mint"),
    Call("GET", f"public-keys/{SPARE_KEY}", 200, "keys:read"),
    Call("DELETE", f"public-keys/{SPARE_KEY}", 204, "keys:write", also="tokens:mint"),
    Call("GET", "users", 200, "users:read"),
    Call("POST", "users", 201, "users:write", {"external_id": "bob", "name": "Bob"}),
    Call("GET", "users/carol", 200, "users:read"),
    Call("PATCH", "users/carol", 200, "users:write", {"name": "Caroline"}),
    Call("PUT", "users/bob", 201, "users:write", {"name": "Bob"}),
    Call("DELETE", "users/carol", 204, "users:write"),
    Call("POST", "users/carol/revoke-tokens", 200, "users:write"),
    Call("POST", "users/carol/ban", 200, "users:write"),
    Call("DELETE", "users/carol/ban", 200, "users:write"),
    Call("GET", "users/carol/blocks", 200, "users:read", for_users=True),
    Call("PUT", "users/carol/blocks/erin", 201, "users:write", for_users=True),
    Call("DELETE", "users/carol/blocks/dave", 204, "users:write", for_users=True),
    Call("GET", "rooms", 200, "rooms:read", for_users=True),
    Call("POST", "rooms", 201, "rooms:write", {"name": "vault", "kind": "private", "title": "The vault"}),
    Call("GET", "rooms/general", 200, "rooms:read", for_users=True),
    Call("PATCH", "rooms/general", 200, "rooms:write", {"title": "The lobby", "slow_mode": 30}),
    Call("DELETE", "rooms/general", 204, "rooms:write"),
    Call("GET", "presence/general", 200, "rooms:read", for_users=True),
    Call("GET", "rooms/general/members", 200, "rooms:read"),
    Call("GET", "rooms/general/members/carol", 200, "rooms:read"),
    Call("PUT", "rooms/general/members/bob", 201, "rooms:write", {"role": "moderator"}),
    Call("DELETE", "rooms/general/members/carol", 204, "rooms:write"),
    Call("GET", "rooms/general/incoming-webhooks", 200, "rooms:read"),
    Call(
        "POST",
        "rooms/general/incoming-webhooks",
        201,
        "rooms:write",
        {"name": "Deploys"},
        also="messages:write",
    ),
    Call(
        "DELETE",
        f"rooms/general/incoming-webhooks/{INCOMING}",
        204,
        "rooms:write",
        also="messages:write",
    ),
    Call(
        "POST",
        "rooms/general/messages/{message_id}/report",
        201,
        "messages:write",
        {"reason": "abuse", "comment": "Rude"},
        for_users=True,
    ),
    Call("GET", "reports", 200, "messages:read"),
    Call("PATCH", f"reports/{REPORT}", 200, "messages:write", {"state": "resolved"}, also="messages:read"),
    Call("GET", "filters", 200, "moderation:read"),
    Call("POST", "filters", 201, "moderation:write", {"kind": "word", "pattern": "heck", "action": "mask"}),
    Call("DELETE", f"filters/{FILTER}", 204, "moderation:write"),
    Call("GET", "moderation", 200, "moderation:read"),
    Call("PATCH", "moderation", 200, "moderation:write", {"repeats": {"most": 3, "seconds": 60}}),
    Call("PUT", "moderation/hook", 201, "moderation:write", {"url": "https://shop.example.com/before"}),
    Call("POST", "moderation/hook/rotate-secret", 200, "moderation:write"),
    Call("DELETE", "moderation/hook", 204, "moderation:write"),
    Call("GET", "rooms/general/receipts", 200, "messages:read", for_users=True),
    Call("GET", "rooms/general/messages", 200, "messages:read", for_users=True),
    Call("POST", "rooms/general/messages", 201, "messages:write", {"message": "hello"}, for_users=True),
    Call("GET", "rooms/general/messages/{message_id}", 200, "messages:read", for_users=True),
    Call(
        "PATCH",
        "rooms/general/messages/{message_id}",
        200,
        "messages:write",
        {"message": "second"},
        for_users=True,
    ),
    Call("DELETE", "rooms/general/messages/{message_id}", 200, "messages:write", for_users=True),
    Call(
        "PUT",
        f"rooms/general/messages/{{message_id}}/reactions/{THUMB}",
        200,
        "messages:write",
        for_users=True,
    ),
    Call(
        "DELETE",
        f"rooms/general/messages/{{message_id}}/reactions/{THUMB}",
        200,
        "messages:write",
        for_users=True,
    ),
    Call("GET", "files", 200, "messages:read", for_users=True),
    Call("POST", "files", 201, "messages:write", {"room": "general"}, for_users=True, file="minutes"),
    Call("GET", f"files/{FILE}", 200, "messages:read", for_users=True),
    Call("DELETE", f"files/{FILE}", 204, "messages:write", for_users=True),
    Call("GET", "search?q=first", 200, "messages:read", for_users=True),
    Call("GET", "usage", 200, "usage:read"),
    Call("GET", "webhooks", 200, "webhooks:read"),
    Call(
        "POST",
        "webhooks",
        201,
        "webhooks:write",
        {"url": "https://shop.example.com/hooks", "events": ["message.*"]},
    ),
    Call("GET", f"webhooks/{WEBHOOK}", 200, "webhooks:read"),
    Call("PATCH", f"webhooks/{WEBHOOK}", 200, "webhooks:write", {"events": ["room.*"], "enabled": False}),
    Call("DELETE", f"webhooks/{WEBHOOK}", 204, "webhooks:write"),
    Call("POST", f"webhooks/{WEBHOOK}/rotate-secret", 200, "webhooks:write", {"overlap": 60}),
    Call("POST", f"webhooks/{WEBHOOK}/test", 202, "webhooks:write"),
    Call("GET", f"webhooks/{WEBHOOK}/deliveries", 200, "webhooks:read"),
    Call("GET", f"webhooks/deliveries/{DELIVERY}", 200, "webhooks:read"),
    Call("POST", f"webhooks/deliveries/{DELIVERY}/replay", 202, "webhooks:write"),
    Call("GET", "audit", 200, "admin"),
    Call("POST", "test/reset", 204, "admin", test=True),
]


def where_it_works(call: Call, workspace: Workspace) -> Workspace:
    """The workspace, in test mode where the call is only good there."""
    return in_test_mode(workspace) if call.test else workspace


def add_spare_key(workspace: Workspace) -> None:
    """A key of a known id, which may itself only handle keys, and a public key of the same id."""
    from accounts.actions import create_api_key, register_public_keys
    from accounts.models import ApiKey, PublicKey
    from accounts.public_keys import from_pem
    from tenants.context import run_in_tenant

    def add() -> None:
        key, _, _ = create_api_key("Spare", ["keys:write"])
        ApiKey.objects.filter(id=key.id).update(id=SPARE_KEY)
        (public,) = register_public_keys([from_pem(PEM)])
        PublicKey.objects.filter(id=public.id).update(id=SPARE_KEY)

    run_in_tenant(workspace.tenant, add)


def add_incoming(workspace: Workspace, room: str = "general") -> str:
    """An incoming webhook of a known id; its token."""
    from incoming.actions import create_incoming_webhook
    from incoming.models import IncomingWebhook
    from rooms.models import Room
    from tenants.context import run_in_tenant

    def add() -> str:
        made, token = create_incoming_webhook(Room.objects.get(name=room), "Alarms")
        IncomingWebhook.objects.filter(pk=made.pk).update(id=INCOMING)
        return token

    return str(run_in_tenant(workspace.tenant, add))


def add_report(workspace: Workspace, room: str = "general") -> None:
    """A report of a known id, about a message that is the room's first."""
    from accounts.models import Member
    from moderation.models import Report
    from rooms.models import Message
    from tenants.context import run_in_tenant

    def add() -> None:
        message = Message.objects.select_related("room", "sender").filter(room__name=room).earliest("seq")
        Report.objects.create(
            pk=int(REPORT.removeprefix("rep_")),
            room=message.room,
            message_id=message.pk,
            seq=message.seq,
            said=message.body,
            author=message.sender,
            # In test mode there is no staff.
            reporter=Member.objects.filter(role="owner").first() or message.sender,
            reason="spam",
        )

    run_in_tenant(workspace.tenant, add)


def add_rules(workspace: Workspace) -> None:
    """A filter of a known id, a limit on repeats, and a hook that never answers. Carol has blocked Dave, and may block
    Erin."""
    from accounts.models import Member
    from moderation.models import Block, Filter, Rules
    from rooms.models import Membership, Room
    from tenants import encryption
    from tenants.context import run_in_tenant

    def add() -> None:
        pk = Filter.pk_in(FILTER)
        Filter.objects.create(pk=pk, kind="word", pattern=f"{workspace.slug}x", action="refuse")
        url = f"http://127.0.0.1:9/{workspace.slug}"
        sealed = encryption.encrypt("whsec_c2VjcmV0")
        Rules.objects.create(pk=1, repeats_most=100, hook_url=url, hook_secret=sealed)
        carol, dave, erin = (
            Member.objects.get_or_create(external_id=name, defaults={"password": "!"})[0]
            for name in ("carol", "dave", "erin")
        )
        Block.objects.create(blocker=carol, blocked=dave)
        Membership.objects.get_or_create(room=Room.objects.get(name="general"), member=erin)

    run_in_tenant(workspace.tenant, add)


def prepared(workspace: Workspace) -> str:
    """Make Carol a member of `general` and let her say something; the message's id. A second room is there too."""
    add_spare_key(workspace)
    with workspace.api() as client:
        assert client.post("/api/v1/rooms", json={"name": "cellar"}).status_code == 201
        add_incoming(workspace)
        assert client.put("/api/v1/rooms/general/members/carol").status_code == 201
        said = client.post("/api/v1/rooms/general/messages", json={"message": "first", "sub": "carol"})
        furnish_webhook(workspace)
        furnish_file(workspace)
        assert said.status_code == 201, said.text
        add_report(workspace)
        add_rules(workspace)
        return str(said.json()["message_id"])


def furnish_file(workspace: Workspace) -> None:
    """A file of Carol's in `general` that waits for its message."""
    from accounts.models import Member
    from files import storing
    from files.models import File
    from rooms.models import Room
    from tenants.context import run_in_tenant

    def furnish() -> None:
        now = timezone.now()
        file = File.objects.create(
            key=UUID(FILE),
            room_id=Room.objects.get(name="general").pk,
            uploader=Member.objects.get(external_id="carol"),
            name=f"{workspace.slug}.txt",
            type="text/plain",
            size=len(workspace.slug),
            created_at=now,
            stored_at=now,
        )
        storing.store(workspace.tenant.schema_name, file, BytesIO(workspace.slug.encode()))

    run_in_tenant(workspace.tenant, furnish)


def furnish_webhook(workspace: Workspace) -> None:
    """A webhook that nothing here happens for, with a delivery of the past, and one that is switched off."""
    from tenants import encryption
    from tenants.context import run_in_tenant
    from webhooks.models import Attempt, Delivery, Endpoint, Event

    def furnish() -> None:
        endpoint = Endpoint.objects.create(
            id=WEBHOOK,
            url=f"http://127.0.0.1:9/{workspace.slug}",
            events=["limit.reached"],
            secret=encryption.encrypt("whsec_c2VjcmV0"),
        )
        Endpoint.objects.create(
            id=OFF_WEBHOOK,
            url=f"http://127.0.0.1:9/{workspace.slug}/off",
            events=["plan.changed"],
            secret=endpoint.secret,
            enabled=False,
            reason=Endpoint.Reason.BY_HAND,
        )
        event = Event.objects.create(id=1_000_000, type="limit.reached", data={"limit": workspace.slug})
        event.refresh_from_db()
        delivery = Delivery.objects.create(
            id=int(DELIVERY.removeprefix("dlv_")),
            endpoint=endpoint,
            event=event,
            state="delivered",
            attempts=1,
        )
        Attempt.objects.create(
            delivery=delivery,
            at=event.created_at,
            milliseconds=7,
            url=endpoint.url,
            request_headers=[],
            status=204,
        )

    run_in_tenant(workspace.tenant, furnish)
