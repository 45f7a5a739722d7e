"""`/widget.js` over HTTP: small, cached, the same for every site, and different for every tenant."""

import gzip
from collections.abc import Callable

import httpx

from tests.personas import Workspace


def fetch(workspace: Workspace, **headers: str) -> httpx.Response:
    with workspace.http() as client:
        return client.get("/widget.js", headers=headers)


def test_it_is_a_script_that_any_page_may_load_and_keep_for_a_while(workspace: Workspace) -> None:
    answer = fetch(workspace)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert answer.headers["cache-control"].startswith("public, max-age=300")
    assert "set-cookie" not in answer.headers
    assert answer.headers["content-encoding"] == "gzip"
    assert "Accept-Encoding" in answer.headers["vary"]


def test_an_unchanged_one_is_not_sent_again(workspace: Workspace) -> None:
    first = fetch(workspace)
    second = fetch(workspace, **{"If-None-Match": first.headers["etag"]})

    assert (second.status_code, second.content) == (304, b"")
    assert second.headers["etag"] == first.headers["etag"]


def test_without_compression_it_is_the_same_text(workspace: Workspace) -> None:
    plain = fetch(workspace, **{"Accept-Encoding": "identity"})

    assert "content-encoding" not in plain.headers
    assert plain.text == fetch(workspace).text
    assert len(gzip.compress(plain.content, 9)) <= 3000


def test_it_speaks_the_tenants_language_in_the_tenants_colour(
    new_workspace: Callable[..., Workspace],
) -> None:
    arabic = fetch(new_workspace(locale="ar", accent="#b45309")).text
    german = fetch(new_workspace(locale="de", accent="")).text

    assert '"dir":"rtl"' in arabic
    assert '"accent":"#b45309"' in arabic
    assert "Chat öffnen" in german
    assert '"dir":"ltr"' in german


def test_squeezing_takes_spaces_from_code_and_none_from_texts(workspace: Workspace) -> None:
    text = fetch(workspace).text

    assert "const doc=document;" in text
    assert '"(max-width: 480px), (max-height: 420px)"' in text
    assert '"Open chat, {n} unread"' in text


def test_it_only_answers_to_reading(workspace: Workspace) -> None:
    with workspace.http() as client:
        assert client.get("/widget.js").status_code == 200
        assert client.head("/widget.js").status_code == 200
        assert client.post("/widget.js").status_code in (403, 405)
