"""The ASGI application: the API, the control API, the pages; and what runs beside them."""

from __future__ import annotations

import asyncio
import json
import traceback
from contextlib import suppress
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path

from stripe_stand_in import pages, web
from stripe_stand_in.account import Account
from stripe_stand_in.api import Api
from stripe_stand_in.control import Control
from stripe_stand_in.faults import Faults
from stripe_stand_in.idempotency import Keys
from stripe_stand_in.objects import portal_configuration, routes, webhook_endpoint
from stripe_stand_in.rules import Rules
from stripe_stand_in.storage import Storage
from stripe_stand_in.timekeeping import Timekeeper
from stripe_stand_in.web import Receive, Request, Response, Scope, Send
from stripe_stand_in.webhooks import Deliverer


@dataclass(frozen=True)
class Options:
    """How the stand-in is started. Without a webhook URL events are kept, and sent to registered endpoints alone."""

    data_dir: Path
    public_url: str
    webhook_url: str = ""
    webhook_secret: str = ""


class App:
    """One stand-in."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self.account = Account(Storage(options.data_dir / "stripe.sqlite3"), options.public_url)
        rules, faults = Rules(self.account), Faults()
        self._api = Api(self.account, Keys(self.account.storage), faults, routes())
        self._deliverer = Deliverer(self.account, rules)
        self._timekeeper = Timekeeper(self.account)
        self._control = Control(self.account, faults, rules, self._deliverer, self.prepare)
        self._bells = (asyncio.Event(), asyncio.Event())
        self._tasks: list[asyncio.Task[None]] = []
        self.prepare()

    def prepare(self) -> None:
        """What an account has before anybody asks: the endpoint of the command line, a portal configuration."""
        options = self._options
        with self.account.storage.transaction():
            self.account.storage.delete(webhook_endpoint.BY_FLAG)
            if options.webhook_url:
                webhook_endpoint.make(
                    self.account, options.webhook_url, options.webhook_secret, ["*"], webhook_endpoint.BY_FLAG
                )
            portal_configuration.ensure_default(self.account)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            answer = await self._answer(await web.read(scope, receive))
            await web.write(answer, send, formatdate(self.account.now(), usegmt=True))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close"})

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                work = (self._timekeeper.run(self._bells[0], self._ring), self._deliverer.run(self._bells[1]))
                self._tasks = [asyncio.create_task(one) for one in work]
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                for task in self._tasks:
                    task.cancel()
                    with suppress(asyncio.CancelledError):
                        await task
                await self._deliverer.client.aclose()
                self.account.storage.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    def _ring(self) -> None:
        """Something may be due."""
        for bell in self._bells:
            bell.set()

    async def _answer(self, request: Request) -> Response:
        try:
            if request.path.startswith("/v1/"):
                return await self._api.answer(request)
            if request.path.startswith("/_control"):
                return await self._control.answer(request)
            return pages.answer(self.account, request)
        except Exception:
            traceback.print_exc()
            error = {"error": {"type": "api_error", "message": "A fault of the stand-in: see its log."}}
            return Response(500, json.dumps(error), "application/json")
        finally:
            self._ring()
