"""The JSON API under `/v1/`: from a request to an answer."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from stripe_stand_in import API_VERSION, Json, ids, parameters, routing
from stripe_stand_in.account import Account
from stripe_stand_in.errors import ApiError, BadParameters
from stripe_stand_in.faults import Faults
from stripe_stand_in.idempotency import Answer, Keys
from stripe_stand_in.objects import includable
from stripe_stand_in.rendering import Expander
from stripe_stand_in.web import Request, Response

_VERSION: Final = re.compile(r"\d{4}-\d\d-\d\d(\.[a-z_]+)?\Z")


@dataclass
class Api:
    """Answers calls one after the other: every call is one transaction."""

    account: Account
    keys: Keys
    faults: Faults
    routes: tuple[routing.Route, ...]

    async def answer(self, request: Request) -> Response:
        request_id = ids.new("req", 14)
        headers = {"request-id": request_id, "stripe-version": API_VERSION}
        key = request.headers.get("idempotency-key", "") if request.method == "POST" else ""
        if key:
            headers["idempotency-key"] = key
        try:
            answer, replayed = await self._answer(request, request_id, key, headers)
        except ApiError as refused:
            answer, replayed = Answer(refused.status, _json(_told(refused, request_id)), request_id), False
        if replayed:
            headers |= {"idempotent-replayed": "true", "original-request": answer.request}
        return Response(answer.status, answer.body, "application/json", headers)

    async def _answer(
        self, request: Request, request_id: str, key: str, headers: dict[str, str]
    ) -> tuple[Answer, bool]:
        _authenticate(request.headers)
        version = request.headers.get("stripe-version", API_VERSION)
        if not _VERSION.match(version):
            raise ApiError(f"Invalid Stripe API version: {version}")
        headers["stripe-version"] = version
        params = parameters.decode(request.query)
        if request.method == "POST" or request.body:
            params |= parameters.decode(request.text)
        if key and (before := self.keys.replay(key, request.path, params)):
            return before, True
        fault = self.faults.take(request.method, request.path)
        self.keys.begin(key)
        try:
            if fault is not None and fault.seconds:
                await asyncio.sleep(fault.seconds)
            if fault is not None and fault.status and not fault.after:
                raise _server_error(fault.status)
            answer = self._work(request, params, request_id, key)
        finally:
            self.keys.end(key)
        if fault is not None and fault.status and fault.after:
            raise _server_error(fault.status)
        return answer, False

    def _work(self, request: Request, params: Json, request_id: str, key: str) -> Answer:
        route, found = routing.find(self.routes, request.method, request.path)
        call = parameters.Call(request.path, found, route.shape(params))
        expand = call.params.pop("expand", [])
        self.account.request = {"id": request_id, "idempotency_key": key or None}
        try:
            answer = self._run(route, call, expand, request_id)
        finally:
            self.account.request = {"id": None, "idempotency_key": None}
        if key:
            self.keys.keep(key, request.path, params, answer)
        return answer

    def _run(self, route: routing.Route, call: parameters.Call, expand: list[str], request_id: str) -> Answer:
        storage = self.account.storage
        kept: ApiError | None = None
        try:
            with storage.transaction():
                try:
                    made = route.handler(self.account, call)
                    shown = Expander(storage, includable(self.account)).expand(made, expand)
                except ApiError as refused:
                    if not refused.keeps_changes:
                        raise
                    kept = refused
        except BadParameters:
            raise
        except ApiError as refused:
            return Answer(refused.status, _json(_told(refused, request_id)), request_id)
        if kept is not None:
            return Answer(kept.status, _json(_told(kept, request_id)), request_id)
        return Answer(200, _json(shown), request_id)


def _authenticate(headers: Mapping[str, str]) -> None:
    """Any secret test key will do; a live one is refused, so that none ever ends up in the stand-in's hands unseen."""
    scheme, _, key = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            key = base64.b64decode(key).decode().partition(":")[0]
        except ValueError:
            key = "?"
    if not key:
        raise ApiError(
            "You did not provide an API key. You need to provide your API key in the Authorization header, using"
            " Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
            status=401,
        )
    if not re.match(r"(sk|rk)_test_\w+\Z", key):
        raise ApiError(f"Invalid API Key provided: {key[:8]}{'*' * 8}{key[-4:]}", status=401)


def _server_error(status: int) -> ApiError:
    message = "An unknown error occurred (the stand-in was asked for it)."
    return ApiError(message, status=status, type_="rate_limit_error" if status == 429 else "api_error")


def _told(refused: ApiError, request_id: str) -> Json:
    url = f"https://dashboard.stripe.com/test/logs/{request_id}"
    return {"error": {**refused.error, "request_log_url": url}}


def _json(value: Json) -> str:
    return json.dumps(value, indent=2)
