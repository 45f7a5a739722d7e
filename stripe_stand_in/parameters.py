"""Parameters as stripe-python sends them: `items[0][price]=…` in a form or a query, read against what a call takes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from urllib.parse import parse_qsl

from stripe_stand_in import Json
from stripe_stand_in.errors import BadParameters, missing_parameter, unknown_parameter

# Amounts and times are far below; more would not fit where they are kept.
_LARGEST: Final = 10**11
# Intervals, days of a trial.
_MOST: Final = 1095
Reader = Callable[[Any, str], Any]


def decode(form: str) -> Json:
    """Nested dictionaries of strings; a list is a dictionary by index until something reads it as a list."""
    found: Json = {}
    for key, value in parse_qsl(form, keep_blank_values=True):
        head, _, rest = key.partition("[")
        names = [head, *rest.removesuffix("]").split("][")] if rest else [head]
        place = found
        for name in names[:-1]:
            inner = place.setdefault(name, {})
            if not isinstance(inner, dict):
                inner = place[name] = {}
            place = inner
        place[names[-1] or str(len(place))] = value
    return found


def _scalar(value: Any, name: str) -> str:
    if isinstance(value, dict):
        raise BadParameters(f"Invalid string: {value}", code="parameter_invalid_string", param=name)
    return str(value)


def text(value: Any, name: str) -> str | None:
    """The empty string unsets, as in Stripe's API."""
    return _scalar(value, name) or None


def url(value: Any, name: str) -> str | None:
    """An address that a browser may be sent to."""
    found = text(value, name)
    if found is not None and not re.match(r"https?://[^/\s]", found):
        raise BadParameters("Not a valid URL", code="url_invalid", param=name)
    return found


def integer(value: Any, name: str) -> int:
    try:
        found = int(_scalar(value, name))
    except ValueError:
        found = _LARGEST
    if abs(found) >= _LARGEST:
        raise BadParameters(f"Invalid integer: {value}", code="parameter_invalid_integer", param=name)
    return found


def natural(value: Any, name: str) -> int:
    """A whole number that is not below zero, as quantities and prices are."""
    found = integer(value, name)
    if found < 0:
        raise BadParameters("This value must be greater than or equal to 0.", param=name)
    return found


def count(value: Any, name: str) -> int:
    """A whole number from 1 on."""
    found = integer(value, name)
    if not 1 <= found <= _MOST:
        message = f"This value must be between 1 and {_MOST}."
        raise BadParameters(message, code="parameter_invalid_integer", param=name)
    return found


def boolean(value: Any, name: str) -> bool:
    if value not in ("true", "false"):
        raise BadParameters(f"Invalid boolean: {value}", code="parameter_invalid_boolean", param=name)
    return bool(value == "true")


def decimal(value: Any, name: str) -> str:
    try:
        found = Decimal(_scalar(value, name))
    except InvalidOperation:
        found = Decimal(_LARGEST)
    if not found.is_finite() or not 0 <= found < _LARGEST or found.as_tuple().exponent < -12:  # type: ignore[operator]
        raise BadParameters(f"Invalid decimal: {value}", param=name)
    return format(found.normalize(), "f")


def metadata(value: Any, name: str) -> dict[str, str]:
    """A key with the empty string takes that key away; the empty string for the whole takes all (key "")."""
    if value == "":
        return {"": ""}
    if not isinstance(value, dict) or any(isinstance(one, dict) for one in value.values()):
        raise BadParameters("Invalid object", param=name)
    if len(value) > 50 or any(len(key) > 40 or len(one) > 500 for key, one in value.items()):
        raise BadParameters("Metadata: at most 50 keys of 40 characters, values of 500.", param=name)
    return {key: str(one) for key, one in value.items()}


def choice(*words: str) -> Reader:
    def read(value: Any, name: str) -> str:
        if value not in words:
            raise BadParameters(f"Invalid {name}: must be one of {', '.join(words)}", param=name)
        return str(value)

    return read


def either(words: tuple[str, ...], reader: Reader) -> Reader:
    """One of the words, or what the reader reads."""

    def read(value: Any, name: str) -> Any:
        return value if value in words else reader(value, name)

    return read


def unset_or(reader: Reader) -> Reader:
    """The empty string, which unsets, reads as None."""

    def read(value: Any, name: str) -> Any:
        return None if value == "" else reader(value, name)

    return read


def many(reader: Reader) -> Reader:
    def read(value: Any, name: str) -> list[Any]:
        if value == "":
            return []
        if not isinstance(value, dict) or not all(key.isdecimal() for key in value):
            raise BadParameters("Invalid array", param=name)
        return [reader(value[key], f"{name}[{key}]") for key in sorted(value, key=int)]

    return read


@dataclass(frozen=True)
class Shape:
    """The parameters of a call, or of an object within them: readers by name."""

    fields: Mapping[str, Reader]
    required: tuple[str, ...] = ()

    def __call__(self, value: Any, name: str = "") -> Json:
        if not isinstance(value, dict):
            raise BadParameters("Invalid object", param=name)
        found: Json = {}
        for key, one in value.items():
            full = f"{name}[{key}]" if name else key
            reader = self.fields.get(key)
            if reader is None:
                raise unknown_parameter(full)
            found[key] = reader(one, full)
        for key in self.required:
            full = f"{name}[{key}]" if name else key
            if key not in found:
                raise missing_parameter(full)
            if found[key] is None:
                message = f"You passed an empty string for '{full}'. It is required."
                raise BadParameters(message, code="parameter_invalid_empty", param=full)
        return found


def shape(*required: str, **fields: Reader) -> Shape:
    return Shape(fields, required)


TIME_RANGE: Final = shape(gt=integer, gte=integer, lt=integer, lte=integer)
ADDRESS: Final = shape(city=text, country=text, line1=text, line2=text, postal_code=text, state=text)


def time_filter(value: Any, name: str) -> Json:
    """A time, or the bounds of a range."""
    return (
        TIME_RANGE(value, name)
        if isinstance(value, dict)
        else {"gte": integer(value, name), "lte": int(value)}
    )


def listing(*required: str, **filters: Reader) -> Shape:
    """What every list takes, and the filters of this one."""
    pages: dict[str, Reader] = {"limit": integer, "starting_after": text, "ending_before": text}
    return Shape({**pages, **filters}, required)


@dataclass
class Call:
    """A request whose parameters are read: ids out of its path, parameters by name."""

    path: str
    ids: tuple[str, ...]
    params: Json = field(default_factory=dict)

    @property
    def id(self) -> str:
        return self.ids[0]

    def get(self, name: str, otherwise: Any = None) -> Any:
        return self.params.get(name, otherwise)


def with_metadata(thing: Json, given: Mapping[str, str] | None) -> None:
    """Merges metadata into an object, as an update does."""
    if given is None:
        return
    held = dict(thing.get("metadata") or {})
    if "" in given:
        held = {}
    for key, value in given.items():
        if key and value == "":
            held.pop(key, None)
        elif key:
            held[key] = value
    thing["metadata"] = held
