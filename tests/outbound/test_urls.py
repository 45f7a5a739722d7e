"""Which addresses are taken, by their form and by where they lead."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from outbound import Refused, check_name, checked
from outbound.addresses import Address, is_public

GOOD = [
    "https://shop.example.com/hooks",
    "https://shop.example.com",
    "https://SHOP.example.com:443/a?b=c&d=%20",
    "https://shop.example.com:8443/",
    "https://shop.example.com./hooks",
    "https://93.184.216.34/",
    "https://[2606:2800:220:1::1]/",
    "https://xn--bcher-kva.example/",
]
BAD = [
    "",
    "shop.example.com",
    "http://shop.example.com/",
    "ftp://shop.example.com/",
    "file:///etc/passwd",
    "gopher://shop.example.com/",
    "https://",
    "https:///path",
    "https://shop",
    "https://localhost/",
    "https://x.localhost/",
    "https://printer.local/",
    "https://metadata.google.internal/",
    "https://user@shop.example.com/",
    "https://user:word@shop.example.com/",
    "https://@shop.example.com/",
    "https://shop.example.com@evil.example/",
    "https://shop.example.com\\@127.0.0.1/",
    "https://shop.example.com/#part",
    "https://shop.example.com:80/",
    "https://shop.example.com:22/",
    "https://shop.example.com:0/",
    "https://shop.example.com:99999/",
    "https://shop.example.com:x/",
    "https://shop.example.com/ path",
    "https://shop.example.com/\r\nX: y",
    "https://shop.example.com/\x00",
    "https://shöp.example.com/",
    "https://shop.example.com/ü",
    "https://shop..example.com/",
    "https://-.example.com:8443:1/",
    "https://127.0.0.1/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0177.0.0.1/",
    "https://0x7f.0.0.1/",
    "https://127.0.0.1./",
    "https://10.0.0.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://[::1]/",
    "https://[::ffff:10.0.0.1]/",
    "https://[fe80::1%25eth0]/",
    "https://[64:ff9b::a00:1]/",
    "https://[not-an-address]/",
    "https://shop.example.com/" + "a" * 2000,
]
OURS = [
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
]
THEIRS = [
    "1.1.1.1",
    "8.8.8.8",
    "93.184.216.34",
    "172.32.0.1",
    "100.128.0.1",
    "2606:4700::1111",
    "2a00:1450::1",
]


@pytest.mark.parametrize("url", GOOD)
def test_an_address_on_the_internet_is_taken(url: str) -> None:
    assert checked(url).scheme == "https"


@pytest.mark.parametrize("url", BAD, ids=range(len(BAD)))
def test_any_other_is_refused_in_words(url: str) -> None:
    with pytest.raises(Refused, match=r"\.$"):
        checked(url)


def test_this_machine_is_for_developers_alone() -> None:
    for url in ("http://localhost:9000/x", "http://127.0.0.1:9000/x", "http://[::1]:9000/x"):
        assert checked(url, local_allowed=True).scheme == "http"
        with pytest.raises(Refused):
            checked(url)
    for url in ("http://shop.example.com/", "http://10.0.0.1/", "https://localhost/", "http://127.0.0.2/"):
        with pytest.raises(Refused):
            checked(url, local_allowed=True)


@pytest.mark.parametrize("text", OURS)
def test_no_request_goes_into_a_network_of_ours_or_of_nobody(text: str) -> None:
    assert not is_public(ip_address(text))


@pytest.mark.parametrize("text", THEIRS)
def test_the_internet_is_open(text: str) -> None:
    assert is_public(ip_address(text))


@pytest.mark.parametrize(
    "answers", [["10.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["2606:4700::1111", "::1"]], ids=str
)
async def test_a_name_that_leads_inside_is_refused_when_it_is_typed(answers: list[str]) -> None:
    async def resolve(host: str) -> list[Address]:
        assert host == "shop.example.com"
        return [ip_address(text) for text in found]

    target = checked("https://shop.example.com./hooks")
    found = ["8.8.8.8"]
    await check_name(target, resolve)
    found = answers
    with pytest.raises(Refused, match="not on the public internet"):
        await check_name(target, resolve)
