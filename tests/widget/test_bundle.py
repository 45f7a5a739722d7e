"""The modules travel as one script, and only what is understood is put together."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

from widget.bundle import BROWSERS, BundleError, assemble, squeeze, styles

STATIC = Path(__file__).parents[2] / "static/snug"


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
        "const one = 1;",
        "function unused() {}",
        "const two = one + 1;",
        "const first = one;",
        "start(first, two);",
    ]


def test_a_module_with_a_name_that_another_has_too_keeps_its_names_to_itself(tmp_path: Path) -> None:
    entry = modules(
        tmp_path,
        app='import { one } from "./one.js";\nimport { two } from "./two.js";\nstart(one, two);',
        one="const MOST = 1;\nexport const one = () => {\n  const two = MOST;\n  return two;\n};",
        two="const MOST = 2;\nexport const two = MOST;",
    )
    assert assemble(entry).splitlines() == [
        "const { one } = (() => {",
        "const MOST = 1;",
        "const one = () => {",
        "const two = MOST;",
        "return two;",
        "};",
        "return { one };",
        "})();",
        "const { two } = (() => {",
        "const MOST = 2;",
        "const two = MOST;",
        "return { two };",
        "})();",
        "start(one, two);",
    ]


def test_a_module_may_pass_on_what_others_export(tmp_path: Path) -> None:
    entry = modules(
        tmp_path,
        app='import { one, two } from "./all.js";\nstart(one, two);',
        all='export { one } from "./one.js";\nexport { two } from "./two.js";',
        one="export const one = 1;",
        two="export const two = 2;",
    )
    assert assemble(entry).splitlines() == ["const one = 1;", "const two = 2;", "start(one, two);"]


def test_a_name_of_every_page_is_kept_from_the_other_modules(tmp_path: Path) -> None:
    entry = modules(tmp_path, app="function focus() {}\nfocus();")
    assert assemble(entry).splitlines()[0] == "(() => {"


def test_no_name_of_ours_hides_one_of_the_browsers(open_page: Callable[..., Page], portal_url: str) -> None:
    top = re.compile(r"^(?:export )?(?:async function|function|class|const|let) ([\w$]+)", re.MULTILINE)
    sources = [*STATIC.glob("chat/*.js"), *STATIC.glob("chat/*/*.js"), *STATIC.glob("client/*.js")]
    names = {name for source in sources for name in top.findall(source.read_text("utf-8"))}
    assert {"SnugClient", "MessageList", "focus"} <= names
    page = open_page(f"{portal_url}/healthz")
    assert set(page.evaluate("(names) => names.filter((name) => name in window)", sorted(names))) <= BROWSERS


def test_code_between_two_comments_stays(tmp_path: Path) -> None:
    entry = modules(tmp_path, app="/* a */ keep();\n/* b */\n  // c\nalso('// this');\nlast({}); // d")
    assert "/* a */ keep();" in assemble(entry)
    assert "also('// this');" in assemble(entry)
    assert "last({});" in assemble(entry).splitlines()
    assert "b" not in assemble(entry).splitlines()


def test_an_excuse_for_doing_nothing_stays_at_home(tmp_path: Path) -> None:
    entry = modules(tmp_path, app="try {\n  act();\n} catch { /* it is asked again */ }")
    assert assemble(entry).splitlines() == ["try {", "act();", "} catch {}"]


def test_a_sheet_keeps_the_space_that_means_something(tmp_path: Path) -> None:
    path = tmp_path / "a.css"
    loose = '.a :is(.b, .c) { width: calc(1px + 2px); content: "a b"; }\n/* d */\n.e > .f { top: 0; }\n'
    path.write_text(loose, "utf-8")
    tight = '.a :is(.b,.c){width:calc(1px + 2px);content:"a b"}.e > .f{top:0}'
    assert styles(path).plain.decode() == tight


@pytest.mark.parametrize(
    ("code", "squeezed"),
    [
        ("const one = (two) => { three(two, 4); };", "let one=(two)=>{three(two, 4)};".replace(", ", ",")),
        ("say(\"a = b\", '{ c }');", "say(\"a = b\",'{ c }');"),
        ("say(`${a}, ${b} = { c }`);", "say(`${a}, ${b} = { c }`);"),
        ('t.replace(/^(\\(a\\) )? [/ "`( =]+/g, 2);', 't.replace(/^(\\(a\\) )? [/ "`( =]+/g,2);'),
        ("const it = / , /u;", "let it=/ , /u;"),
        ("const it = a / (b + +c) / d;", "let it=a /(b + +c)/ d;"),
        ("at(a + b * (c) - [1] * d - -e + 'f', +g);", "at(a+b*(c)-[1]*d - -e + 'f',+g);"),
        ("return { a };\n(b) ? c : d;", "return{a};(b)?c:d;"),
        ("const it = () => {}\n(b);", "let it=()=>{}\n(b);"),
        (
            "const it = {\none,\ntwo() {\nthree();\n}\n};\nfour\nfive",
            "let it={one,two(){three()}};four\nfive",
        ),
        (
            "class A { #one = 1; #two() { return this.#one + '#one'; } } a(`#two ${b.#two()}`);",
            "class $a{#a=1;#b(){return this.#a + '#one'}}a(`#two ${b.#b()}`);",
        ),
        (
            "class A { #one() { this.#one(this.#two); } }\nclass B { #two() { this.#two(); } }",
            "class $a{#a(){this.#a(this.#b)}}class $b{#a(){this.#a()}}",
        ),
        ("a(';}', 1_000, `1_000 ,}`, [1, 2,], { b, });", "a(';}',1000,`1_000 ,}`,[1,2,],{b});"),
        ("if (a) {\nb();\n}\nfor (const c of [1]) d(c);", "if(a){b()}for(let c of[1])d(c);"),
        (
            "const MOST = 5;\nfunction grow(at) { return at < MOST; }\nclass Tree { get() { return grow(MOST); } }",
            "let $a=5;function $b(at){return at<$a}class $c{get(){return $b($a)}}",
        ),
        (
            "const KEPT = 1, LEFT = 2;\nfunction open() { return `${KEPT}`; }\nwindow.open({ LEFT });",
            "let KEPT=1,LEFT=2;function open(){return`${KEPT}`}window.open({LEFT});",
        ),
    ],
    ids=[
        *(
            "signs",
            "strings",
            "template",
            "pattern",
            "value",
            "sums",
            "more sums",
            "lines",
            "calls",
            "breaks",
            "private",
        ),
        *("classes", "idle", "blocks", "names", "properties"),
    ],
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
        'import { one } from "./one.js";\nexport const one = 2;',
        "const { one } = two;",
    ],
)
def test_anything_else_is_refused_at_once(tmp_path: Path, source: str) -> None:
    entry = modules(tmp_path, app=source, one="export const one = 1;")
    with pytest.raises(BundleError):
        assemble(entry)
