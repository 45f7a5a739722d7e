"""Where a request comes from, when only trusted proxies may say so."""

from ipaddress import ip_network

import pytest
from django.http import HttpRequest
from django.test import RequestFactory, override_settings

from tenants import health
from tenants.addresses import client_address, is_private

PROXIES = override_settings(
    SNUG_TRUSTED_PROXIES=(
        ip_network("10.0.0.0/8"),
        ip_network("2001:db8:aaaa::/48"),
        ip_network("127.0.0.2/32"),
    )
)


@pytest.mark.parametrize("said", ["", "198.51.100.9", "10.0.0.1, 198.51.100.9", "garbage", "127.0.0.1"])
@PROXIES
def test_a_stranger_is_whoever_connects_whatever_they_claim(said: str) -> None:
    assert client_address("203.0.113.5", said) == "203.0.113.5"


@pytest.mark.parametrize(
    ("said", "client"),
    [
        ("198.51.100.9", "198.51.100.9"),
        (" 198.51.100.9 ", "198.51.100.9"),
        # Only the part that our own proxies appended counts: the client wrote the rest.
        ("1.1.1.1, 198.51.100.9", "198.51.100.9"),
        ("1.1.1.1, 198.51.100.9, 10.9.9.9", "198.51.100.9"),
        ("10.1.1.1, 10.2.2.2", "10.1.1.1"),
        ("198.51.100.9, garbage", "10.0.0.7"),
        ("198.51.100.9:4711", "10.0.0.7"),
        ("", "10.0.0.7"),
        (", ,", "10.0.0.7"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::"),
    ],
)
@PROXIES
def test_behind_trusted_proxies_it_is_the_last_hop_they_vouch_for(said: str, client: str) -> None:
    assert client_address("10.0.0.7", said) == client


@PROXIES
def test_an_ipv6_customer_counts_once_however_many_addresses_they_use() -> None:
    one = {client_address(f"2001:db8:0:1::{n:x}", "") for n in range(1, 50)}
    assert one == {"2001:db8:0:1::"}
    assert client_address("2001:db8:0:2::1", "") not in one


@PROXIES
def test_an_ipv4_peer_of_a_two_family_socket_is_that_ipv4_address() -> None:
    assert client_address("::ffff:203.0.113.5", "") == "203.0.113.5"
    assert client_address("::ffff:10.0.0.7", "198.51.100.9") == "198.51.100.9"


@PROXIES
def test_a_thousand_forged_hops_are_no_work() -> None:
    assert client_address("203.0.113.5", ",".join(["10.0.0.1"] * 100_000)) == "203.0.113.5"


@pytest.mark.parametrize("peer", ["", "unix:", "testclient", "300.1.1.1"])
@PROXIES
def test_a_peer_without_an_address_is_counted_by_its_name(peer: str) -> None:
    assert client_address(peer, "198.51.100.9") == peer


def ask(peer: str, forwarded: str | None = None) -> HttpRequest:
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    return RequestFactory().get("/metrics", headers=headers, REMOTE_ADDR=peer)


@pytest.mark.parametrize("peer", ["127.0.0.1", "10.1.2.3", "192.168.7.7", "172.16.0.1", "::1", "fd00::1"])
@PROXIES
def test_metrics_are_served_on_private_networks(peer: str) -> None:
    answer = health.metrics(ask(peer))
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain")
    assert b"python_info" in answer.content


@pytest.mark.parametrize(
    ("peer", "forwarded"),
    [
        ("8.8.8.8", None),
        ("8.8.8.8", "127.0.0.1"),
        ("2606:4700::1111", None),
        ("::ffff:8.8.8.8", None),
        ("10.0.0.7", "8.8.8.8"),
        ("10.0.0.7", "127.0.0.1, 8.8.8.8"),
        # A proxy that nobody told us of hides who asks: it may be anyone.
        ("192.168.1.1", "8.8.8.8"),
        ("192.168.1.1", "192.168.1.2"),
        ("", None),
        ("unknown", None),
    ],
)
@PROXIES
def test_metrics_are_refused_to_everyone_else(peer: str, forwarded: str | None) -> None:
    answer = health.metrics(ask(peer, forwarded))
    assert answer.status_code == 403
    assert answer["Content-Type"] == "application/problem+json"


@PROXIES
def test_metrics_behind_a_trusted_proxy_go_by_the_client() -> None:
    assert is_private(ask("10.0.0.7", "192.168.3.4"))
    assert not is_private(ask("10.0.0.7", "192.168.3.4, 8.8.8.8"))
