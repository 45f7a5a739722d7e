"""The control API under `/_control/`: what a test or a developer may do that Stripe lets nobody do. Loopback only."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final
from urllib.parse import urlsplit

from stripe_stand_in import Json, cards
from stripe_stand_in.account import Account
from stripe_stand_in.billing import standing
from stripe_stand_in.errors import ApiError
from stripe_stand_in.faults import Fault, Faults
from stripe_stand_in.rendering import plain
from stripe_stand_in.rules import ACTIONS, Rules
from stripe_stand_in.timekeeping import advancing, time_is_told
from stripe_stand_in.web import Request, Response
from stripe_stand_in.webhooks import Deliverer

_LOCAL: Final = ("127.0.0.1", "::1", "localhost")
_WAIT: Final = 30.0


@dataclass
class Control:
    """Each call is a function by method and path."""

    account: Account
    faults: Faults
    rules: Rules
    deliverer: Deliverer
    prepare: Callable[[], None]

    async def answer(self, request: Request) -> Response:
        try:
            _only_local(request)
            given = json.loads(request.body or b"{}")
            for (method, pattern), call in self._calls().items():
                match = re.fullmatch(pattern, request.path.removeprefix("/_control").rstrip("/"))
                if match and method == request.method:
                    return _answer(200, await call(given | request.asked, *match.groups()))
            raise ApiError(f"There is no {request.method} {request.path}.", status=404)
        except ApiError as refused:
            return _answer(refused.status, refused.body)
        except (KeyError, TypeError, ValueError) as error:
            return _answer(400, {"error": {"message": f"{type(error).__name__}: {error}"}})

    def _calls(self) -> Mapping[tuple[str, str], Callable[..., Awaitable[Any]]]:
        return {
            ("GET", ""): self._state,
            ("POST", "/reset"): self._reset,
            ("POST", "/settle"): self._settle,
            ("POST", "/time"): self._time,
            ("POST", "/settings"): self._settings,
            ("POST", "/faults"): self._add_fault,
            ("DELETE", "/faults"): self._clear_faults,
            ("POST", "/customers/([^/]+)/cards"): self._cards,
            ("POST", "/rules"): self._add_rule,
            ("GET", "/rules"): self._rules,
            ("DELETE", "/rules"): self._clear_rules,
            ("GET", "/deliveries"): self._deliveries,
            ("POST", "/deliveries/release"): self._release,
            ("POST", "/deliveries/flush"): self._flush,
            ("POST", "/events/([^/]+)/resend"): self._resend,
            ("DELETE", "/events"): self._forget_events,
            ("POST", "/forge"): self._forge,
        }

    async def _state(self, given: Json) -> Json:
        waiting = len(self.faults.waiting)
        return {"ok": True, "now": self.account.now(), "offset": self.account.offset, "faults": waiting}

    async def _reset(self, given: Json) -> Json:
        """Everything is forgotten: objects, events, keys, settings, rules, faults."""
        self.account.storage.empty()
        self.faults.waiting.clear()
        self.prepare()
        return {"ok": True}

    async def _settle(self, given: Json) -> Json:
        """Answers when no clock advances, nothing is due and every delivery that is due was tried; 504 otherwise."""
        until = time.monotonic() + float(given.get("timeout", _WAIT))
        while self._busy():
            if time.monotonic() > until:
                raise ApiError("Something is still under way.", status=504)
            await asyncio.sleep(0.01)
        return {"ok": True}

    def _busy(self) -> bool:
        due = self.account.agenda.first(None, self.account.now()) is not None
        moving = bool(advancing(self.account)) or not time_is_told(self.account)
        return due or moving or self.deliverer.unfinished() > 0

    async def _time(self, given: Json) -> Json:
        """Moves the real timeline ahead by seconds; what is due on the way is done in the background."""
        ahead = int(given["advance"])
        if ahead < 0:
            raise ApiError("Time cannot go back.")
        self.account.storage.set("time", {"offset": self.account.offset + ahead})
        return await self._state({})

    async def _settings(self, given: Json) -> Json:
        known = set(standing.DUNNING)
        if unknown := set(given) - known - {"webhook_pauses"}:
            raise ApiError(f"Unknown settings: {', '.join(sorted(unknown))}.")
        if given.get("after_retries", "cancel") not in ("cancel", "unpaid", "past_due"):
            raise ApiError("after_retries is cancel, unpaid or past_due.")
        dunning = {name: given[name] for name in known & set(given)}
        self.account.storage.set("dunning", standing.dunning(self.account) | dunning)
        if "webhook_pauses" in given:
            self.account.storage.set("webhooks", {"pauses": [float(one) for one in given["webhook_pauses"]]})
        return standing.dunning(self.account)

    async def _add_fault(self, given: Json) -> Json:
        allowed = {one.name for one in fields(Fault)}
        if unknown := set(given) - allowed:
            raise ApiError(f"Unknown: {', '.join(sorted(unknown))}.")
        self.faults.waiting.append(Fault(**given))
        return {"waiting": len(self.faults.waiting)}

    async def _clear_faults(self, given: Json) -> Json:
        self.faults.waiting.clear()
        return {"waiting": 0}

    async def _cards(self, given: Json, customer: str) -> Json:
        """Every charge of a customer fails from now on, whatever the card; or no longer."""
        self.account.get("customer", customer)
        code = given.get("code", "generic_decline")
        if code not in cards.DECLINES:
            raise ApiError(f"code is one of {', '.join(cards.DECLINES)}.")
        self.account.storage.set(f"failing:{customer}", {"code": code} if given["fail"] else {})
        return {"fail": bool(given["fail"])}

    async def _add_rule(self, given: Json) -> Json:
        if given.get("action") not in ACTIONS:
            raise ApiError(f"action is one of {', '.join(ACTIONS)}.")
        if unknown := set(given) - {"action", "types", "customer", "times", "seconds", "count"}:
            raise ApiError(f"Unknown: {', '.join(sorted(unknown))}.")
        if given["action"] == "delay" and "seconds" not in given:
            raise ApiError("A delay needs seconds.")
        if given["action"] == "reorder" and "count" not in given:
            raise ApiError("A reorder needs count: how many events it gathers.")
        return self.rules.add(given)

    async def _rules(self, given: Json) -> list[Json]:
        return self.rules.all()

    async def _clear_rules(self, given: Json) -> list[Json]:
        self.rules.clear()
        return []

    async def _deliveries(self, given: Json) -> list[Json]:
        """Oldest first; `state` and `customer` choose."""
        rows = self.account.storage.database.execute("SELECT * FROM deliveries ORDER BY number").fetchall()
        found = []
        for row in rows:
            event = self.account.storage.find(row["event"]) or {}
            one = {name: row[name] for name in row.keys()} | {"type": event.get("type")}  # noqa: SIM118
            if given.get("state") in (None, row["state"]) and given.get("customer") in (
                None,
                event.get("_customer"),
            ):
                found.append(one)
        return found

    async def _release(self, given: Json) -> list[Json]:
        """Lets what is held go: in the order in which it happened, `reversed`, or by a list of event ids."""
        held = await self._deliveries({"state": "held"})
        order = given.get("order", "kept")
        if order == "reversed":
            held.reverse()
        elif isinstance(order, list):
            held = sorted(
                (one for one in held if one["event"] in order), key=lambda one: order.index(one["event"])
            )
        self.rules.release([one["number"] for one in held])
        return held

    async def _flush(self, given: Json) -> Json:
        """What waits for its next attempt is tried now."""
        self.account.storage.database.execute("UPDATE deliveries SET due = 0 WHERE state = 'pending'")
        return {"ok": True}

    async def _forget_events(self, given: Json) -> Json:
        """As Stripe does after 30 days: events that nothing is to be sent of any more are not to be had again."""
        waiting = "SELECT event FROM deliveries WHERE state IN ('new', 'sending', 'pending', 'held')"
        gone = self.account.storage.database.execute(
            f"DELETE FROM objects WHERE kind = 'event' AND id NOT IN ({waiting})"  # noqa: S608 — no words of others
        )
        return {"forgotten": gone.rowcount}

    async def _resend(self, given: Json, id_: str) -> Json:
        event = self.account.get("event", id_)
        numbers = [
            self.rules.again(event["id"], endpoint["id"], bool(given.get("forge")))
            for _ in range(int(given.get("times", 1)))
            for endpoint in self.account.storage.all("webhook_endpoint")
        ]
        return {"deliveries": numbers}

    async def _forge(self, given: Json) -> list[Json]:
        """Sends an event that never was, signed with a wrong secret; tells what each endpoint answered."""
        event = {
            "id": "evt_forged",
            "object": "event",
            "livemode": False,
            "created": self.account.now(),
        } | given
        answers = []
        for endpoint in self.account.storage.all("webhook_endpoint"):
            answer, taken = await self.deliverer.post(
                plain(endpoint) | endpoint, json.dumps(event), forged=True
            )
            answers.append({"url": endpoint["url"], "answer": answer, "taken": taken})
        return answers


def _only_local(request: Request) -> None:
    """Another machine may not, and neither may a page of another site in a developer's browser."""
    host = urlsplit(f"//{request.headers.get('host', '')}").hostname
    origin = request.headers.get("origin")
    foreign = origin is not None and urlsplit(origin).hostname not in _LOCAL
    if request.client not in _LOCAL or host not in _LOCAL or foreign:
        raise ApiError("The control API answers this machine alone.", status=403)


def _answer(status: int, value: Any) -> Response:
    return Response(status, json.dumps(value, indent=2), "application/json")
