"""One POST to an address that a customer chose.

The name is looked up once, every address it has is checked, and the connection goes to the very address that was
checked: a name that answers differently a moment later (DNS rebinding) gains nothing. TLS checks the certificate
against the name. No redirect is followed, no proxy asked, no cookie kept.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import dns.asyncresolver
import dns.exception
import httpcore
from httpcore import AsyncNetworkBackend, AsyncNetworkStream

from outbound import addresses, urls
from outbound.addresses import Address

CONNECT_TIMEOUT: Final = 3.0
WHOLE_TIMEOUT: Final = 10.0
# What is kept of an answer, in bytes; the rest is not read.
MOST_KEPT: Final = 4096

Headers = Sequence[tuple[str, str]]
Resolve = Callable[[str], Awaitable[Sequence[Address]]]
Permit = Callable[[Address], bool]


class Failed(Exception):
    """No answer came; the text says why, in words for the customer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered: headers cut to MOST_KEPT bytes, and the body too unless more was asked for."""

    status: int
    headers: list[tuple[str, str]]
    body: str


class _Forbidden(httpcore.ConnectError):
    """The name leads where no request of a customer's may go."""


async def look_up(host: str) -> list[Address]:
    """A name's addresses, by DNS alone: no hosts file and no search domain of this machine counts.

    Raises Failed. No thread waits with it: names whose servers never answer keep nobody else waiting.
    """
    try:
        resolver = dns.asyncresolver.Resolver()
        resolver.lifetime = CONNECT_TIMEOUT
        found = await resolver.resolve_name(f"{host}.", search=False)
    except dns.exception.DNSException as error:
        raise Failed(f"The name {host} could not be resolved ({type(error).__name__}).") from None
    known = [addresses.literal(str(text)) for text in found.addresses()]
    return [address for address in known if address is not None]


async def check_name(
    target: urls.Target, resolve: Resolve = look_up, permit: Permit = addresses.is_public
) -> None:
    """Refuse a name that leads into a network of ours as it stands now. Raises urls.Refused.

    A courtesy to whoever types it: what counts is each request. A name that is not known yet may be so later.
    """
    if target.scheme == "http" or addresses.literal(target.host) is not None:
        return
    try:
        found = await resolve(target.host)
    except Failed:
        return
    if not all(permit(each) for each in found):
        raise urls.Refused(f"{target.host} leads to an address that is not on the public internet.")


class _Guard(AsyncNetworkBackend):
    """Opens connections for httpcore, to checked addresses alone."""

    def __init__(self, resolve: Resolve, permit: Permit, *, local_allowed: bool) -> None:
        self._resolve, self._permit, self._local_allowed = resolve, permit, local_allowed
        self._wire = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        fault: Exception = httpcore.ConnectError("the name has no address")
        async with asyncio.timeout(timeout):
            for address in await self._addresses(host):
                try:
                    return await self._wire.connect_tcp(address, port, timeout, None, socket_options)
                except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                    fault = error
        raise fault

    async def _addresses(self, host: str) -> list[str]:
        if self._local_allowed and host in ("localhost", "127.0.0.1", "::1"):
            return ["127.0.0.1"] if host == "localhost" else [host]
        address = addresses.literal(host)
        found = [address] if address is not None else await self._resolve(host)
        # One bad address among good ones is no oversight of an honest server's.
        if not all(self._permit(each) for each in found):
            raise _Forbidden(f"{host} leads to an address that is not on the public internet.")
        return [str(each) for each in found]

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        raise _Forbidden("no sockets of this machine")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Client:
    """For one event loop; connections are kept for a few seconds. `close` it at the end."""

    def __init__(
        self,
        *,
        local_allowed: bool = False,
        resolve: Resolve = look_up,
        permit: Permit = addresses.is_public,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self._local_allowed = local_allowed
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=trust or ssl.create_default_context(),
            max_connections=None,
            max_keepalive_connections=200,
            keepalive_expiry=10.0,
            network_backend=_Guard(resolve, permit, local_allowed=local_allowed),
        )

    async def post(
        self,
        url: str,
        headers: Headers,
        body: bytes,
        *,
        within: float = WHOLE_TIMEOUT,
        most: int = MOST_KEPT,
    ) -> Answer:
        """Send it, and read the first `most` bytes of the answer; `within` seconds for all. Raises Failed."""
        try:
            target = urls.checked(url, local_allowed=self._local_allowed)
            async with asyncio.timeout(within):
                return await self._exchange(target, headers, body, within, most)
        except urls.Refused as refused:
            raise Failed(str(refused)) from None
        except _Forbidden as error:
            raise Failed(str(error)) from None
        except (TimeoutError, httpcore.TimeoutException):
            connecting = f", or no connection within {CONNECT_TIMEOUT:g}" if within > CONNECT_TIMEOUT else ""
            raise Failed(f"No answer within {within:g} seconds{connecting}.") from None
        except (httpcore.NetworkError, httpcore.ProtocolError, ssl.SSLError, OSError) as error:
            raise Failed(_in_words(error)) from None

    async def close(self) -> None:
        """End the connections that are kept."""
        await self._pool.aclose()

    async def _exchange(
        self, target: urls.Target, headers: Headers, body: bytes, within: float, most: int
    ) -> Answer:
        timeout = {"connect": CONNECT_TIMEOUT, "read": within, "write": within, "pool": within}
        url = httpcore.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.path)
        named = [("Host", target.authority), *headers]
        async with self._pool.stream(
            "POST", url, headers=named, content=body, extensions={"timeout": timeout}
        ) as response:
            kept = bytearray()
            async for piece in response.aiter_stream():
                kept += piece
                if len(kept) >= most:
                    break
            return Answer(response.status, _kept_headers(response.headers), _text(bytes(kept[:most])))


def _kept_headers(headers: Sequence[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    kept, left = [], MOST_KEPT
    for name, value in headers:
        left -= len(name) + len(value)
        if left < 0:
            break
        kept.append((name.decode("latin-1").lower(), value.decode("latin-1")))
    return kept


def _text(body: bytes) -> str:
    """As it can be stored and shown: UTF-8, and no NUL."""
    return body.decode(errors="replace").replace("\x00", "�")


def _in_words(error: Exception) -> str:
    said = str(error) or type(error).__name__
    return f"The connection failed: {said[:300]}".replace("\x00", "�")
