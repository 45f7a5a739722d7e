"""From a stored object to the one that is answered: without our own keys, with what was asked to be expanded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from stripe_stand_in import Json
from stripe_stand_in.errors import ApiError
from stripe_stand_in.storage import Storage

# Fields that are not there until they are asked for, by kind and name.
Includable = Mapping[tuple[str, str], Callable[[Json], Any]]


def plain(value: Any, storage: Storage | None = None) -> Any:
    """A copy without private keys; a price inside another object is shown as it is now."""
    if isinstance(value, list):
        return [plain(one, storage) for one in value]
    if not isinstance(value, dict):
        return value
    if storage is not None and value.get("object") == "price" and (found := storage.find(value["id"])):
        value = found
    return {name: plain(part, storage) for name, part in value.items() if not name.startswith("_")}


def differences(before: Json, after: Json) -> Json:
    """What the changed keys held before, as in an event's `previous_attributes`; lists whole."""
    changed: Json = {}
    for name in {**before, **after}:
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        nested = isinstance(old, dict) and isinstance(new, dict) and old.get("id") == new.get("id")
        changed[name] = differences(cast(Json, old), cast(Json, new)) if nested else old
    return changed


def listing(data: list[Json], url: str, has_more: bool = False) -> Json:
    return {"object": "list", "data": data, "has_more": has_more, "url": url}


class Expander:
    """Replaces ids by objects along paths such as `latest_invoice.payments` and `data.customer`."""

    def __init__(self, storage: Storage, includable: Includable) -> None:
        self._storage = storage
        self._includable = includable

    def expand(self, answer: Json, paths: list[str]) -> Json:
        shown = cast(Json, plain(answer, self._storage))
        for number, path in enumerate(paths):
            names = path.split(".")
            if len(names) > 4:
                raise ApiError(
                    "You cannot expand more than 4 levels of a property.", param=f"expand[{number}]"
                )
            self._expand(shown, names, path)
        return shown

    def _expand(self, thing: Any, names: list[str], path: str) -> None:
        if isinstance(thing, list):
            for one in thing:
                self._expand(one, names, path)
            return
        if not names or not isinstance(thing, dict):
            return
        name = names[0]
        if name not in thing:
            include = self._includable.get((thing.get("object", ""), name))
            if include is None:
                raise ApiError(f"This property cannot be expanded ({path}).", param="expand")
            thing[name] = plain(include(thing), self._storage)
        value = thing[name]
        if isinstance(value, str):
            found = self._storage.find(value)
            if found is None:
                raise ApiError(f"This property cannot be expanded ({path}).", param="expand")
            thing[name] = plain(found, self._storage)
        elif isinstance(value, list) and value and isinstance(value[0], str):
            thing[name] = [plain(self._storage.find(one), self._storage) or one for one in value]
        self._expand(thing[name], names[1:], path)
