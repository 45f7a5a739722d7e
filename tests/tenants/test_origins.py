"""Which sites may speak to a tenant from a browser."""

import dataclasses
from collections.abc import Iterator

import msgspec
import pytest
from django.conf import settings
from django.test import override_settings

from tenants import actions, origins
from tenants.directory import TenantInfo
from tenants.entitlements import limits_for
from tests.personas import Workspace

HOST = "acme.snug.example"
LISTED = (
    "https://shop.example.com",
    "https://*.example.org",
    "http://intranet:8080",
    "https://[2001:db8::7]:8443",
)
ACME = TenantInfo(
    id=1,
    slug="acme",
    name="Acme",
    schema_name="t1",
    state="active",
    plan="free",
    limits=limits_for("free", {}),
    locale="en",
    accent="",
    guests_allowed=True,
    origins=LISTED,
)


@pytest.fixture
def in_production() -> Iterator[None]:
    env = dataclasses.replace(settings.ENV, environment="production", public_scheme="https")
    with override_settings(ENV=env):
        yield


@pytest.mark.usefixtures("in_production")
@pytest.mark.parametrize(
    "origin",
    [
        f"https://{HOST}",
        f"HTTPS://{HOST.upper()}",
        "https://shop.example.com",
        "https://SHOP.example.com",
        "https://a.example.org",
        "https://a.b.example.org",
        "http://intranet:8080",
        "https://[2001:db8::7]:8443",
    ],
)
def test_own_and_listed_sites_may(origin: str) -> None:
    assert origins.allowed(ACME, origin, HOST)


@pytest.mark.usefixtures("in_production")
@pytest.mark.parametrize(
    "origin",
    [
        "",
        "null",
        "https://",
        "https://evil.example",
        # Look-alikes of a listed site, a wildcard's site and our own host.
        "https://shop.example.com.evil.example",
        "https://evil-shop.example.com",
        "https://evilshop.example.com",
        "https://shop.example.com@evil.example",
        "https://shop.example.com:8443",
        "http://shop.example.com",
        "https://example.org",
        "https://evil-example.org",
        "https://evilexample.org",
        "https://a.example.org.evil.example",
        "https://a.example.org:8443",
        "http://a.example.org",
        "http://intranet",
        "http://intranet:80800",
        f"https://evil{HOST}",
        f"https://{HOST}.evil.example",
        f"https://{HOST}:8443",
        f"http://{HOST}",
        f"ftp://{HOST}",
        f"file://{HOST}",
        # This machine's own pages, which only development lets in.
        "http://localhost:3000",
        "http://127.0.0.1",
    ],
)
def test_others_may_not(origin: str) -> None:
    assert not origins.allowed(ACME, origin, HOST)


@pytest.mark.parametrize("origin", ["http://localhost:9000", "http://localhost", "http://127.0.0.1:5500"])
def test_in_development_pages_of_this_machine_may(origin: str) -> None:
    assert origins.allowed(ACME, origin, HOST)


@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example",
        "http://localhost@evil.example",
        "https://localhost:9000",
        "http://evil.localhost:9000",
        "http://[localhost",
        "null",
    ],
)
def test_even_in_development_their_look_alikes_may_not(origin: str) -> None:
    assert not origins.allowed(ACME, origin, HOST)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("https://shop.example.com", "https://shop.example.com"),
        ("  HTTPS://Shop.Example.COM/ ", "https://shop.example.com"),
        ("https://shop.example.com:443", "https://shop.example.com"),
        ("http://shop.example.com:80/", "http://shop.example.com"),
        ("http://shop.example.com:8080", "http://shop.example.com:8080"),
        ("https://*.example.com", "https://*.example.com"),
        ("http://*.localhost:3000", "http://*.localhost:3000"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("https://[2001:DB8::7]:8443", "https://[2001:db8::7]:8443"),
    ],
)
def test_an_origin_is_kept_as_browsers_send_it(typed: str, kept: str) -> None:
    assert actions.normal_origin(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "shop.example.com",
        "//shop.example.com",
        "ftp://shop.example.com",
        "https://shop.example.com/chat",
        "https://shop.example.com?x",
        "https://shop.example.com#x",
        "https://me@shop.example.com",
        "https://me:secret@shop.example.com",
        "https://shop.example.com:port",
        "https://shop.example.com:99999",
        "https://shop.example.com:",
        "https://*",
        "https://*.com",
        "https://*.*.example.com",
        "https://shop.*.com",
        "https://*shop.example.com",
        "https://shop..example.com",
        "https://-shop.example.com",
        "https://bücher.example",
        "https://[",
        "https://",
        "null",
        "*",
        "javascript:alert(1)",
        "https://" + "a" * 300 + ".example",
        "https://shop.example.com\x00",
        "https://shop\ud800.example.com",
    ],
)
def test_what_is_no_origin_is_refused_with_a_sentence(typed: str) -> None:
    with pytest.raises(ValueError, match=r"is not an origin\."):
        actions.normal_origin(typed)


def test_saved_origins_are_unique_and_in_force_at_once(workspace: Workspace) -> None:
    kept = actions.set_origins(
        workspace.tenant.id, ["https://a.example", "", "HTTPS://A.example/", "https://b.example"]
    )
    assert kept == ["https://a.example", "https://b.example"]
    assert workspace.tenant.origins == ("https://a.example", "https://b.example")
    with workspace.http() as client:
        answer = client.get("/api/v1/rooms", headers={"Origin": "https://b.example"})
    assert answer.headers["access-control-allow-origin"] == "https://b.example"


def test_one_bad_origin_changes_nothing(workspace: Workspace) -> None:
    actions.set_origins(workspace.tenant.id, ["https://a.example"])
    with pytest.raises(ValueError, match="not an origin"):
        actions.set_origins(workspace.tenant.id, ["https://b.example", "b.example"])
    with pytest.raises(ValueError, match="At most 50"):
        actions.set_origins(workspace.tenant.id, [f"https://s{n}.example" for n in range(51)])
    assert workspace.tenant.origins == ("https://a.example",)


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example/.shop.example",
        "https://evil.example#.shop.example",
        "https://evil.example\\.shop.example",
        "https://user:pw@a.shop.example",
        "https://.shop.example",
        "http://localhost:3000/path",
        "http://localhost:abc",
        "http://localhost:3000 http://evil.example",
        "null",
    ],
)
def test_what_no_browser_sends_as_an_origin_is_none(origin: str) -> None:
    tenant = msgspec.structs.replace(ACME, origins=("https://*.shop.example",))
    assert origins.allowed(tenant, "https://a.shop.example", "acme.localhost")
    assert not origins.allowed(tenant, origin, "acme.localhost")
