"""Every statement that the product sends to its database, as the database logs it."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import psycopg

from ops.local import Stack

_SENT = re.compile(r" LOG:  (?:statement|execute [^:]+): (.*)")
# What a pool says to see whether a connection lives, and the brackets around other statements.
_CEREMONY = ("BEGIN", "COMMIT", "ROLLBACK", "SELECT 1", "SET ", "SHOW ", "RESET ")
NOTICED_WITHIN = 5.0


@contextmanager
def noted(stack: Stack) -> Iterator[list[str]]:
    """The first line of each statement that is sent in the block, listed when it ends."""
    log = stack.data_dir.logs / "postgres.log"
    sent: list[str] = []
    with psycopg.connect(_as_admin(stack), autocommit=True) as admin:
        admin.execute("ALTER SYSTEM SET log_statement = 'all'")
        try:
            _reload(admin, "all")
            began = log.stat().st_size
            yield sent
            with log.open("rb") as file:
                file.seek(began)
                lines = file.read().decode(errors="replace").splitlines()
        finally:
            admin.execute("ALTER SYSTEM RESET log_statement")
            _reload(admin, "none")
    texts = [found[1] for line in lines if (found := _SENT.search(line))]
    sent += [text for text in texts if not text.upper().startswith(_CEREMONY)]


def _reload(admin: "psycopg.Connection[tuple[str]]", wanted: str) -> None:
    admin.execute("SELECT pg_reload_conf()")
    deadline = time.monotonic() + NOTICED_WITHIN
    while (row := admin.execute("SHOW log_statement").fetchone()) is None or row[0] != wanted:
        assert time.monotonic() < deadline, "PostgreSQL did not read its configuration again"
        time.sleep(0.02)


def _as_admin(stack: Stack) -> str:
    parts = urlsplit(stack.own_env["DATABASE_URL"])
    password = stack.data_dir.secrets().database_admin_password
    return f"postgresql://postgres:{password}@{parts.hostname}:{parts.port}{parts.path}"
