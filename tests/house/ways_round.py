"""How each way round the one door into a tenant is recognised in a module (tests/house/one_door.py forbids them)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Final

from tests.house.rules import FUNCTIONS, attributes, imports, last_name, own_nodes, texts

SWITCHES: Final = {"set_tenant", "set_schema", "set_schema_to_public"}
CONTEXTS: Final = {"tenant_context", "schema_context", "tenancy_context"}
TABLE: Final = r"(?:(?:accounts|audit|rooms|webhooks|auth)_\w+|django_(?:session|content_type))"
# Tables of a tenant's own, in SQL that does not say whose.
BARE_TABLE: Final = re.compile(rf'\b(?:FROM|JOIN|INTO|UPDATE|TABLE|ONLY)\s+"?{TABLE}\b(?!\.)', re.IGNORECASE)
REDIS_KEY: Final = re.compile(r"(?:^|\W)snug:(?! )")
LAZY: Final = {
    "all",
    "filter",
    "exclude",
    "order_by",
    "values",
    "values_list",
    "select_related",
    "prefetch_related",
    "only",
    "defer",
    "annotate",
    "distinct",
    "reverse",
    "union",
    "iterator",
    "using",
}
ASYNC_ORM: Final = {
    "aget",
    "acreate",
    "aget_or_create",
    "aupdate_or_create",
    "abulk_create",
    "abulk_update",
    "acount",
    "afirst",
    "alast",
    "alatest",
    "aearliest",
    "aexists",
    "acontains",
    "ain_bulk",
    "aiterator",
    "aaggregate",
    "aupdate",
    "adelete",
    "asave",
    "arefresh_from_db",
    "aadd",
    "aset",
    "aclear",
    "aremove",
}
DOORS: Final = {"run_in_tenant", "in_tenant"}


def switches(tree: ast.Module) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and (
            node.attr in SWITCHES
            or (
                node.attr in {"schema_name", "tenant"}
                and isinstance(node.ctx, ast.Store)
                and last_name(node.value) == "connection"
            )
        ):
            yield node


def contexts(tree: ast.Module) -> Iterator[ast.AST]:
    """`tenant_context` and its like, by any name; and `with tenant:`, whose state is on the class."""
    yield from attributes(tree, CONTEXTS)
    for node in ast.walk(tree):
        if isinstance(node, ast.With | ast.AsyncWith):
            yield from (
                item for item in node.items if last_name(item.context_expr).lower().endswith("tenant")
            )


def search_paths(tree: ast.Module) -> Iterator[ast.AST]:
    yield from (node for node in texts(tree) if "search_path" in str(node.value))


def bare_tables(tree: ast.Module) -> Iterator[ast.AST]:
    yield from (node for node in texts(tree) if BARE_TABLE.search(str(node.value)))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and last_name(node.func) == "Identifier" and len(node.args) == 1:
            (name,) = node.args
            if isinstance(name, ast.Constant) and re.fullmatch(TABLE, str(name.value)):
                yield node


def awaited_orm(tree: ast.Module) -> Iterator[ast.AST]:
    """Django's async calls anywhere, and managers on an event loop."""
    yield from attributes(tree, ASYNC_ORM)
    for function in ast.walk(tree):
        if isinstance(function, ast.AsyncFunctionDef):
            yield from (
                n
                for n in own_nodes(function)
                if isinstance(n, ast.Attribute) and n.attr in {"objects", "_default_manager"}
            )


def threads(tree: ast.Module) -> Iterator[ast.AST]:
    yield from imports(
        tree, "asgiref.sync.sync_to_async", "channels.db", "concurrent.futures", "threading.Thread"
    )
    yield from attributes(tree, {"to_thread", "run_in_executor", "Thread"})


def waits(tree: ast.Module) -> Iterator[ast.AST]:
    yield from attributes(tree, {"async_to_sync"})


def commit_hooks(tree: ast.Module) -> Iterator[ast.AST]:
    yield from attributes(tree, {"on_commit"})


def group_calls(tree: ast.Module) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and re.match(r"group_(send|add|discard)", node.attr):
            yield node


def keys(tree: ast.Module) -> Iterator[ast.AST]:
    """Strings that look like a name in Redis: "snug:…", or a tenant's namespace with something behind it."""
    yield from (node for node in texts(tree) if REDIS_KEY.search(str(node.value)))
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr) and len(node.values) > 2:
            before, value, after = node.values[:3]
            if (
                isinstance(before, ast.Constant)
                and re.search(r"(?:^|[.:])t$", str(before.value))
                and isinstance(value, ast.FormattedValue)
                and isinstance(after, ast.Constant)
                and str(after.value).startswith((".", ":"))
            ):
                yield node


def caches(tree: ast.Module) -> Iterator[ast.AST]:
    yield from imports(tree, "django.core.cache", "django.views.decorators.cache.cache_page")


def raw_connections(tree: ast.Module) -> Iterator[ast.AST]:
    yield from imports(tree, "django.db.connection", "django.db.connections", "psycopg_pool")
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Attribute)
            and node.attr == "connect"
            and last_name(node.value) in {"psycopg", "AsyncConnection", "Connection"}
        ):
            yield node


def lazy_results(tree: ast.Module) -> Iterator[ast.AST]:
    """What functions sent through the door give back unread, also inside a tuple, a list or a dict."""
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and last_name(n.func) in DOORS]
    sent = {argument.id for call in calls for argument in call.args if isinstance(argument, ast.Name)}
    results: list[ast.AST] = [a.body for call in calls for a in call.args if isinstance(a, ast.Lambda)]
    for function in ast.walk(tree):
        if isinstance(function, FUNCTIONS) and function.name in sent:
            results += [n.value for n in own_nodes(function) if isinstance(n, ast.Return) and n.value]
    while results:
        result = results.pop()
        if isinstance(result, ast.Tuple | ast.List | ast.Set):
            results += result.elts
        elif isinstance(result, ast.Dict):
            results += result.values
        elif isinstance(result, ast.GeneratorExp) or (
            isinstance(result, ast.Call)
            and isinstance(result.func, ast.Attribute)
            and result.func.attr in LAZY
        ):
            yield result
