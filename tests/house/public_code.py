"""Code that runs in the public schema, and what of it belongs to a tenant."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

from tests.house.rules import FUNCTIONS, Rule, last_name, own_nodes

DOORS: Final = {"run_in_tenant", "in_tenant"}
TENANT_MODULES: Final = (
    "accounts.models",
    "accounts.actions",
    "audit.models",
    "audit.records",
    "rooms.models",
    "rooms.actions",
    "webhooks.models",
    "webhooks.actions",
)
# Of those, what reads and writes no table.
HARMLESS: Final = {"RoomExists", "RoomLimitReached", "Posted"}


def tenant_code_in_public(tree: ast.Module) -> Iterator[ast.AST]:
    """Uses of a tenant's models and actions in functions that did not come through the door, and calls of such
    functions from outside."""
    names = {
        part.asname or part.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(TENANT_MODULES)
        for part in node.names
    } - HARMLESS
    functions = {node.name: node for node in ast.walk(tree) if isinstance(node, FUNCTIONS)}
    inside = _inside(tree, functions)
    for name, function in functions.items():
        if name in inside:
            continue
        for node in own_nodes(function):
            if _uses(node, names) or (isinstance(node, ast.Call) and last_name(node.func) in inside):
                yield node


def _inside(tree: ast.Module, functions: dict[str, ast.FunctionDef | ast.AsyncFunctionDef]) -> set[str]:
    """The functions that are sent through the door, and those that they call."""
    doors = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and last_name(node.func) in DOORS]
    waiting = [last_name(argument) for door in doors for argument in door.args]
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in functions and name not in found:
            found.add(name)
            waiting += [last_name(n.func) for n in own_nodes(functions[name]) if isinstance(n, ast.Call)]
    return found


def _uses(node: ast.AST, names: set[str]) -> bool:
    """`action(…)`, `Model(…)` or `Model.objects`; a constant such as `Model.Kind.STAFF` reads no table."""
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id in names
    managers = {"objects", "_default_manager", "_base_manager"}
    return isinstance(node, ast.Attribute) and node.attr in managers and last_name(node.value) in names


_MODELS = "from accounts.models import Member\nfrom accounts.actions import make_handoff\n"
TENANT_CODE_IN_PUBLIC: Final = Rule(
    "public code reads tenants' tables through the door",
    "this runs in the public schema: send a function through run_in_tenant",
    tenant_code_in_public,
    bad=(
        _MODELS + "def view(r):\n    return Member.objects.first()",
        _MODELS + "def view(r):\n    return make_handoff(owner)",
        _MODELS + "def view(r):\n    return Member(name='x').save()",
        _MODELS
        + "def _own():\n    return Member.objects.count()\ndef a(t):\n    run_in_tenant(t, _own)\ndef b():\n    _own()",
    ),
    good=(
        _MODELS
        + "def _own():\n    return make_handoff(_first())\ndef _first():\n    return Member.objects.first()\n"
        "def a(t):\n    return run_in_tenant(t, _own)",
        _MODELS + "def a(t):\n    return run_in_tenant(t, make_handoff, 1)",
        _MODELS + "def a(t):\n    return Member.Kind.STAFF",
        "from portal.models import Signup\ndef a():\n    return Signup.objects.first()",
    ),
    allowed={"workspaces/actions/stop_webhook.py": "the courier sends it through the door"},
    within=("portal/*", "billing/*", "tenants/*", "workspaces/*", "*/tasks.py", "*/management/commands/*"),
)
