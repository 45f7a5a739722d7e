"""The chat page's modules as one script and its styles as one sheet, made when they are first asked for.

The sources stay plain ES modules that any browser could load one by one; put together they are one request instead of
two dozen, compress to half, and cannot be mixed with modules of another release. The names carry a hash of the content,
so browsers keep them for ever. What is understood is what our sources use: one import a line, named exports, and
other modules' names passed on; anything else raises BundleError, in the tests at the latest.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
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
# What reporting and blocking people takes: another one, with its texts, for those who do or have done it.
OTHERS: Final = "snug/chat/others/main.js"
SHEETS: Final = ("snug/tokens.css", "snug/chat/chat.css")

_IMPORT: Final = re.compile(r'import \{ (?P<names>[\w$, ]+) \} from "(?P<path>\.{1,2}/[\w./-]+\.js)";')
_PASSED_ON: Final = re.compile(
    r'export \{ (?P<names>[\w$]+(?:, [\w$]+)*) \} from "(?P<path>\.{1,2}/[\w./-]+\.js)";'
)
_EXPORT: Final = re.compile(r"export (?:async function|function|class|const) (?P<name>[\w$]+)")
_COMMENT: Final = re.compile(r"^[ \t]*(?:/\*(?:(?!\*/).)*\*/|//[^\n]*)[ \t]*$", re.DOTALL | re.MULTILINE)
# A comment behind code; no text of ours holds such a thing.
_REMARK: Final = re.compile(r"(?<=[;,{)\]]) +(?:// .*|/\*(?:(?!\*/).)*\*/)$", re.MULTILINE)
# One that is all there is between braces.
_EXCUSE: Final = re.compile(r"(?<=\{) /\*(?:(?!\*/).)*\*/ (?=\})")
# Strings, templates and patterns stay as they are. What is divided by has a value before it, a pattern has a sign.
_KEPT: Final = (
    r""""(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`"""
    r"""|(?:(?<=[(\[!])|(?<=[=,:?&|] ))/(?:[^/\\\n[]|\\.|\[(?:[^]\\\n]|\\.)*\])+/[a-z]*"""
)
# Signs with space around them; what ends nothing, parts no digits, or keeps a word from a sign.
_SIGNS: Final = re.compile(rf"({_KEPT})| *([=!?:&|<>{{}},;()]+) *")
_IDLE: Final = re.compile(rf"({_KEPT})|[;,](?=\}})|(?<=\d)_(?=\d)| +(?=[\[`!])")
# What is reckoned with, between two values: not where another such sign follows, or a pattern might seem to begin.
_RECKONED: Final = re.compile(rf"({_KEPT})|(?<=[\w)\]]) ?([*+-]) ?(?=[\w$(\[])")
# That a name never changes, the browser need not be told again.
_CONST: Final = re.compile(rf"({_KEPT})|\bconst(?=[ \[{{])")
# A private name where it is used, and anywhere; in texts of ours a # stands at their beginning, if at all.
_PRIVATE_USE: Final = re.compile(r"\.#([a-zA-Z]\w*)")
_PRIVATE: Final = re.compile(r"""(?<![\w"'`/-])#([a-zA-Z]\w*)\b""")
# Where a class begins; what private names it has ends there or earlier.
_CLASSES: Final = re.compile(r"(?=\bclass [A-Z])")
_STRINGS: Final = re.compile(rf"({_KEPT})")
_WORD: Final = re.compile(r"[\w$]+")
# Constants, classes and functions where they are declared; and whatever may be the name of a property.
_NAMED: Final = re.compile(
    r"^(?:const ([A-Z][A-Z0-9_]+) =|class (\w+)|(?:async )?function (\w+))", re.MULTILINE
)
_AS_PROPERTY: Final = re.compile(
    r"(?<=[.#])[\w$]+|[\w$]+(?=:)|(?<=[{,])[\w$]+(?=[,}=])|(?<=[{};\n])[\w$]+(?=\([^()]*\)\{)"
)
# Line breaks that end nothing: what stands before or after them says where a statement ends. A function or a class ends
# with its brace; whatever is a value ends with a semicolon.
_BREAKS: Final = re.compile(r"(?<=[;{,])\n|\n(?=\})|(?<=\})\n(?=[\w$#])")
_SEVERAL: Final = re.compile(r"^(?:export )?(?:const|let|var) (?:[{[]|[^=;]*,)", re.MULTILINE)
_ALIAS: Final = re.compile(r"([\w$]+) as ([\w$]+)")
# What a module declares for all of itself: such a line is not indented.
_TOP: Final = re.compile(r"^(?:export )?(?:async function|function|class|const|let) ([\w$]+)", re.MULTILINE)
# Space that parts nothing in a sheet: one after a colon is never in a selector.
_CSS_IDLE: Final = re.compile(r"(?<=[:;,{}])\s+|\s+(?=[{}])|;(?=\s*\})")
# Names of ours that are names of every page as well; a test asks a browser whether any is missing here.
BROWSERS: Final = frozenset({"focus", "open", "status"})


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


def others(words: str) -> Asset:
    """The script for reporting and blocking, with its texts in one language as JSON."""
    return _others(_found(OTHERS).resolve(), words, _stamp("*.js"))


def sheet() -> Asset:
    """The chat page's one style sheet, the design tokens included."""
    return _sheet(tuple(_found(name) for name in SHEETS), _stamp("*.css"))


def assemble(entry: Path) -> str:
    """A module and all it imports, as the text of one script. Raises BundleError."""
    assembly = _Assembly()
    assembly.add(entry.resolve(), ())
    return "\n".join(assembly.lines())


def squeeze(code: str) -> str:
    """Code without the space that it does not need; private names, constants, functions and classes as short as
    they can be."""
    named = {name for found in _NAMED.findall(code) for name in found if name}
    tight = _BREAKS.sub("", _SIGNS.sub(lambda match: match[1] or match[2], code))
    bare = _RECKONED.sub(lambda match: match[1] or match[2], _IDLE.sub(lambda match: match[1] or "", tight))
    short = _CONST.sub(lambda match: match[1] or "let", bare)
    return _shorter("".join(map(_shorter_privates, _CLASSES.split(short))), named)


def _shorter_privates(code: str) -> str:
    """The code of one class with short private names: nobody else knows them."""
    short = _shortened(_PRIVATE_USE.findall(code))
    return _PRIVATE.sub(lambda match: f"#{short.get(match[1], match[1])}", code)


def _shorter(code: str, names: set[str]) -> str:
    """Code with these names shortened, but for those that are properties or stand in a text as well."""
    parts = _STRINGS.split(code)  # every other one is a string, a template or a pattern
    plain = '""'.join(parts[::2])
    taken = {*_WORD.findall("".join(parts[1::2])), *_AS_PROPERTY.findall(plain)}
    short = _shortened(word for word in _WORD.findall(plain) if word in names and word not in taken)
    parts[::2] = (
        _WORD.sub(lambda match: f"${short[match[0]]}" if match[0] in short else match[0], part)
        for part in parts[::2]
    )
    return "".join(parts)


def _shortened(uses: Iterable[str]) -> dict[str, str]:
    """For each name a short one, the shortest for what is used most."""
    letters = (f"{one}{two}" for one in ("", *ascii_lowercase) for two in ascii_lowercase)
    return {name: next(letters) for name, _ in Counter(uses).most_common()}


@lru_cache(maxsize=2)
def _script(entry: Path, stamp: int) -> Asset:
    return _asset(squeeze(assemble(entry)), "js", "text/javascript; charset=utf-8")


@lru_cache(maxsize=2)
def _files(paths: tuple[Path, ...], script_stamp: int, sheet_stamp: int) -> tuple[Asset, Asset]:
    entry, sheet_path = paths
    script = _asset(_part(entry, *GIVEN), "js", "text/javascript; charset=utf-8")
    sheet = styles(sheet_path)
    name = "files-" + hashlib.sha256(script.plain + sheet.plain).hexdigest()[:12]
    replace = msgspec.structs.replace
    return replace(script, name=f"{name}.js"), replace(sheet, name=f"{name}.css")


@lru_cache(maxsize=16)
def _others(entry: Path, words: str, stamp: int) -> Asset:
    code = f"{_part(entry, 'Others')}\nexport const WORDS={words};"
    script = _asset(code, "js", "text/javascript; charset=utf-8")
    return msgspec.structs.replace(script, name=f"others-{script.name}")


def _part(entry: Path, *given: str) -> str:
    """A module that the page fetches later, as one script that gives these names."""
    return squeeze(f"{assemble(entry)}\nexport {{ {', '.join(given)} }};")


@lru_cache(maxsize=2)
def _sheet(paths: tuple[Path, ...], stamp: int) -> Asset:
    return styles(*paths)


def styles(*paths: Path) -> Asset:
    """Style sheets as one, without the space that they do not need."""
    text = "\n".join(_bare(path.read_text(encoding="utf-8")) for path in paths)
    return _asset(_CSS_IDLE.sub("", text), "css", "text/css; charset=utf-8")


class _Module:
    """A module's lines, without those that import."""

    def __init__(self, source: str) -> None:
        self.body: list[str] = []
        self.exports: list[str] = []
        self.tops = set(_TOP.findall(source))  # what it declares for all of itself


class _Assembly:
    """Modules in the order in which they need each other, all in one scope. One with a name of its own that another has
    too, or the browser, becomes a function that is called once, and gives what it exports."""

    def __init__(self) -> None:
        self._modules: dict[Path, _Module] = {}

    def add(self, path: Path, importers: tuple[Path, ...]) -> None:
        """Take in a module, after those that it needs. Raises BundleError."""
        if path in importers:
            raise BundleError(f"{path.name} imports itself by way of others")
        if path in self._modules:
            return
        source = path.read_text(encoding="utf-8")
        if _SEVERAL.search(source):
            raise BundleError(f"{path.name} declares several names at once")
        module = _Module(source)
        for line in _bare(source).splitlines():
            passed_on = _PASSED_ON.match(line)
            if passed_on or line.startswith("import "):
                match = passed_on or _match(_IMPORT, line, path)
                self.add((path.parent / match["path"]).resolve(), (*importers, path))
                _call(module, match["names"])
            elif line.startswith("export "):
                module.exports.append(_match(_EXPORT, line, path)["name"])
                module.body.append(line.removeprefix("export "))
            else:
                module.body.append(line)
        self._modules[path] = module

    def lines(self) -> Iterator[str]:
        """The script. Raises BundleError where two modules export the same name."""
        modules = list(self._modules.values())
        exports = Counter(name for module in modules for name in module.exports)
        if twice := [name for name, times in exports.items() if times > 1]:
            raise BundleError(f"{twice[0]} is exported by several modules")
        declared = Counter(name for module in modules for name in module.tops)
        for module in modules:
            if any(declared[name] > 1 or name in BROWSERS for name in module.tops.difference(module.exports)):
                given = f"const {{ {', '.join(module.exports)} }} = " if module.exports else ""
                yield f"{given}(() => {{"
                yield from module.body
                yield f"return {{ {', '.join(module.exports)} }};\n}})();"
            else:
                yield from module.body


def _call(module: _Module, names: str) -> None:
    """Give what it imports under other names those names."""
    for name, alias in _ALIAS.findall(names):
        module.tops.add(alias)
        module.body.append(f"const {alias} = {name};")


def _match(pattern: re.Pattern[str], line: str, path: Path) -> re.Match[str]:
    match = pattern.match(line)
    if match is None:
        raise BundleError(f"{path.name}: {line}")
    return match


def _bare(source: str) -> str:
    """Without comments and indents; no text of ours spans lines."""
    told = _EXCUSE.sub("", _REMARK.sub("", _COMMENT.sub("", source)))
    lines = (line.strip() for line in told.splitlines())
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
