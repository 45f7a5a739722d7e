"""The chat page's modules as one script and its styles as one sheet, made when they are first asked for.

The sources stay plain ES modules that any browser could load one by one; put together they are one request instead of
two dozen, compress to half, and cannot be mixed with modules of another release. The names carry a hash of the content,
so browsers keep them for ever. What is understood is what our sources use, one import a line and named exports;
anything else raises BundleError, in the tests at the latest.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from string import ascii_lowercase
from typing import Final

import msgspec
from django.contrib.staticfiles import finders

SCRIPT: Final = "snug/chat/app.js"
# What files take: a script of its own, which comes when somebody first has to do with one.
FILES: Final = ("snug/chat/files/main.js", "snug/chat/files/files.css")
GIVEN: Final = ("Tray", "show")
SHEETS: Final = ("snug/tokens.css", "snug/chat/chat.css")

_IMPORT: Final = re.compile(r'import \{ (?P<names>[\w$, ]+) \} from "(?P<path>\.{1,2}/[\w./-]+\.js)";')
_EXPORT: Final = re.compile(r"export (?:async function|function|class|const) (?P<name>[\w$]+)")
_COMMENT: Final = re.compile(r"^[ \t]*(?:/\*(?:(?!\*/).)*\*/|//[^\n]*)[ \t]*$", re.DOTALL | re.MULTILINE)
# A comment behind code; no text of ours holds such a thing.
_REMARK: Final = re.compile(r"(?<=[;,{)\]]) +(?:// .*|/\*(?:(?!\*/).)*\*/)$", re.MULTILINE)
# Signs with space around them. Strings, templates and patterns come first, and stay as they are; what is divided by has
# a value before it, a pattern has a sign.
_SIGNS: Final = re.compile(
    r"""("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`"""
    r"""|(?:(?<=[(\[!])|(?<=[=,:?&|] ))/(?:[^/\\\n[]|\\.|\[(?:[^]\\\n]|\\.)*\])+/[a-z]*)"""
    r"""| *([=!?:&|<>{},;()]+) *"""
)
# A private name where it is used, and anywhere; in texts of ours a # stands at their beginning, if at all.
_PRIVATE_USE: Final = re.compile(r"\.#([a-zA-Z]\w*)")
_PRIVATE: Final = re.compile(r"""(?<![\w"'`/-])#([a-zA-Z]\w*)\b""")
# Line breaks that end nothing: what stands before or after them says where a statement ends.
_BREAKS: Final = re.compile(r"(?<=[;{,])\n|\n(?=\})")


class BundleError(Exception):
    """A module uses something that the bundle does not understand."""


class Asset(msgspec.Struct, frozen=True):
    """A file ready to be sent: `name` holds a hash of what is in it."""

    name: str
    content_type: str
    plain: bytes
    compressed: bytes


def script() -> Asset:
    """The chat page's one script."""
    return _script(_found(SCRIPT), _stamp("*.js"))


def files() -> tuple[Asset, Asset]:
    """The script for files, a module that the first one imports, and its styles under the same name."""
    return _files(tuple(_found(name).resolve() for name in FILES), _stamp("*.js"), _stamp("*.css"))


def sheet() -> Asset:
    """The chat page's one style sheet, the design tokens included."""
    return _sheet(tuple(_found(name) for name in SHEETS), _stamp("*.css"))


def assemble(entry: Path) -> str:
    """A module and all it imports, as the text of one script. Raises BundleError."""
    return "\n".join(_Assembly().add(entry.resolve(), ()))


def squeeze(code: str) -> str:
    """Code without the space that it does not need, and private names as short as they can be."""
    bare = _BREAKS.sub("", _SIGNS.sub(lambda match: match[1] or match[2], code))
    used = Counter(_PRIVATE_USE.findall(bare))
    letters = (f"{one}{two}" for one in ("", *ascii_lowercase) for two in ascii_lowercase)
    short = {name: next(letters) for name, _ in used.most_common()}
    return _PRIVATE.sub(lambda match: f"#{short.get(match[1], match[1])}", bare)


@lru_cache(maxsize=2)
def _script(entry: Path, stamp: int) -> Asset:
    return _asset(squeeze(assemble(entry)), "js", "text/javascript; charset=utf-8")


@lru_cache(maxsize=2)
def _files(paths: tuple[Path, ...], script_stamp: int, sheet_stamp: int) -> tuple[Asset, Asset]:
    entry, sheet_path = paths
    assembly = _Assembly()
    lines = [*assembly.add(entry, ())]
    lines.append(f"export const {{ {', '.join(GIVEN)} }} = {assembly.names[entry]};")
    script = _asset(squeeze("\n".join(lines)), "js", "text/javascript; charset=utf-8")
    sheet = _asset(_bare(sheet_path.read_text(encoding="utf-8")), "css", "text/css; charset=utf-8")
    name = "files-" + hashlib.sha256(script.plain + sheet.plain).hexdigest()[:12]
    replace = msgspec.structs.replace
    return replace(script, name=f"{name}.js"), replace(sheet, name=f"{name}.css")


@lru_cache(maxsize=2)
def _sheet(paths: tuple[Path, ...], stamp: int) -> Asset:
    text = "\n".join(_bare(path.read_text(encoding="utf-8")) for path in paths)
    return _asset(text, "css", "text/css; charset=utf-8")


class _Assembly:
    """Each module becomes a function that is called once, in the order in which modules need each other."""

    def __init__(self) -> None:
        self.names: dict[Path, str] = {}

    def add(self, path: Path, importers: tuple[Path, ...]) -> Iterator[str]:
        if path in importers:
            raise BundleError(f"{path.name} imports itself by way of others")
        if path in self.names:
            return
        body: list[str] = []
        exports: list[str] = []
        for line in _bare(path.read_text(encoding="utf-8")).splitlines():
            if line.startswith("import "):
                match = _match(_IMPORT, line, path)
                needed = (path.parent / match["path"]).resolve()
                yield from self.add(needed, (*importers, path))
                body.append(f"const {{ {match['names'].replace(' as ', ': ')} }} = {self.names[needed]};")
            elif line.startswith("export "):
                exports.append(_match(_EXPORT, line, path)["name"])
                body.append(line.removeprefix("export "))
            else:
                body.append(line)
        self.names[path] = f"module{len(self.names)}"
        yield f"const {self.names[path]} = (() => {{"
        yield from body
        yield f"return {{ {', '.join(exports)} }};\n}})();"


def _match(pattern: re.Pattern[str], line: str, path: Path) -> re.Match[str]:
    match = pattern.match(line)
    if match is None:
        raise BundleError(f"{path.name}: {line}")
    return match


def _bare(source: str) -> str:
    """Without comments and indents; no text of ours spans lines."""
    lines = (line.strip() for line in _REMARK.sub("", _COMMENT.sub("", source)).splitlines())
    return "\n".join(line for line in lines if line)


def _asset(text: str, suffix: str, content_type: str) -> Asset:
    plain = text.encode()
    digest = hashlib.sha256(plain).hexdigest()[:12]
    return Asset(f"{digest}.{suffix}", content_type, plain, gzip.compress(plain, 9, mtime=0))


def _found(name: str) -> Path:
    path = finders.find(name)
    if not isinstance(path, str):
        raise BundleError(f"static/{name} is missing")
    return Path(path)


def _stamp(pattern: str) -> int:
    """Changes when a source does, so that an edit shows without a restart."""
    root = _found(SHEETS[0]).parent
    sources = (root, *(folder for folder in root.iterdir() if folder.is_symlink()))  # rglob follows none
    return max(path.stat().st_mtime_ns for folder in sources for path in folder.rglob(pattern))
