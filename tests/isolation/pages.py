"""Every page of a workspace, with a request that its owner makes successfully."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
from django.utils import timezone

from tests.api.calls import (
    ANOTHER_PEM,
    DELIVERY,
    FILE,
    FILTER,
    INCOMING,
    OFF_WEBHOOK,
    PEM,
    REPORT,
    WEBHOOK,
    add_incoming,
    add_report,
    add_rules,
    furnish_file,
    furnish_webhook,
)
from tests.isolation.traces import rows_of
from tests.personas import PASSWORD, Workspace
from tests.realtime.backstage import rows, schema_of
from tests.testmode.persona import in_test_mode

Pieces = dict[str, str]

CSRF: Final = "isolation" * 3 + "12345"
# What differs between two answers to the same request: form tokens, nonces.
FLEETING: Final = re.compile(r"[A-Za-z0-9_-]{20,}")
NEW_PASSWORD: Final = "another horse, another staple"


@dataclass(frozen=True)
class Page:
    """A page and its request; `{names}` in path and form are pieces of the workspace."""

    method: str
    route: str
    # What the owner is answered.
    status: int
    path: str = ""
    form: dict[str, str] | None = field(default=None, hash=False)

    def __str__(self) -> str:
        return f"{self.method} /{self.path or self.route}"

    def send(self, workspace: Workspace, session: str | None, pieces: Pieces) -> httpx.Response:
        return browse(
            workspace,
            self.method,
            "/" + (self.path or self.route).format(**pieces),
            session,
            {name: value.format(**pieces) for name, value in self.form.items()}
            if self.form is not None
            else None,
        )


def browse(
    workspace: Workspace,
    method: str,
    path: str,
    session: str | None = None,
    form: dict[str, str] | None = None,
) -> httpx.Response:
    """A browser's request, with a form token that fits its cookie."""
    cookies = {"snug_csrf": CSRF} | ({"snug_session": session} if session else {})
    with workspace.http() as client:
        client.cookies.update(cookies)
        data = None if form is None else {"csrfmiddlewaretoken": CSRF, **form}
        return client.request(method, path, data=data, headers={"X-CSRFToken": CSRF})


def gist(answer: httpx.Response) -> tuple[int, str, str]:
    """What an answer says, for comparing two of them."""
    return answer.status_code, answer.headers.get("location", ""), FLEETING.sub("…", answer.text)


def contents(workspace: Workspace) -> dict[str, list[str]]:
    """Everything that is stored of a workspace, but for when keys were last used."""
    kept = {table: sorted(lines) for table, lines in rows_of(schema_of(workspace)).items()}
    used = re.compile(r'"last_used_at": ("[^"]*"|null)')
    kept["accounts_apikey"] = sorted(used.sub("", line) for line in kept["accounts_apikey"])
    tenant = "SELECT to_jsonb(t)::text FROM public.tenants_tenant t WHERE slug = %s"
    kept["tenants_tenant"] = [line for (line,) in rows(workspace, tenant, workspace.slug)]
    return kept


def in_the_schema(workspace: Workspace, work: Callable[[], Any]) -> Any:
    from tenants.context import run_in_tenant

    return run_in_tenant(workspace.tenant, work)


def handoff_of(workspace: Workspace) -> str:
    from accounts.actions import make_handoff
    from accounts.models import Member

    return str(in_the_schema(workspace, lambda: make_handoff(Member.objects.get(role="owner"))))


def session_of(workspace: Workspace) -> str:
    """The owner's session."""
    answer = browse(workspace, "GET", f"/login/?handoff={handoff_of(workspace)}")
    return str(answer.cookies["snug_session"])


def furnish() -> None:
    """Two rooms whose pages have something to change: Carol is in one, Dora is muted there, the other is archived."""
    from accounts.models import Member
    from rooms.actions import FOR_EVER
    from rooms.models import Membership, Room

    cellar = Room.objects.create(name="cellar")
    Room.objects.create(name="loft", archived_at=timezone.now())
    for name, until in (("carol", None), ("dora", FOR_EVER)):
        member = Member.objects.create(external_id=name)
        Membership.objects.create(room=cellar, member=member, muted_until=until)


def trust() -> str:
    """A public key that tokens may be signed with; its id."""
    from accounts.actions import register_public_keys
    from accounts.public_keys import from_pem

    return register_public_keys([from_pem(PEM)])[0].id


def hire() -> Pieces:
    """A colleague, an invitation, and the link in its mail."""
    from accounts.actions import create_staff, invite, make_invitation_link
    from accounts.models import Member

    colleague = create_staff(email="bea@example.com", role="agent", password_hash="!")
    invitation = invite("carl@example.com", "agent", Member.objects.get(role="owner"))
    made = make_invitation_link(invitation.id)
    assert made is not None
    return {"colleague": colleague.external_id, "invitation": invitation.id, "invite": made[1]}


def pieces_of(workspace: Workspace) -> Pieces:
    """What is in the workspace's own links and forms, and in nobody else's."""
    from accounts.actions import make_password_reset
    from accounts.models import Member
    from files.links import path_to
    from files.models import File

    def reset() -> str:
        return make_password_reset(Member.objects.get(role="owner"))

    def link() -> str:
        path = path_to(schema_of(workspace), File.objects.get(key=FILE), "file", 9_999_999_999)
        return path.removeprefix(f"/files/{FILE}/file/")

    in_the_schema(workspace, furnish)
    furnish_webhook(workspace)
    furnish_file(workspace)
    add_incoming(workspace, "cellar")
    with workspace.api() as api:
        api.post("/api/v1/rooms/cellar/messages", json={"message": "bad"}).raise_for_status()
    add_report(workspace, "cellar")
    add_rules(workspace)
    return {
        "handoff": handoff_of(workspace),
        "reset": in_the_schema(workspace, reset),
        "link": in_the_schema(workspace, link),
        "key": workspace.key_id,
        "public_key": in_the_schema(workspace, trust),
        "test_key": in_test_mode(workspace).key_id,
        "email": workspace.owner_email,
        "slug": workspace.slug,
        **in_the_schema(workspace, hire),
        "tax_id": "txi_none",
    }


ROOM: Final = "console/rooms/<slug:name>/"
MEMBER: Final = "members/<str:external_id>/"
OF_A_ROOM: Final[tuple[tuple[str, str, dict[str, str]], ...]] = (
    (
        "settings/",
        "console/rooms/cellar/settings/",
        {"settings-title": "{slug}", "settings-slow_mode": "30"},
    ),
    ("incoming/", "console/rooms/cellar/incoming/", {"incoming-name": "{slug}"}),
    (
        "incoming/<slug:incoming_id>/delete/",
        f"console/rooms/cellar/incoming/{INCOMING}/delete/",
        {},
    ),
    ("archive/", "console/rooms/cellar/archive/", {}),
    ("archive/remove/", "console/rooms/loft/archive/remove/", {}),
    ("delete/", "console/rooms/cellar/delete/", {"delete-name": "cellar"}),
    (
        "members/",
        "console/rooms/cellar/members/",
        {"member-external_id": "{slug}", "member-role": "moderator"},
    ),
    (f"{MEMBER}role/", "console/rooms/cellar/members/carol/role/", {"role": "moderator"}),
    (f"{MEMBER}mute/", "console/rooms/cellar/members/carol/mute/", {"for": "1h"}),
    (f"{MEMBER}mute/remove/", "console/rooms/cellar/members/dora/mute/remove/", {}),
    (f"{MEMBER}remove/", "console/rooms/cellar/members/carol/remove/", {}),
)
HOOK: Final = "console/webhooks/<slug:webhook_id>/"
HOOK_FORM: Final = {"hook-url": "https://{slug}.example.com/hooks", "hook-access": "all"}
SENT: Final = "console/webhooks/deliveries/<slug:delivery_id>/"
OF_WEBHOOKS: Final = (
    Page("GET", "console/webhooks/", 200),
    Page("POST", "console/webhooks/", 302, form=HOOK_FORM),
    Page("GET", HOOK, 200, f"console/webhooks/{WEBHOOK}/"),
    Page("POST", HOOK, 302, f"console/webhooks/{WEBHOOK}/", HOOK_FORM),
    *(
        Page("POST", f"{HOOK}{rest}/", 302, f"console/webhooks/{WEBHOOK}/{rest}/", {})
        for rest in ("off", "rotate", "test", "delete")
    ),
    Page("GET", SENT, 200, f"console/webhooks/deliveries/{DELIVERY}/"),
    Page("POST", f"{SENT}replay/", 302, f"console/webhooks/deliveries/{DELIVERY}/replay/", {}),
    Page("POST", f"{HOOK}off/remove/", 302, f"console/webhooks/{OFF_WEBHOOK}/off/remove/", {}),
)
SIFTED: Final = "console/moderation/filters/<slug:filter_id>/"
TOLD: Final = "console/reports/<slug:report_id>/"
INVITED: Final = "console/team/invitations/<slug:invitation_id>/"
COLLEAGUE: Final = "console/team/<str:external_id>/"
OF_THE_TEAM: Final = (
    Page("GET", "console/team/", 200),
    Page("POST", "console/team/", 302, form={"invite-email": "dora@{slug}.example", "invite-role": "admin"}),
    Page("POST", f"{INVITED}again/", 302, "console/team/invitations/{invitation}/again/", {}),
    Page("POST", f"{INVITED}withdraw/", 302, "console/team/invitations/{invitation}/withdraw/", {}),
    Page("POST", f"{COLLEAGUE}role/", 302, "console/team/{colleague}/role/", {"role": "admin"}),
    Page("POST", f"{COLLEAGUE}remove/", 302, "console/team/{colleague}/remove/", {}),
    Page("GET", "console/profile/", 200),
    Page("POST", "console/profile/", 302, form={"name": "Alice of {slug}"}),
    Page(
        "POST",
        "console/profile/password/",
        302,
        form={"change-old": PASSWORD, "change-password": NEW_PASSWORD},
    ),
)
TEST_KEY: Final = "console/test/keys/<slug:key_id>/"
TRUSTED: Final = "console/public-keys/<slug:key_id>/"
# What an answer shows or does depends on who is signed in.
OF_STAFF: Final = (
    Page("GET", "console/moderation/", 200),
    Page(
        "POST",
        "console/moderation/filters/",
        302,
        form={"filter-kind": "word", "filter-pattern": "heck", "filter-action": "mask"},
    ),
    Page("POST", f"{SIFTED}delete/", 302, f"console/moderation/filters/{FILTER}/delete/", {}),
    Page("POST", "console/moderation/repeats/", 302, form={"repeats-most": "3", "repeats-seconds": "60"}),
    Page("POST", "console/moderation/repeats/remove/", 302, form={}),
    Page(
        "POST",
        "console/moderation/hook/",
        302,
        form={"hook-url": "https://shop.example.com/before", "hook-on_failure": "allow"},
    ),
    Page("POST", "console/moderation/hook/rotate/", 302, form={}),
    Page("POST", "console/moderation/hook/remove/", 302, form={}),
    Page("GET", "console/reports/", 200),
    Page("POST", f"{TOLD}dismiss/", 302, f"console/reports/{REPORT}/dismiss/", {}),
    Page("POST", f"{TOLD}delete/", 302, f"console/reports/{REPORT}/delete/", {}),
    Page("GET", "", 302),
    Page("GET", "login/", 302),
    Page("GET", "chat/", 200),
    Page("GET", "console/", 200),
    Page("GET", "console/live/", 200),
    Page("GET", "console/preview/", 200),
    Page("GET", "console/activity/", 200),
    Page("POST", "console/keys/", 302, form={"key-name": "Backend of {slug}", "key-access": "all"}),
    Page(
        "POST", "console/keys/<slug:key_id>/rotate/", 302, "console/keys/{key}/rotate/", {"overlap": "hour"}
    ),
    Page("POST", "console/keys/<slug:key_id>/revoke/", 302, "console/keys/{key}/revoke/", {}),
    Page("POST", "console/public-keys/", 302, form={"public-name": "{slug}", "public-pasted": ANOTHER_PEM}),
    Page("POST", f"{TRUSTED}revoke/", 302, "console/public-keys/{public_key}/revoke/", {}),
    Page("POST", "console/test/keys/", 302, form={"test-name": "Tests of {slug}", "test-access": "all"}),
    Page("POST", f"{TEST_KEY}revoke/", 302, "console/test/keys/{test_key}/revoke/", {}),
    Page("POST", "console/test/reset/", 302, form={}),
    Page("POST", "console/origins/", 302, form={"origins": "https://{slug}.example"}),
    Page("POST", "console/guests/", 302, form={"proof": "always"}),
    Page(
        "POST",
        "console/rooms/",
        302,
        form={"room-name": "vault", "room-kind": "private", "room-title": "{slug}"},
    ),
    Page("GET", "console/rooms/<slug:name>/", 200, "console/rooms/cellar/"),
    Page("GET", "console/rooms/<slug:name>/live/", 200, "console/rooms/cellar/live/"),
    *(Page("POST", f"{ROOM}{rest}", 302, path, form) for rest, path, form in OF_A_ROOM),
    *OF_WEBHOOKS,
    *OF_THE_TEAM,
    Page("GET", "console/billing/", 200),
    Page("GET", "console/billing/return/", 302),
    Page("GET", "console/billing/begin/", 302),
    Page("GET", "console/billing/invoices/", 200),
    Page("GET", "console/billing/change/", 302),
    Page("GET", "console/billing/cancel/", 302),
    Page("GET", "console/billing/by-invoice/", 200, "console/billing/by-invoice/?choice=business%20month"),
    Page("POST", "logout/", 302, form={}),
)
# Buttons of these have a page of their own at the same address, which asks first.
OWN_GET: Final = ("console/billing/by-invoice/", "console/billing/cancel/", "console/billing/change/")
# The owner's alone, and what they change is at Stripe: tests/isolation/test_billing.py. With each, whether something
# has to be bought first.
TAX_ID: Final = "console/billing/tax-ids/<slug:tax_id>/remove/"
OF_BILLING: Final = {
    Page("POST", "console/billing/checkout/", 303, form={"plan": "pro", "interval": "month"}): False,
    Page("POST", "console/billing/by-invoice/", 302, form={"choice": "business month"}): False,
    Page("POST", "console/billing/by-card/", 302, form={}): True,
    Page("POST", "console/billing/change/", 302, form={"plan": "business", "interval": "month"}): True,
    Page("POST", "console/billing/cancel/", 302, form={}): True,
    Page("POST", "console/billing/reactivate/", 302, form={}): True,
    Page("POST", "console/billing/keep/", 302, form={}): True,
    Page("POST", "console/billing/portal/", 303, form={}): True,
    Page("POST", "console/billing/pay/", 302, form={}): True,
    Page("POST", "console/billing/overage/", 302, form={"on": "yes", "ceiling": "60"}): True,
    Page("POST", "console/billing/tax-ids/", 302, form={"type": "eu_vat", "value": "DE123456789"}): True,
    Page("POST", TAX_ID, 302, "console/billing/tax-ids/{tax_id}/remove/", {}): True,
}
# Whoever holds the link, or knows the password, is let in: at the workspace that it is of.
BY_LINK: Final = {
    Page("GET", "login/", 302, "login/?handoff={handoff}"): 200,
    Page("POST", "login/", 302, form={"email": "{email}", "password": PASSWORD}): 422,
    Page("GET", "files/<uuid:key>/<slug:variant>/<str:name>", 200, f"files/{FILE}/file/{{link}}"): 404,
    Page("GET", "login/reset/<slug:token>/", 200, "login/reset/{reset}/"): 410,
    Page("GET", "invite/<slug:token>/", 200, "invite/{invite}/"): 410,
    Page(
        "POST", "invite/<slug:token>/", 302, "invite/{invite}/", {"name": "Carl", "password": NEW_PASSWORD}
    ): 410,
    Page("POST", "login/reset/<slug:token>/", 302, "login/reset/{reset}/", {"password": NEW_PASSWORD}): 410,
}
# The same for everyone, signed in or not.
FOR_EVERYONE: Final = {
    Page("GET", "api/v1/docs", 200): "the reference of the API",
    Page("GET", "api/v1/openapi.json", 200): "the same for programs",
    Page("GET", "api/v1/", 404): "a name for links; there is nothing",
    Page("GET", "widget.js", 200): "the loader that customers embed",
    Page(
        "GET", r"^chat/(?P<name>(?:files-|others-)?[0-9a-f]{12}\.(?:js|css))$", 200, "chat/000000000000.js"
    ): "the chat page's program",
    Page("GET", "console/keys/", 302): "leads to its section of the console",
    Page("GET", "console/keys/<slug:key_id>/rotate/", 302, "console/keys/{key}/rotate/"): "the same",
    Page("GET", "console/keys/<slug:key_id>/revoke/", 302, "console/keys/{key}/revoke/"): "the same",
    Page("GET", "console/test/keys/", 302): "leads to its section of the console",
    Page("GET", f"{TEST_KEY}revoke/", 302, "console/test/keys/{test_key}/revoke/"): "the same",
    Page("GET", "console/test/reset/", 302): "the same",
    Page("GET", "console/origins/", 302): "the same",
    Page("GET", "console/guests/", 302): "the same",
    Page("GET", "console/public-keys/", 302): "the same",
    Page("GET", f"{TRUSTED}revoke/", 302, "console/public-keys/{public_key}/revoke/"): "the same",
    Page("GET", "console/rooms/", 302): "the same",
    **{
        Page("GET", f"{ROOM}{rest}", 302, path): "leads to its section of the room's page"
        for rest, path, _ in OF_A_ROOM
    },
    **{
        Page("GET", page.route, 302, page.path): "leads to the page about billing"
        for page in OF_BILLING
        if page.route not in OWN_GET
    },
    Page("GET", "login/forgot/", 200): "asks for a mail address",
    Page(
        "POST", "login/forgot/", 302, form={"email": "nobody@{slug}.example"}
    ): "the answer is the same for all; its job is in test_jobs",
    Page("GET", "login/forgot/sent/", 200): "says that a mail is on its way, or is not",
}
PAGES: Final = (*OF_STAFF, *OF_BILLING, *BY_LINK, *FOR_EVERYONE)
