"""What outsiders may rely on, read off the code: one line for each field, parameter, frame, code and event."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from api.catalogue import CLOSES, FRAMES, PROBLEMS
from api.v1 import api
from tests.contract.frames import of_sockets
from webhooks.types import TYPES

Json = dict[str, Any]
_MOST_DEEP = 6


def all_facts() -> set[str]:
    """Every promise of version 1."""
    return {*_of_rest(), *of_sockets(), *_of_codes()}


def _of_rest() -> Iterator[str]:
    document: Json = api.get_openapi_schema(path_prefix="")
    for path, methods in document["paths"].items():
        for method, call in methods.items():
            name = f"{method.upper()} {path}"
            for each in call["parameters"]:
                need = "" if each["required"] else ", optional"
                yield f"{name} takes {each['in']} {each['name']}: {_type(document, each['schema'])}{need}"
            body = (
                call.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
            )
            for field in _fields(document, body, "optional"):
                yield f"{name} takes body {field}"
            for status, answer in call["responses"].items():
                shape = answer.get("content", {}).get("application/json", {}).get("schema", {})
                if status != "default":
                    yield f"{name} answers {status}"
                    for field in _fields(document, shape, "sometimes"):
                        yield f"{name} answers {status} {field}"


def _of_codes() -> Iterator[str]:
    for status, codes in PROBLEMS.items():
        for code in codes:
            yield f"problem {status} {code}"
    for code in FRAMES:
        yield f"error frame {code}"
    for close in CLOSES:
        yield f"close {int(close)}"
    for event in TYPES:
        yield f"webhook event {event}"


def _fields(document: Json, schema: Json, rarely: str, at: str = "", deep: int = 0) -> Iterator[str]:
    """`name: type` of each field below a schema; one that need not be there says so with the word `rarely`."""
    if deep > _MOST_DEEP:
        return
    for shape in _alternatives(document, schema):
        if shape.get("type") == "array":
            yield from _fields(document, shape.get("items", {}), rarely, f"{at}[]", deep + 1)
        needed = shape.get("required", [])
        for name, field in shape.get("properties", {}).items():
            here = f"{at}.{name}".removeprefix(".")
            yield f"{here}: {_type(document, field)}" + ("" if name in needed else f", {rarely}")
            yield from _fields(document, field, rarely, here, deep + 1)


def _type(document: Json, schema: Json) -> str:
    kinds = {_kind(shape) for shape in _alternatives(document, schema)}
    return " or ".join(sorted(kinds - {"null"}) + sorted(kinds & {"null"}))


def _kind(shape: Json) -> str:
    values = shape.get("enum") or ([shape["const"]] if "const" in shape else [])
    if values and shape.get("type") != "boolean":
        return "|".join(sorted(str(value) for value in values))
    return str(shape.get("type", "anything"))


def _alternatives(document: Json, schema: Json) -> Iterator[Json]:
    """The schemas, none of them a mere reference, of which one holds."""
    if "$ref" in schema:
        found: Any = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        yield from _alternatives(document, found)
    elif branches := schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf"):
        for each in branches:
            yield from _alternatives(document, each)
    else:
        yield schema
