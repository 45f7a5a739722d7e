"""The modules travel as one script, and only what is understood is put together."""

from pathlib import Path

import pytest

from widget.bundle import BundleError, assemble, squeeze


def modules(folder: Path, **sources: str) -> Path:
    for name, source in sources.items():
        (folder / f"{name}.js").write_text(source, "utf-8")
    return folder / "app.js"


def test_modules_come_once_and_before_those_who_need_them(tmp_path: Path) -> None:
    entry = modules(
        tmp_path,
        app='import { two } from "./two.js";\nimport { one as first } from "./one.js";\nstart(first, two);',
        two='import { one } from "./one.js";\nexport const two = one + 1;',
        one="/** One. */\nexport const one = 1; // the first\nexport function unused() {}\n// nothing\n",
    )
    assert assemble(entry).splitlines() == [
        "const module0 = (() => {",
        "const one = 1;",
        "function unused() {}",
        "return { one, unused };",
        "})();",
        "const module1 = (() => {",
        "const { one } = module0;",
        "const two = one + 1;",
        "return { two };",
        "})();",
        "const module2 = (() => {",
        "const { two } = module1;",
        "const { one: first } = module0;",
        "start(first, two);",
        "return {  };",
        "})();",
    ]


def test_code_between_two_comments_stays(tmp_path: Path) -> None:
    entry = modules(tmp_path, app="/* a */ keep();\n/* b */\n  // c\nalso('// this');\nlast({}); // d")
    assert "/* a */ keep();" in assemble(entry)
    assert "also('// this');" in assemble(entry)
    assert "last({});" in assemble(entry).splitlines()
    assert "b" not in assemble(entry).splitlines()


@pytest.mark.parametrize(
    ("code", "squeezed"),
    [
        ("const one = (two) => { three(two, 4); };", "const one=(two)=>{three(two, 4);};".replace(", ", ",")),
        ("say(\"a = b\", '{ c }');", "say(\"a = b\",'{ c }');"),
        ("say(`${a}, ${b} = { c }`);", "say(`${a}, ${b} = { c }`);"),
        ('t.replace(/^(\\(a\\) )? [/ "`( =]+/g, 2);', 't.replace(/^(\\(a\\) )? [/ "`( =]+/g,2);'),
        ("const it = / , /u;", "const it=/ , /u;"),
        ("const it = a / (b + +c) / d;", "const it=a /(b + +c)/ d;"),
        ("return { a };\n(b) ? c : d;", "return{a};(b)?c:d;"),
        (
            "const it = {\none,\ntwo() {\nthree();\n}\n};\nfour\nfive",
            "const it={one,two(){three();}};four\nfive",
        ),
        (
            "class A { #one = 1; #two() { return this.#one + '#one'; } } a(`#two ${b.#two()}`);",
            "class A{#a=1;#b(){return this.#a + '#one';}}a(`#two ${b.#b()}`);",
        ),
    ],
    ids=["signs", "strings", "template", "pattern", "value", "sums", "lines", "breaks", "private"],
)
def test_only_space_that_means_nothing_is_left_out(code: str, squeezed: str) -> None:
    assert squeeze(code) == squeezed


@pytest.mark.parametrize(
    "source",
    [
        'import thing from "./one.js";',
        'import * as all from "./one.js";',
        'import { one } from "https://elsewhere.example/one.js";',
        "export default 1;",
        "export { one };",
        'import { app } from "./app.js";',
    ],
)
def test_anything_else_is_refused_at_once(tmp_path: Path, source: str) -> None:
    entry = modules(tmp_path, app=source, one="export const one = 1;")
    with pytest.raises(BundleError):
        assemble(entry)
