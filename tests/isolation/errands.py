"""Requests over HTTP, of every kind of caller, while the sockets talk.

All workspaces share two HTTP clients, one a web process: requests for different hosts go over the same connections,
one after the other, as they do behind a proxy.
"""

from __future__ import annotations

import asyncio
import logging
import random
import re
from collections import defaultdict
from collections.abc import Awaitable, Callable
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpx

from tests.isolation.traces import Ledger
from tests.personas import Workspace
from tests.plain_http import NO_TLS

FORM_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
# What is sent and never waited for.
CANCELLED = "cancelled"
TRY_AGAIN = 503
MOST_SETBACKS = 10


class Web:
    """The web processes, and the few connections to them that everybody shares."""

    def __init__(self, ports: tuple[int, ...]) -> None:
        self.ports = ports
        self.opening = asyncio.Semaphore(40)
        logging.getLogger("httpx").setLevel(logging.WARNING)  # it tells of every request
        self._clients = [
            httpx.AsyncClient(
                base_url=f"http://127.0.0.1:{port}",
                timeout=60,
                verify=NO_TLS,
                # Given up well before the server does it: a request must not meet a connection that is just closing.
                limits=httpx.Limits(max_connections=6, keepalive_expiry=0.5),
                # One jar for all would hand each workspace the others' cookies.
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            )
            for port in ports
        ]

    async def ask(
        self, workspace: Workspace, method: str, path: str, headers: dict[str, str], **options: Any
    ) -> httpx.Response:
        process = random.randrange(len(self.ports))
        host = {"Host": f"{workspace.host}:{self.ports[process]}"}
        return await self._clients[process].request(method, path, headers=host | headers, **options)

    async def ask_and_go(
        self, workspace: Workspace, path: str, headers: dict[str, str], body: str = ""
    ) -> None:
        """Send a request and be gone at some moment of its being answered."""
        port = random.choice(self.ports)
        lines = [f"{'POST' if body else 'GET'} {path} HTTP/1.1", f"Host: {workspace.host}:{port}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}", "", body]
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write("\r\n".join(lines).encode())
        await writer.drain()
        # Not waiting for anything: any moment is a good one to go.
        await asyncio.sleep(random.uniform(0, 0.03))
        writer.transport.abort()

    async def close(self) -> None:
        for client in self._clients:
            await client.aclose()


class Errands:
    """What the people of one workspace ask for over HTTP; every answer goes into the ledger."""

    def __init__(self, web: Web, workspace: Workspace, ledger: Ledger) -> None:
        self.web, self.workspace, self.ledger = web, workspace, ledger
        self.key = bearer(workspace.secret)
        self.staff: dict[str, str] = {}
        self.guests: set[str] = set()
        self.setbacks = 0
        # By room: the client_ids that were acknowledged, with the numbers they were given.
        self.acknowledged: defaultdict[str, dict[str, int]] = defaultdict(dict)
        self.origin = f"https://{workspace.slug}.example"

    async def ask(
        self, status: int, method: str, path: str, headers: dict[str, str] | None = None, **options: Any
    ) -> httpx.Response:
        """Make a request, which must be answered with `status`."""
        answer = await self._answer(method, path, headers or {}, **options)
        where = f"{method} {path}"
        self.ledger.note(where, f"{answer.headers} {answer.text}")
        assert answer.status_code == status, (
            self.workspace.slug,
            where,
            answer.status_code,
            answer.text[:500],
        )
        return answer

    async def _answer(
        self, method: str, path: str, headers: dict[str, str], **options: Any
    ) -> httpx.Response:
        """As a client does, ask again where a machine that is too busy says that it was its fault."""
        while True:
            answer = await self.web.ask(self.workspace, method, path, headers, **options)
            if answer.status_code != TRY_AGAIN or self.setbacks >= MOST_SETBACKS:
                return answer
            self.setbacks += 1
            await asyncio.sleep(random.uniform(0.1, 0.5))

    async def api(self, status: int, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """A call of the API, with the workspace's key unless told otherwise; the answer's JSON."""
        answer = await self.ask(status, method, f"/api/v1/{path}", headers or self.key, json=body)
        return answer.json() if answer.content else None

    async def sign_in(self, handoff: str) -> None:
        """Take the one step in that follows a sign-up."""
        answer = await self.ask(302, "GET", f"/login/?handoff={handoff}")
        page = await self.ask(
            200, "GET", "/console/", {"Cookie": f"snug_session={answer.cookies['snug_session']}"}
        )
        cookies = {"snug_session": answer.cookies["snug_session"], "snug_csrf": page.cookies["snug_csrf"]}
        self.staff = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}

    async def send_form(self, status: int, page: str, path: str, **fields: str) -> None:
        """Load a page and send one of its forms, as staff."""
        token = FORM_TOKEN.search((await self.ask(200, "GET", page, self.staff)).text)
        assert token is not None
        await self.ask(status, "POST", path, self.staff, data={"csrfmiddlewaretoken": token[1], **fields})

    async def forget_the_password(self) -> None:
        """Ask for a link by mail: a job for the worker."""
        page = await self.ask(200, "GET", "/login/forgot/")
        token = FORM_TOKEN.search(page.text)
        assert token is not None
        form = {"csrfmiddlewaretoken": token[1], "email": self.workspace.owner_email}
        cookie = {"Cookie": f"snug_csrf={page.cookies['snug_csrf']}"}
        await self.ask(302, "POST", "/login/forgot/", cookie, data=form)

    async def admit_guest(self) -> str:
        """A new guest's token, used once: only then do they exist."""
        guest = await self.api(
            201, "POST", "guests", {"name": f"Visitor of {self.workspace.slug}"}, Accept="*/*"
        )
        self.guests.add(guest["sub"])
        await self.api(200, "GET", "rooms", **bearer(guest["token"]))
        return str(guest["token"])

    async def ticket(self, sub: str) -> str:
        return str((await self.api(201, "POST", "tickets", {"sub": sub}))["ticket"])

    async def post(self, room: str, client_id: str, **headers: str) -> None:
        text = f"{self.workspace.slug}: {client_id} over HTTP"
        said = await self.api(
            201, "POST", f"rooms/{room}/messages", {"message": text, "client_id": client_id}, **headers
        )
        assert said["message"] == text
        self.acknowledged[room][client_id] = said["seq"]


def bearer(credential: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {credential}"}


def everything(errands: Errands, mallory: Errands) -> list[Callable[[], Awaitable[Any]]]:
    """A workspace's errands, to be made in any order. Mallory's are those of a neighbour who tries her credentials."""
    ask, api, slug = errands.ask, errands.api, errands.workspace.slug
    bob, carl = bearer(errands.workspace.token("bob")), bearer(errands.workspace.token("carl"))
    leave = errands.web.ask_and_go
    lost = f'{{"message": "{slug} is gone", "client_id": "{CANCELLED}-%d"}}'
    return [
        *(
            lambda room=room: api(200, "GET", f"rooms/{room}/messages?limit=100")
            for room in ("general", "board")
        ),
        *(
            lambda path=path: ask(200, "GET", path)
            for path in ("/", "/chat/", "/widget.js", "/login/", "/chat/?embed=1")
        ),
        *(lambda path=path: ask(200, "GET", path, errands.staff) for path in ("/console/", "/console/live/")),
        *(lambda n=n: errands.post("general", f"rest-{n}") for n in range(2)),
        *(lambda n=n: errands.post("board", f"rest-bob-{n}", **bob) for n in range(2)),
        *(
            lambda path=path: leave(errands.workspace, path, errands.staff)
            for path in ("/console/", "/chat/")
        ),
        *(
            lambda n=n: leave(errands.workspace, "/api/v1/rooms/lounge/messages", errands.key, lost % n)
            for n in range(2)
        ),
        lambda: leave(errands.workspace, "/api/v1/rooms/general/messages", carl),
        lambda: api(200, "GET", "rooms"),
        lambda: api(200, "GET", "rooms", **carl),
        lambda: ask(200, "GET", "/api/v1/rooms", errands.staff),
        lambda: api(200, "GET", "rooms/general/members"),
        lambda: api(200, "GET", "rooms/lounge/messages", **carl),
        lambda: api(403, "GET", "rooms/board/messages", **carl),
        lambda: api(404, "GET", "rooms/nowhere/messages"),
        lambda: api(201, "PUT", "rooms/general/members/erin", {"role": "moderator"}),
        lambda: api(201, "POST", "rooms", {"name": "annex", "kind": "private", "title": f"Annex of {slug}"}),
        lambda: api(409, "POST", "rooms", {"name": "board", "kind": "private"}),
        lambda: api(422, "POST", "rooms", {"name": "no room"}),
        lambda: api(201, "POST", "tokens", {"sub": "bob", "name": f"Bob of {slug}"}),
        lambda: errands.send_form(
            302,
            "/console/",
            "/console/rooms/",
            **{"room-name": "den", "room-title": f"Den of {slug}", "room-kind": "public"},
        ),
        lambda: errands.send_form(302, "/console/", "/console/origins/", origins=errands.origin),
        errands.forget_the_password,
        errands.admit_guest,
        lambda: api(401, "GET", "rooms", **mallory.key),
        lambda: api(401, "GET", "rooms/general/messages", **bearer(mallory.workspace.token("bob"))),
        lambda: ask(302, "GET", "/console/", mallory.staff),
        lambda: ask(401, "GET", "/api/v1/rooms", mallory.staff),
    ]
