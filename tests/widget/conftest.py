"""A customer's own site, and browsers to visit it with."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.personas import Workspace


class Site:
    """A web site on a port of its own, so of another origin than any workspace."""

    def __init__(self, port: int) -> None:
        self.origin = f"http://localhost:{port}"
        self.pages: dict[str, tuple[dict[str, str], bytes]] = {}

    def serve(self, body: str, **headers: str) -> str:
        """Put up a page; its address. `headers` with underscores for dashes."""
        path = f"/{len(self.pages)}"
        head = "<meta charset=utf-8><meta name=viewport content='width=device-width'><title>Shop</title>"
        html = f"<!doctype html><html lang=en>{head}{body}"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.pages[path] = ({"Content-Type": "text/html", **named}, html.encode())
        return self.origin + path

    def serve_token(self, token: str | None) -> str:
        """Put up the address at which a site tells its visitor's token; 401 when there is none."""
        path = f"/{len(self.pages)}"
        status = {} if token else {"Status": "401"}
        self.pages[path] = (
            {"Content-Type": "application/json", **status},
            json.dumps({"token": token}).encode(),
        )
        return self.origin + path


@pytest.fixture
def site() -> Iterator[Site]:
    """The shop that the widget stands on."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            headers, content = shop.pages.get(self.path.partition("?")[0], ({"Status": "404"}, b""))
            self.send_response(int(headers.get("Status", 200)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    shop = Site(server.server_address[1])
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield shop
    server.shutdown()
    server.server_close()


@pytest.fixture
def snippet(workspace: Workspace) -> Callable[..., str]:
    """The one line that customers paste, with more attributes if given."""

    def line(**data: str) -> str:
        attributes = "".join(f" data-{name.replace('_', '-')}='{value}'" for name, value in data.items())
        return f"<script async src='{workspace.origin}/widget.js'{attributes}></script>"

    return line
