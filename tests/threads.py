"""Django's work in another thread. A thread that ends with a connection keeps its place in the pool for ever."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def giving_back(work: Callable[P, R]) -> Callable[P, R]:
    """The same work, after which this thread's connection is back in the pool."""

    def done(*args: P.args, **kwargs: P.kwargs) -> R:
        from django.db import connection

        try:
            return work(*args, **kwargs)
        finally:
            connection.close()

    return done


def apart(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Do it in a thread of its own, for tests in whose thread an event loop runs: Playwright's is one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(giving_back(work), *args, **kwargs).result()
