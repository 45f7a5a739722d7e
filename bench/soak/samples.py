"""What is looked at every few seconds: each process's memory, tasks, files and threads; Redis; the database."""

import os
from collections.abc import Mapping
from http.client import HTTPConnection
from pathlib import Path

import psycopg
import redis

from bench.processes import cpu_seconds, family, kib_of
from ops.local import Stack

Sample = dict[str, float]


def sample(stack: Stack, host: str) -> Sample:
    """One look; keys are "PROCESS FIGURE". Memory in KiB."""
    found: Sample = {}
    for name, pid in stack.processes.items():
        members = family(pid)
        found |= {f"{name} {figure}": value for figure, value in _memory(members).items()}
        found[f"{name} cpu_s"] = cpu_seconds(pid)
        if name != "postgres":  # it starts a process a connection, and those are counted below
            found[f"{name} files"] = sum(len(os.listdir(f"/proc/{member}/fd")) for member in members)
            found[f"{name} threads"] = sum(_threads(member) for member in members)
    for number, port in enumerate(stack.web_ports):
        found[f"web-{number} tasks"] = _gauge(port, host, "snug_tasks")
    with redis.Redis.from_url(stack.env["REDIS_URL"]) as valkey:
        found["redis keys"] = float(valkey.dbsize())
        found["redis memory_kib"] = valkey.info("memory")["used_memory"] / 1024
        found["redis clients"] = float(valkey.info("clients")["connected_clients"])
    found["database connections"] = _connections(stack.env["DATABASE_URL"])
    return found


def _memory(members: list[int]) -> Mapping[str, float]:
    """Growing shared memory is PostgreSQL's cache filling: what belongs to one process alone is looked at there."""
    kinds = [kib_of(member) for member in members]
    return {
        "rss_kib": sum(each["Rss"] for each in kinds),
        "pss_kib": sum(each["Pss"] for each in kinds),
        "private_kib": sum(each["Private_Clean"] + each["Private_Dirty"] for each in kinds),
    }


def _threads(pid: int) -> int:
    return len(os.listdir(Path("/proc") / str(pid) / "task"))


def _gauge(port: int, host: str, name: str) -> float:
    """A figure of a web process's /metrics."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/metrics", headers={"Host": host})
        text = connection.getresponse().read().decode()
    finally:
        connection.close()
    return next(float(line.split()[1]) for line in text.splitlines() if line.startswith(f"{name} "))


def _connections(database_url: str) -> float:
    """Those of everyone but ourselves."""
    with psycopg.connect(database_url) as connection:
        found = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchone()
    assert found is not None
    return float(found[0])
