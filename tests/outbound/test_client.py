"""Requests to strangers: to exactly the address that was checked, under the name that was asked for."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_address
from pathlib import Path

import pytest

from ops.containers import certificate
from outbound import Client, Failed
from outbound.addresses import Address, is_public

# Stands for a public address: nothing else is permitted in these tests, and nobody else listens there.
PUBLIC, INSIDE = ip_address("127.0.0.2"), ip_address("127.0.0.1")
Serve = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


async def fine(request: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")


class Server:
    """A TLS server for hook.example, on every address of this machine; `seen` says who came, and where."""

    def __init__(self, folder: Path) -> None:
        certificate.make(folder, "hook.example")
        self.chain = folder / certificate.CHAIN
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.context.load_cert_chain(self.chain, folder / certificate.KEY)
        self.context.sni_callback = lambda wire, name, context: self.names.append(name)
        self.names: list[str | None] = []
        self.seen: list[tuple[str, bytes]] = []
        self.answer: Serve = fine
        self.port = 0

    @property
    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.chain))

    @property
    def url(self) -> str:
        return f"https://hook.example:{self.port}/in?a=b"

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.seen.append((writer.get_extra_info("sockname")[0], head))
            await self.answer(head, writer)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    made = Server(tmp_path)
    listening = await asyncio.start_server(made.handle, "0.0.0.0", 0, ssl=made.context)
    made.port = listening.sockets[0].getsockname()[1]
    yield made
    listening.close()


class Names:
    """A resolver that says something else each time, as an attacker's does."""

    def __init__(self, *answers: list[Address]) -> None:
        self.answers, self.asked = list(answers), 0

    async def __call__(self, host: str) -> list[Address]:
        self.asked += 1
        return self.answers[min(self.asked, len(self.answers)) - 1]


@asynccontextmanager
async def client(server: Server, names: Names) -> AsyncIterator[Client]:
    made = Client(resolve=names, permit=lambda address: address == PUBLIC, trust=server.trust)
    yield made
    await made.close()


async def test_the_request_goes_to_the_address_that_was_checked_under_its_name(server: Server) -> None:
    names = Names([PUBLIC], [INSIDE])
    async with client(server, names) as outside:
        answer = await outside.post(server.url, [("x-one", "1")], b'{"a":1}')
    assert (answer.status, answer.body) == (200, "ok")
    assert names.asked == 1
    ((address, head),) = server.seen
    assert address == str(PUBLIC)
    assert server.names == ["hook.example"]
    assert head.startswith(b"POST /in?a=b HTTP/1.1\r\n")
    assert f"Host: hook.example:{server.port}\r\n".encode() in head
    assert b"x-one: 1\r\n" in head


async def test_a_name_that_is_rebound_between_two_requests_leads_nowhere(server: Server) -> None:
    async with client(server, Names([PUBLIC], [INSIDE])) as outside:
        assert (await outside.post(server.url, [], b"")).status == 200
        with pytest.raises(Failed, match="not on the public internet"):
            await outside.post(server.url, [], b"")
    assert [address for address, _ in server.seen] == [str(PUBLIC)]


async def test_one_inner_address_among_good_ones_is_enough_to_refuse(server: Server) -> None:
    async with client(server, Names([PUBLIC, INSIDE])) as outside:
        with pytest.raises(Failed, match="not on the public internet"):
            await outside.post(server.url, [], b"")
    assert server.seen == []


async def test_the_real_rule_refuses_this_machine(server: Server) -> None:
    outside = Client(resolve=Names([INSIDE]), permit=is_public, trust=server.trust)
    for url in (server.url, f"https://127.0.0.1:{server.port}/", f"http://127.0.0.1:{server.port}/"):
        with pytest.raises(Failed):
            await outside.post(url, [], b"")
    await outside.close()
    assert server.seen == []


async def test_a_certificate_for_another_name_is_not_enough(server: Server) -> None:
    async with client(server, Names([PUBLIC])) as outside:
        with pytest.raises(Failed, match="certificate"):
            await outside.post(server.url.replace("hook.example", "bank.test"), [], b"")
    assert server.seen == []


async def test_a_certificate_that_nobody_signed_is_not_enough(server: Server) -> None:
    outside = Client(resolve=Names([PUBLIC]), permit=lambda address: True)
    with pytest.raises(Failed, match="certificate"):
        await outside.post(server.url, [], b"")
    await outside.close()
    assert server.seen == []


async def test_a_redirect_is_an_answer_and_is_not_followed(server: Server) -> None:
    async def elsewhere(request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 307 Go\r\nLocation: https://127.0.0.1/\r\nContent-Length: 0\r\n\r\n")

    server.answer = elsewhere
    async with client(server, Names([PUBLIC])) as outside:
        answer = await outside.post(server.url, [], b"")
    assert (answer.status, dict(answer.headers)["location"]) == (307, "https://127.0.0.1/")
    assert len(server.seen) == 1


async def test_an_endless_answer_is_cut(server: Server) -> None:
    async def endless(request: bytes, writer: asyncio.StreamWriter) -> None:
        many = b"".join(b"x-%d: %s\r\n" % (n, b"v" * 100) for n in range(90))
        writer.write(b"HTTP/1.1 200 OK\r\n" + many + b"\r\n")
        while True:
            writer.write(b"\x00\xff" * 4096)
            await writer.drain()

    server.answer = endless
    async with client(server, Names([PUBLIC])) as outside:
        answer = await outside.post(server.url, [], b"", within=5)
    assert len(answer.body) == 4096
    assert "\x00" not in answer.body
    assert 0 < sum(len(name) + len(value) for name, value in answer.headers) <= 4096


@pytest.mark.parametrize("drip", [False, True])
async def test_whoever_never_answers_or_never_ends_costs_the_time_allowed(server: Server, drip: bool) -> None:
    async def slowly(request: bytes, writer: asyncio.StreamWriter) -> None:
        while True:
            if drip:
                writer.write(b"H" if len(server.seen) > 1 else b" ")
                await writer.drain()
            await asyncio.sleep(0.05)

    server.answer = slowly
    async with client(server, Names([PUBLIC])) as outside:
        began = time.monotonic()
        with pytest.raises(Failed):
            await outside.post(server.url, [], b"", within=0.5)
        assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    "said", [b"nonsense\r\n\r\n", b"", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"], ids=len
)
async def test_nonsense_is_a_failure_in_words(server: Server, said: bytes) -> None:
    async def nonsense(request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(said)

    server.answer = nonsense
    async with client(server, Names([PUBLIC])) as outside:
        with pytest.raises(Failed, match="connection failed"):
            await outside.post(server.url, [], b"")
