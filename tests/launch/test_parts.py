"""The embedded database and Redis: private, durable, back when killed, and nowhere but in their folder."""

import os
import subprocess
from pathlib import Path

import psycopg
import pytest
import redis

from ops.local import LaunchError, Stack
from ops.local.data_dir import DataDir
from ops.local.network import listen
from tests.launch.machine import lives, parts_in, run


def test_the_database_is_durable_and_its_role_no_superuser(parts: Stack) -> None:
    with psycopg.connect(parts.env["DATABASE_URL"]) as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
            assert connection.execute(f"SHOW {setting}").fetchone() == ("on",)
        row = connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
        assert row == (False,)
        connection.execute("CREATE EXTENSION pg_trgm")
        assert connection.execute("SELECT lower('ÄÖÜ ŻÓŁĆ'), 'ß' ~ '[[:alpha:]]'").fetchone() == (
            "äöü żółć",
            True,
        )


def test_nobody_enters_without_the_password(parts: Stack) -> None:
    database_url, redis_url = parts.env["DATABASE_URL"], parts.env["REDIS_URL"]
    psycopg.connect(database_url).close()
    redis.Redis.from_url(redis_url).ping()

    secrets = parts.data_dir.secrets()
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(database_url.replace(secrets.database_password, "guess"))
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(database_url.replace("//snug:", "//postgres:"))
    with pytest.raises(redis.AuthenticationError):
        redis.Redis.from_url(redis_url.replace(secrets.redis_password, "guess")).ping()


def test_passwords_are_on_no_command_line_and_in_no_readable_file(parts: Stack) -> None:
    secrets = parts.data_dir.secrets()
    hidden = (secrets.database_password, secrets.database_admin_password, secrets.redis_password)
    for pid in parts.processes.values():
        told = Path(f"/proc/{pid}/cmdline").read_text()
        assert not any(secret in told for secret in hidden)
    for path in parts.data_dir.path.rglob("*"):
        if path.is_file() and path.stat().st_mode & 0o077:
            assert not any(secret.encode() in path.read_bytes() for secret in hidden), path


def test_a_killed_database_comes_back_with_every_commit(parts: Stack) -> None:
    with psycopg.connect(parts.env["DATABASE_URL"]) as connection:
        connection.execute("CREATE TABLE note (text text)")
        connection.execute("INSERT INTO note VALUES ('kept')")

    old = parts.kill("postgres")
    parts.wait_until_restarted("postgres", old)

    with psycopg.connect(parts.env["DATABASE_URL"]) as connection:
        assert connection.execute("SELECT text FROM note").fetchall() == [("kept",)]


def test_a_killed_redis_comes_back_at_the_same_address(parts: Stack) -> None:
    client = redis.Redis.from_url(parts.env["REDIS_URL"])
    client.ping()

    old = parts.kill("valkey")
    parts.wait_until_restarted("valkey", old)

    assert client.set("lease", "1")
    assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


def test_the_next_start_finds_data_ports_and_passwords_again(open_folder: Path) -> None:
    with parts_in(open_folder / "data") as first:
        env = first.env
        with psycopg.connect(env["DATABASE_URL"]) as connection:
            connection.execute("CREATE TABLE note (text text)")
    with parts_in(open_folder / "data") as second:
        assert second.env == env
        with psycopg.connect(env["DATABASE_URL"]) as connection:
            connection.execute("INSERT INTO note VALUES ('again')")


def test_a_remembered_port_that_is_taken_is_given_up(open_folder: Path) -> None:
    with parts_in(open_folder / "data"):
        pass
    known = DataDir(open_folder / "data").remembered
    with (
        listen("127.0.0.1", known("postgres_port")),
        listen("127.0.0.1", known("valkey_port")),
        parts_in(open_folder / "data") as moved,
    ):
        psycopg.connect(moved.env["DATABASE_URL"]).close()
        redis.Redis.from_url(moved.env["REDIS_URL"]).ping()


def test_a_start_that_broke_off_is_begun_again(open_folder: Path) -> None:
    half = open_folder / "data" / "postgres" / "cluster.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    with parts_in(open_folder / "data") as stack:
        psycopg.connect(stack.env["DATABASE_URL"]).close()
    assert not half.exists()


def test_a_pid_file_that_names_a_living_stranger_is_no_obstacle(open_folder: Path) -> None:
    with parts_in(open_folder / "data") as stack:
        pid_file = stack.data_dir.path / "postgres" / "cluster" / "postmaster.pid"
        left = pid_file.read_text().splitlines()
    with subprocess.Popen(["sleep", "60"]) as stranger:
        pid_file.write_text("\n".join([str(stranger.pid), *left[1:]]))
        with parts_in(open_folder / "data") as stack:
            psycopg.connect(stack.env["DATABASE_URL"]).close()
        assert lives(stranger.pid)
        stranger.kill()


def test_a_folder_in_use_is_one_clear_line(parts: Stack) -> None:
    with pytest.raises(LaunchError, match=r"in use by another Snug \(process \d+\)") as refused:
        Stack(parts.data_dir.path, web_workers=0, worker=False).open()
    assert "\n" not in str(refused.value)


def test_below_a_closed_folder_nothing_changes_but_the_data(closed_folder: Path) -> None:
    beside = closed_folder / "letter.txt"
    beside.write_text("private")
    watched = [closed_folder.parent, closed_folder, beside]
    before = {path: (path.stat().st_mode, path.stat().st_uid) for path in watched}
    with parts_in(closed_folder / "data") as stack:
        psycopg.connect(stack.env["DATABASE_URL"]).close()
        old = stack.kill("postgres")
        stack.wait_until_restarted("postgres", old)
        # What lies in /dev/shm belongs to whoever made it, and would be in the way of the next who starts there.
        server = (closed_folder / "data/postgres/cluster/postmaster.pid").read_text().split()[0]
        assert "/dev/shm/" not in Path(f"/proc/{server}/maps").read_text()

    assert {path: (path.stat().st_mode, path.stat().st_uid) for path in watched} == before
    assert {path.name for path in closed_folder.iterdir()} == {"data", "letter.txt"}


def test_a_data_folder_may_move_below_a_closed_one_and_out_again(
    open_folder: Path, closed_folder: Path
) -> None:
    place = open_folder / "data"
    for count, next_place in enumerate(
        (closed_folder / "data", open_folder / "data", open_folder / "end"), 1
    ):
        with parts_in(place) as stack, psycopg.connect(stack.env["DATABASE_URL"]) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS note (text text)")
            connection.execute("INSERT INTO note VALUES ('kept')")
            assert connection.execute("SELECT count(*) FROM note").fetchone() == (count,)
        place = place.rename(next_place)


def test_where_no_user_namespace_may_be_made_a_closed_folder_works_too(
    closed_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing = closed_folder.parent / "bin"
    refusing.mkdir()
    (refusing / "unshare").write_text("#!/bin/sh\nexit 1\n")
    (refusing / "unshare").chmod(0o755)
    monkeypatch.setenv("PATH", f"{refusing}:{os.environ['PATH']}")
    with parts_in(closed_folder / "data") as stack:
        psycopg.connect(stack.env["DATABASE_URL"]).close()


def test_an_ordinary_users_folder_stays_theirs_when_root_uses_it(project: Path) -> None:
    if os.geteuid() == 0:
        (project / ".snug").mkdir(mode=0o700)
        os.chown(project / ".snug", 1000, 1000)
    assert run(project, "manage", "write", "by root").returncode == 0
    made = [path for path in (project / ".snug").iterdir() if path.name not in ("logs", "valkey")]
    assert {path.stat().st_uid for path in made} == {(project / ".snug").stat().st_uid}


def test_as_root_the_database_runs_without_its_rights(parts: Stack) -> None:
    status = Path(f"/proc/{parts.processes['postgres']}/status").read_text()
    facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert int(facts["CapEff"], 16) == 0
    if os.geteuid() == 0:
        assert "0" not in facts["Uid"].split()
