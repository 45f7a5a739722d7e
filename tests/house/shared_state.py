"""What a process remembers for all tenants at once: each such thing is known, and says how it tells them apart."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

from tests.house.rules import FUNCTIONS, Rule, last_name

MUTATORS: Final = {
    "add",
    "append",
    "appendleft",
    "clear",
    "extend",
    "insert",
    "pop",
    "popitem",
    "remove",
    "setdefault",
    "update",
    "discard",
}
MEMOS: Final = {"cache", "lru_cache"}
HOLDERS: Final = {"Cache", "LoopLocal", "ContextVar", "local", "WeakKeyDictionary", "WeakValueDictionary"}

# By module and name: how tenants are told apart in it, or why nothing of theirs is in it.
KNOWN: Final = {
    "accounts/keys.py": {"_asking": "by schema and key", "_cache": "by schema and key"},
    "accounts/members.py": {"_cache": "by schema and member"},
    "audit/acting.py": {"_acting": "says who acts in this request, and ends with it"},
    "billing/gateway/connection.py": {"_client": "the installation's own account; calls name the customer"},
    "billing/gateway/turns.py": {"_has_one": "says that the caller has a turn", "_shares": "by schema"},
    "billing/wording/__init__.py": {"_load": "the release's"},
    "realtime/alarms.py": {"alarms": "holds whom to wake, and nothing of theirs"},
    "realtime/connecting.py": {"_frank": "classes, and nothing of anyone"},
    "realtime/feed.py": {"_readers": "counts who reads, not what"},
    "realtime/hub.py": {"_hubs": "its feeds go by group, its counts by tenant and user"},
    "files/turns.py": {"_of_one": "by schema"},
    "moderation/review/blocked.py": {"_cache": "by schema, room and member"},
    "moderation/review/hook.py": {"_askers": "how each address does, by schema"},
    "moderation/review/policy.py": {"_asking": "by schema", "_cache": "by schema"},
    "moderation/tables.py": {"tables_of": "by schema"},
    "realtime/publish.py": {"_publishers": "what waits goes by group, which names its tenant"},
    "realtime/store.py": {
        "_clients": "connections without a state",
        "sync_clients": "connections without a state",
    },
    "rooms/access.py": {"_cache": "by schema, room and member"},
    "rooms/actions/announcing.py": {"_writers": "each piece of work names its tenant"},
    "rooms/counting.py": {"_counted": "by schema"},
    "rooms/search/finding.py": {"_turns": "what is under way, of whomever", "_turns_of_one": "by schema"},
    "rooms/tables.py": {"tables_of": "by schema", "_compiled": "by schema"},
    "tenants/database.py": {
        "_turns": "by schema",
        "_pools": "connections on which no schema is ever set",
        "_writing_pools": "connections on which no schema is ever set",
    },
    "tenants/directory.py": {
        "_asking": "by host, which is what finds a tenant",
        "_cache": "by host, which is what finds a tenant",
    },
    "tenants/encryption.py": {"_fernet": "the installation's own keys"},
    "tenants/provisioning.py": {"migrations_on_disk": "the release's"},
    "webhooks/bell.py": {"_bells": "rings name a schema"},
    "webhooks/tables.py": {"tables_of": "by schema"},
    "widget/bundle.py": {
        "_others": "by the texts of a language, which are the release's",
        "_files": "the release's",
        "_script": "the release's",
        "_sheet": "the release's",
    },
    "widget/icons.py": {"sprite": "the release's"},
    "widget/loader.py": {
        "_code": "the release's",
        "loader": "by language and colour, which are all it is made of",
    },
    "workspaces/wording/__init__.py": {"_load": "the release's"},
    "widget/wording/__init__.py": {"_load": "the release's", "languages": "the release's"},
}


def shared_state(tree: ast.Module) -> Iterator[ast.AST]:
    """Module-level names that some function changes, per-loop and per-thread holders, and memoised functions."""
    named = {last_name(target): node for node in tree.body for target in _targets(node)}
    changed = {
        name for function in ast.walk(tree) if isinstance(function, FUNCTIONS) for name in _changes(function)
    }
    for name, node in named.items():
        value = getattr(node, "value", None)
        if name in changed or (isinstance(value, ast.Call) and last_name(value.func) in HOLDERS):
            yield node
    for function in ast.walk(tree):
        if isinstance(function, FUNCTIONS):
            decorators = (d.func if isinstance(d, ast.Call) else d for d in function.decorator_list)
            if any(last_name(decorator) in MEMOS for decorator in decorators):
                yield function


def name_of(node: ast.AST) -> str:
    """What a piece of shared state is called."""
    return node.name if isinstance(node, FUNCTIONS) else last_name(next(iter(_targets(node))))


def _targets(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.Assign):
        return node.targets
    return [node.target] if isinstance(node, ast.AnnAssign) else []


def _changes(function: ast.AST) -> Iterator[str]:
    """The names that a function rebinds, fills or empties."""
    for node in ast.walk(function):
        if isinstance(node, ast.Global):
            yield from node.names
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del):
            yield last_name(node.value) if isinstance(node.value, ast.Name) else ""
        elif isinstance(node, ast.Attribute) and node.attr in MUTATORS and isinstance(node.value, ast.Name):
            yield node.value.id


SHARED_STATE: Final = Rule(
    "what outlives a request tells tenants apart",
    "a process serves every tenant: enter this in tests/house/shared_state.py, with how it tells them apart",
    shared_state,
    bad=(
        "_seen = {}\ndef f(k):\n    _seen[k] = 1",
        "_seen: set[str] = set()\ndef f(k):\n    _seen.add(k)",
        "_last = None\ndef f(k):\n    global _last\n    _last = k",
        "@cache\ndef f(name): return name",
        "@functools.lru_cache(maxsize=9)\ndef f(name): return name",
        "_hubs = LoopLocal(Hub)",
        "_known = Cache(9)",
        "_now = ContextVar('now')",
    ),
    good=(
        "KINDS = {'a': 1}\ndef f(k):\n    return KINDS[k]",
        "def f():\n    seen = {}\n    seen['x'] = 1",
        "@cached_property\ndef f(self): return 1",
    ),
)
