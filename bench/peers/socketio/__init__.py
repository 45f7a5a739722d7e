"""Socket.IO 4 with its Redis adapter, on Node."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.client import Door, Socket
from bench.peers.node_packages import installed
from bench.peers.starting import PeerUnavailableError, run, running
from bench.shapes import Shape
from bench.target import Target
from ops.local import Stack
from ops.local.network import private_port
from ops.local.supervisor import Program

NAME = "socketio"
_SERVER = Path(__file__).parent / "server.cjs"


class SocketIo:
    """Engine.IO 4 packets: `0` opens, `40` enters the namespace, `2` is a ping, `42` an event."""

    def chat(self, socket: Socket, text: str) -> bytes:
        return b"42" + json.dumps(["chat_message", text]).encode()

    def heard(self, socket: Socket, frame: bytes) -> bool:
        if frame.startswith(b"0"):
            socket.send(b"40")
        elif frame == b"2":
            socket.send(b"3")
        return frame.startswith(b"40")


def describe(cache: Path) -> str:
    lock = json.loads((_SERVER.parent / "package-lock.json").read_text())
    versions = {
        name.removeprefix("node_modules/"): each.get("version") for name, each in lock["packages"].items()
    }
    adapter = versions["@socket.io/redis-adapter"]
    return f"Socket.IO {versions['socket.io']}, Redis adapter {adapter}, Node {run(['node', '--version']).strip()}"


@contextmanager
def serve(folder: Path, cache: Path, shape: Shape) -> Iterator[Target]:
    if shutil.which("node") is None:
        raise PeerUnavailableError("Node is not installed")
    modules = installed(NAME, cache) / "node_modules"
    port = private_port()
    with Stack(folder, web_workers=0, worker=False, holder="bin/bench") as stack:
        program = Program(
            name=NAME,
            argv=["node", str(_SERVER), str(port)],
            env={**os.environ, **stack.own_env, "NODE_PATH": str(modules), "NODE_ENV": "production"},
            log=folder / f"{NAME}.log",
        )
        with running(program, port) as pid:
            yield Target(
                name=NAME,
                port=port,
                processes={"server": (pid,), "redis": (stack.processes["valkey"],)},
                door=lambda number, room: Door(
                    f"/socket.io/?EIO=4&transport=websocket&room={room}&user=user{number}",
                    f"127.0.0.1:{port}",
                ),
                dialect=SocketIo(),
            )
