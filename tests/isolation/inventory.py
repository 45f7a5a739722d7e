"""Everything by which a workspace can be reached, read off the product itself: nothing new is forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

PROJECT = Path(__file__).resolve().parents[2]
TENANT, PORTAL = "config.urls_tenant", "config.urls_portal"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def routes(urlconf: str) -> dict[str, list[Any]]:
    """Every route of a URL configuration, as the resolver spells it, with the views behind it."""
    from django.urls import URLResolver, get_resolver

    found: dict[str, list[Any]] = {}

    def walk(patterns: list[Any], prefix: str = "") -> None:
        for pattern in patterns:
            route = prefix + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                walk(pattern.url_patterns, route)
            else:
                found.setdefault(route, []).append(pattern.callback)

    walk(get_resolver(urlconf).url_patterns)
    return found


def operations() -> set[tuple[str, str]]:
    """Every call of the API as method and route."""
    from api.v1 import api

    return {
        (method, f"api/v1{prefix}{path}".replace("{", "<").replace("}", ">"))
        for prefix, router in api._routers
        for path, view in router.path_operations.items()
        for operation in view.operations
        for method in operation.methods
    }


def sockets() -> set[str]:
    """Every kind of socket, by the name of its consumer."""
    from realtime import routing  # noqa: F401 - defines whatever consumers there are
    from realtime.consumers.base import SocketConsumer

    return {consumer.__name__ for consumer in _leaves(SocketConsumer)}


def commands() -> set[str]:
    """The type of every frame that any socket understands."""
    from realtime import commands as module

    shapes = (
        shape
        for shape in vars(module).values()
        if isinstance(shape, type) and issubclass(shape, msgspec.Struct)
    )
    return {str(shape.__struct_config__.tag) for shape in shapes if shape.__struct_config__.tag}


def jobs() -> dict[str, Any]:
    """Every job of ours by name, with its task."""
    from procrastinate.contrib.django import app

    return {name: task for name, task in app.tasks.items() if "procrastinate." not in name}


def management_commands() -> set[str]:
    """Every management command of ours."""
    from django.apps import apps
    from django.core.management import get_commands

    ours = {config.name for config in apps.get_app_configs() if Path(config.path).parent == PROJECT}
    return {name for name, app in get_commands().items() if app in ours}


def _leaves(kind: type) -> Iterator[type]:
    """The classes at the ends of a family: what stands between them is no socket by itself."""
    below: list[type] = kind.__subclasses__()
    if not below:
        yield kind
    for each in below:
        yield from _leaves(each)
