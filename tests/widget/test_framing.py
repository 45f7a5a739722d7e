"""Which pages a policy lets in."""

from widget.framing import content_security_policy, frame_ancestors


def test_this_machines_own_pages_are_let_in_only_during_development() -> None:
    assert frame_ancestors(["https://shop.example"], development=False) == ["https://shop.example"]
    assert "http://localhost:*" in frame_ancestors([], development=True)


def test_an_origin_cannot_add_to_the_policy() -> None:
    hostile = [
        "https://a.example; script-src *",
        "https://b.example 'unsafe-inline'",
        "https://c.example,x",
        "\nx",
    ]
    assert frame_ancestors([*hostile, "https://*.shop.example"], development=False) == [
        "https://*.shop.example"
    ]


def test_without_any_site_only_its_own_pages_may_frame_it() -> None:
    policy = content_security_policy(host="acme.example", nonce="n", ancestors=[])
    assert "frame-ancestors 'self'; " in policy
    assert "connect-src 'self' ws://acme.example wss://acme.example;" in policy
