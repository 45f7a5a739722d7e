"""ejabberd with its archive in PostgreSQL: XMPP over WebSocket, a multi-user chat room a room, a password a user.

From the system's packages, which bin/bench does not install by itself. It runs as Debian's ejabberdctl would run it,
but on a folder, a port and a database of our own, and without Erlang's distribution.
"""

import base64
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

from bench.client import Door, Socket
from bench.peers.ejabberd.configuration import configuration
from bench.peers.starting import PeerUnavailableError, running
from bench.shapes import Shape
from bench.target import Target
from ops.local import Stack
from ops.local.network import private_port
from ops.local.supervisor import Program

NAME = "ejabberd"
_DATABASE = "bench_ejabberd"
_PASSWORD = "benchmark"
_TABLES = Path("/usr/share/ejabberd/sql/pg.sql")
_INSTALL = "apt-get install --no-install-recommends ejabberd erlang-p1-pgsql"
_MORE_USERS = 200
_OPEN = b'<open xmlns="urn:ietf:params:xml:ns:xmpp-framing" to="localhost" version="1.0"/>'


class Xmpp:
    """XMPP over WebSocket (RFC 7395), as far as one who enters a room and talks needs it."""

    def chat(self, socket: Socket, text: str) -> bytes:
        return (
            f'<message xmlns="jabber:client" to="{_address(socket.door.room)}" type="groupchat">'
            f"<body>{text}</body></message>"
        ).encode()

    def heard(self, socket: Socket, frame: bytes) -> bool:
        if b"<success" in frame:
            socket.send(_OPEN)
        elif b"features" in frame:
            socket.send(_bind() if b"xmpp-bind" in frame else _authenticate(socket.door.user))
        elif b"<iq" in frame and b"<jid>" in frame:
            socket.send(_join(socket.door))
        # Status 110: this presence is one's own, and the last of those that a newcomer gets.
        return b"code='110'" in frame or b'code="110"' in frame


def describe(cache: Path) -> str:
    found = _libraries()
    return f"{found.name if found else NAME} on Erlang, mod_muc, mod_mam in PostgreSQL"


@contextmanager
def serve(folder: Path, cache: Path, shape: Shape) -> Iterator[Target]:
    libraries = _libraries()
    if shutil.which("erl") is None or libraries is None or not _TABLES.exists():
        raise PeerUnavailableError(f"it is not installed; to have it: {_INSTALL}")
    port = private_port()
    with Stack(folder, web_workers=0, worker=False, holder="bin/bench") as stack:
        database_url = _new_database(stack.env["DATABASE_URL"], shape.connections + _MORE_USERS)
        spool = folder / NAME
        shutil.rmtree(spool, ignore_errors=True)
        spool.mkdir(parents=True)
        (spool / "ejabberd.yml").write_text(configuration(port, database_url))
        mnesia = str(spool / "mnesia")
        program = Program(
            name=NAME,
            argv=[
                "erl",
                "-noinput",
                "+K",
                "true",
                "+P",
                "250000",
                "-mnesia",
                "dir",
                f'"{mnesia}"',
                "-s",
                "ejabberd",
            ],
            env={
                **os.environ,
                "HOME": str(spool),
                "ERL_LIBS": str(libraries.parent),
                "EJABBERD_CONFIG_PATH": str(spool / "ejabberd.yml"),
                "EJABBERD_LOG_PATH": str(spool / "ejabberd.log"),
            },
            cwd=spool,
            log=folder / f"{NAME}.log",
        )
        with running(program, port) as pid:
            yield Target(
                name=NAME,
                port=port,
                processes={"server": (pid,), "database": (stack.processes["postgres"],)},
                door=lambda number, room: _door(number, room, port),
                dialect=Xmpp(),
                stored=lambda mark: _stored(database_url, mark),
                database_url=database_url,
            )


def _door(number: int, room: str, port: int) -> Door:
    return Door(
        "/ws",
        f"localhost:{port}",
        ("Sec-WebSocket-Protocol: xmpp",),
        greeting=_OPEN,
        user=f"user{number}",
        room=room,
    )


def _address(room: str) -> str:
    return f"{room}@conference.localhost"


def _authenticate(user: str) -> bytes:
    proof = base64.b64encode(f"\0{user}\0{_PASSWORD}".encode()).decode()
    return f'<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="PLAIN">{proof}</auth>'.encode()


def _bind() -> bytes:
    bind = '<bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"/>'
    return f'<iq xmlns="jabber:client" type="set" id="bind">{bind}</iq>'.encode()


def _join(door: Door) -> bytes:
    quiet = '<x xmlns="http://jabber.org/protocol/muc"><history maxstanzas="0"/></x>'
    return (
        f'<presence xmlns="jabber:client" to="{_address(door.room)}/{door.user}">{quiet}</presence>'.encode()
    )


def _libraries() -> Path | None:
    """ejabberd's own folder among Erlang's libraries."""
    found = sorted(Path("/usr/lib").glob("*/ejabberd-*/ebin/ejabberd.app"))
    return found[0].parent.parent if found else None


def _new_database(url: str, users: int) -> str:
    """An empty database with ejabberd's tables and so many users; its URL."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {_DATABASE} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {_DATABASE}")
    own = urlunsplit(urlsplit(url)._replace(path=f"/{_DATABASE}"))
    with psycopg.connect(own) as connection:
        connection.execute(_TABLES.read_bytes())
        connection.execute(
            "INSERT INTO users (username, password) SELECT 'user' || each, %s FROM generate_series(0, %s) each",
            [_PASSWORD, users],
        )
    return own


def _stored(database_url: str, mark: str) -> int:
    with psycopg.connect(database_url) as connection:
        found = connection.execute(
            "SELECT count(*) FROM archive WHERE position(%s in txt) > 0", [mark]
        ).fetchone()
    assert found is not None
    return int(found[0])
