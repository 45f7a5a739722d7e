"""A client that a test puts to sleep: `python -m tests.faults.sleeper ADDRESS` says "in", and reads until the end."""

import sys
from socket import create_connection
from urllib.parse import urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect


def main(address: str) -> None:
    wire = create_connection(("127.0.0.1", urlsplit(address).port or 80))
    with connect(address, sock=wire) as socket:
        socket.recv()
        sys.stdout.write("in\n")
        sys.stdout.flush()
        try:
            while True:
                socket.recv()
        except ConnectionClosed:
            sys.stdout.write("out\n")


if __name__ == "__main__":
    main(sys.argv[1])
