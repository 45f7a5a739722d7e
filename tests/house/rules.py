"""House rules that are read off the code itself: what a rule is, and how a tree is held to it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
NOT_OURS = {"tests", "bench", ".venv", ".snug"}
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)

Finder = Callable[[ast.Module], Iterator[ast.AST]]


@dataclass(frozen=True)
class Rule:
    """What `finds` finds is forbidden in every module but those `allowed`, which each say why.

    `within` are patterns of the modules to which the rule applies. `bad` are snippets in which it must find something,
    `good` ones that look alike and are right: a rule that cannot fail is worth nothing.
    """

    name: str
    says: str
    finds: Finder
    bad: tuple[str, ...]
    good: tuple[str, ...]
    allowed: Mapping[str, str] = field(default_factory=dict)
    within: tuple[str, ...] = ("*",)

    def __str__(self) -> str:
        return self.name

    def complaints(self, path: str, tree: ast.Module) -> list[str]:
        """What a module does against the rule, a line each, whatever is allowed."""
        if not any(fnmatch(path, pattern) for pattern in self.within):
            return []
        return [f"{path}:{getattr(node, 'lineno', 0)}: {self.says}" for node in self.finds(tree)]


@cache
def modules() -> dict[str, ast.Module]:
    """The product's modules by path. Migrations are written by Django, and run in each schema by its own hand."""
    paths = (
        path.relative_to(PROJECT)
        for path in [*PROJECT.glob("*.py"), *PROJECT.glob("*/**/*.py")]
        if path.relative_to(PROJECT).parts[0] not in NOT_OURS
    )
    return {
        path.as_posix(): ast.parse((PROJECT / path).read_text("utf-8"))
        for path in paths
        if "migrations" not in path.parts
    }


def texts(tree: ast.AST) -> Iterator[ast.Constant]:
    """Every string that is not a docstring, the fixed parts of f-strings included."""
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (*FUNCTIONS, ast.ClassDef, ast.Module))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node


def attributes(tree: ast.AST, names: set[str]) -> Iterator[ast.AST]:
    """Every `something.name` with one of the names, and the name by itself where it was imported."""
    for node in ast.walk(tree):
        if (isinstance(node, ast.Attribute) and node.attr in names) or (
            isinstance(node, ast.ImportFrom | ast.Import)
            and names & {part.name.rpartition(".")[2] for part in node.names}
        ):
            yield node


def imports(tree: ast.AST, *wanted: str) -> Iterator[ast.AST]:
    """Every import of one of these modules, of something below them, or of one of these names (`module.name`)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found = [part.name for part in node.names]
        elif isinstance(node, ast.ImportFrom):
            found = [f"{node.module}.{part.name}" for part in node.names]
        else:
            continue
        if any(name == want or name.startswith(f"{want}.") for name in found for want in wanted):
            yield node


def last_name(node: ast.AST) -> str:
    """The last part of a dotted name: "tenant" of `request.tenant`. "" for what is no name."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    """What runs in a function itself: nothing of the functions defined in it."""
    waiting = list(ast.iter_child_nodes(function))
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, (*FUNCTIONS, ast.Lambda)):
            waiting.extend(ast.iter_child_nodes(node))
