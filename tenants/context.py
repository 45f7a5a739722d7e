"""The one door into a tenant's schema for code that uses the ORM.

`in_tenant` (async) and `run_in_tenant` (sync) enter the schema, run one function to its end and leave, all in one
thread. The function must return plain data: a lazy queryset that escapes would be read in whatever schema comes next.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final, ParamSpec, Protocol, TypeVar, cast

from asgiref.sync import async_to_sync
from django.db import close_old_connections, connection
from django.db.models import Manager, QuerySet
from django_tenants.utils import get_public_schema_name, schema_context, tenant_context

P = ParamSpec("P")
R = TypeVar("R")

# Bounded: asgiref's thread_sensitive mode would give the whole process one database thread.
_executor = ThreadPoolExecutor(max_workers=8, thread_name_prefix="tenant")

# What does its reading only after it has left.
_LAZY: Final = (QuerySet, Manager, Iterator, Awaitable)


class HasSchema(Protocol):
    """Anything that names a tenant's schema: the model, or the directory's TenantInfo."""

    @property
    def schema_name(self) -> str: ...


class SchemaConnection(Protocol):
    """What django-tenants adds to this thread's connection."""

    schema_name: str

    def set_tenant(self, tenant: HasSchema) -> None: ...

    def set_schema_to_public(self) -> None: ...


def schema_connection() -> SchemaConnection:
    """This thread's connection. For middleware and for those who open workspaces; others go through the door."""
    return cast(SchemaConnection, connection)


def give_back_connection() -> None:
    """Before a long wait for something else: outside a transaction, this thread's connection goes back to its pool. The
    next query takes one again, in the same schema."""
    if not connection.in_atomic_block:
        connection.close()


def wait_for(work: Callable[P, Coroutine[Any, Any, R]], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run a coroutine from sync code, and wait for it without a connection: it may wait for a tenant's own server, and
    with each of them a thread of ours. The few connections are everybody's."""
    give_back_connection()
    return async_to_sync(work)(*args, **kwargs)


def run_in_tenant(tenant: HasSchema, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run `work` inside the tenant's schema and return its result. Raises TypeError for a lazy one."""
    with tenant_context(tenant):
        result = work(*args, **kwargs)
        if isinstance(result, _LAZY):
            raise TypeError(
                f"{work} returned a {type(result).__name__}, which would be read outside its tenant"
            )
        return result


def run_in_public(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run `work` in the public schema, and come back to where this thread was."""
    with schema_context(get_public_schema_name()):
        return work(*args, **kwargs)


async def in_tenant(tenant: HasSchema, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """`run_in_tenant` from an event loop, in one hop to a database thread."""
    call = partial(_in_thread, partial(run_in_tenant, tenant, work, *args, **kwargs))
    return await asyncio.get_running_loop().run_in_executor(_executor, call)


async def in_public(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run `work` in the public schema, in one hop to a database thread."""
    call = partial(_in_thread, partial(_run_in_public, partial(work, *args, **kwargs)))
    return await asyncio.get_running_loop().run_in_executor(_executor, call)


def _run_in_public(work: Callable[[], R]) -> R:
    schema_connection().set_schema_to_public()
    return work()


def _in_thread(work: Callable[[], R]) -> R:
    try:
        return work()
    finally:
        close_old_connections()
