"""One commit a message: the plain way to store messages, on the same database, for ours to be set beside."""

import time

import psycopg

_SCHEMA = "bench_commits"
_TEXT = "x" * 100


def commit_times(database_url: str, seconds: float) -> list[float]:
    """Milliseconds of each insert with its commit, one writer, for so long; ascending. A commit waits for the disk."""
    with psycopg.connect(database_url) as connection:
        connection.execute(f"DROP SCHEMA IF EXISTS {_SCHEMA} CASCADE")
        connection.execute(f"CREATE SCHEMA {_SCHEMA}")
        connection.execute(
            f"CREATE TABLE {_SCHEMA}.message (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, room integer, "
            "body text, created_at timestamptz DEFAULT now())"
        )
        connection.commit()
        took: list[float] = []
        end = time.perf_counter() + seconds
        while (began := time.perf_counter()) < end:
            connection.execute(f"INSERT INTO {_SCHEMA}.message (room, body) VALUES (%s, %s)", (1, _TEXT))
            connection.commit()
            took.append((time.perf_counter() - began) * 1000)
        connection.execute(f"DROP SCHEMA {_SCHEMA} CASCADE")
    return sorted(took)
