"""A whole transaction in one round trip, on libpq's pipeline mode itself.

A psycopg cursor for each statement costs more CPU than PostgreSQL takes to carry it out. Here statements leave in one
write and their rows come back as plain tuples. What is sent often is prepared, once for each connection.
"""

import itertools
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import psycopg
from psycopg import AsyncConnection, generators
from psycopg.abc import PQGen
from psycopg.abc import Transformer as AnyTransformer
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGconn, PGresult

# A backend keeps a plan of some tens of KiB for each.
MOST_PREPARED: Final = 400
# A statement is prepared when it comes this often: of a thousand tenants most are quiet.
PREPARED_AT: Final = 3

# Nobody who writes waits for long on a locked table, nor holds locks for long after dying in mid-transaction. Plans are
# made once and kept: while tables are empty, sequential scans and hash joins look cheap, and would be used later too.
_SESSION: Final = """
    SET lock_timeout = '2s'; SET idle_in_transaction_session_timeout = '10s';
    SET plan_cache_mode = force_generic_plan;
    SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off
"""
_TRANSACTION: Final = (
    b"SELECT set_config('lock_timeout', '2s', true), "
    b"set_config('idle_in_transaction_session_timeout', '10s', true)"
)
_BEGIN: Final = b"BEGIN ISOLATION LEVEL READ COMMITTED"  # whatever the server's default
_COMMIT: Final = b"COMMIT"
_FORGET: Final = b"DEALLOCATE ALL"

_NAMED = re.compile(rb"%\((\w+)\)s")


Rows = list[tuple[Any, ...]]


class Statement(NamedTuple):
    """SQL with $1, $2 … and what stands for them."""

    text: bytes
    values: tuple[Any, ...] = ()


def numbered(text: bytes) -> tuple[bytes, tuple[str, ...]]:
    """SQL in psycopg's own style, `%(value)s`, with $1, $2 … instead, and which value each stands for."""
    order = tuple(dict.fromkeys(name.decode() for name in _NAMED.findall(text)))
    return _NAMED.sub(lambda found: b"$%d" % (order.index(found[1].decode()) + 1), text), order


class WritingConnection(AsyncConnection[tuple[Any, ...]]):
    """A connection for `transact`."""

    # Whether what is set and prepared on it stays: not where a transaction pooler stands in between.
    keeps_session = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._seen: Counter[bytes] = Counter()
        self._plans: dict[bytes, bytes] = {}  # the names of what is prepared
        self._names = itertools.count()

    async def settle(self) -> None:
        """Find out what stands at the other end, and set what holds for the whole session."""
        row = await (await self.execute("SELECT pg_backend_pid()")).fetchone()
        self.keeps_session = row is not None and row[0] == self.info.backend_pid
        if self.keeps_session:
            await self.execute(_SESSION)

    async def transact(self, statements: Sequence[Statement]) -> list[Rows]:
        """Carry them out in one transaction; for each the rows it returned.

        Raises what psycopg raises; nothing is written then, unless the connection broke while it committed.
        """
        opening = [_BEGIN] if self.keeps_session else [_BEGIN, _TRANSACTION]
        if len(self._seen) > MOST_PREPARED:
            self._forget_plans()
            opening.insert(0, _FORGET)
        every = [*(Statement(text) for text in opening), *statements, Statement(_COMMIT)]
        try:
            rows = await self.wait(self._run(every))
        except BaseException:
            await self._recover()
            raise
        return rows[len(opening) : -1]

    def _run(self, statements: Sequence[Statement]) -> PQGen[list[Rows]]:
        wire, transformer = self.pgconn, Transformer(self)
        wire.enter_pipeline_mode()
        prepares = [self._send(wire, transformer, each) for each in statements]
        wire.pipeline_sync()
        yield from generators.send(wire)
        failed: PGresult | None = None
        found: list[Rows] = []
        for each, prepare in zip(statements, prepares, strict=True):
            results = (yield from generators.fetch_many(wire)) if prepare else []
            results += yield from generators.fetch_many(wire)
            failed = failed or _fault(results)
            if prepare and failed is None:
                self._plans[each.text] = prepare
            found.append(_rows(transformer, results[-1]))
        yield from generators.fetch_many(wire)  # the sync
        wire.exit_pipeline_mode()
        if failed is not None:
            raise error_from_result(failed, encoding=self.info.encoding)
        return found

    def _send(self, wire: PGconn, transformer: AnyTransformer, each: Statement) -> bytes:
        """Queue it; the name under which it is being prepared, if it is."""
        values = (
            transformer.dump_sequence(each.values, [PyFormat.TEXT] * len(each.values)) if each.values else []
        )
        name = self._plans.get(each.text)
        if name is not None:
            wire.send_query_prepared(name, values)
            return b""
        self._seen[each.text] += 1
        if self._seen[each.text] < PREPARED_AT or not each.values or not self.keeps_session:
            wire.send_query_params(each.text, values)
            return b""
        name = b"snug%d" % next(self._names)
        wire.send_prepare(name, each.text)
        wire.send_query_prepared(name, values)
        return name

    async def _recover(self) -> None:
        """After a fault: an end to the transaction, and no belief in what was prepared."""
        if self.closed or self.broken or self.pgconn.pipeline_status:
            await self.close()
            return
        self._forget_plans()
        try:
            await self.execute("ROLLBACK")
            await self.execute(_FORGET)
        except psycopg.Error:
            await self.close()

    def _forget_plans(self) -> None:
        self._seen.clear()
        self._plans.clear()


def _fault(results: Sequence[PGresult]) -> PGresult | None:
    return next((result for result in results if result.status == ExecStatus.FATAL_ERROR), None)


def _rows(transformer: AnyTransformer, result: PGresult) -> Rows:
    if result.status != ExecStatus.TUPLES_OK:
        return []
    transformer.set_pgresult(result)
    return transformer.load_rows(0, result.ntuples, tuple)
