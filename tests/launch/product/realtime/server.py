"""A web process with the product's command line: answers every request with its own process id."""

import os
import socket
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = str(os.getpid()).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *words: object) -> None:  # noqa: A002 - the name of the parent's parameter
        """Say nothing: nobody reads it."""


def main(fd: int) -> None:
    if "MALFORMED" in os.environ:
        sys.exit("snug: MALFORMED is not a number")
    server = HTTPServer(("", 0), Handler, bind_and_activate=False)
    server.socket = socket.socket(fileno=fd)
    server.serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[2]))
