"""The environment: whatever is missing or malformed is one clear line, at start."""

import base64
import os
import socket
import subprocess
import sys
from ipaddress import ip_network
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from config.env import ConfigurationError, read
from ops.local import Stack

PROJECT = Path(__file__).resolve().parents[2]
# Always the same: it stands in the names of tests, which every test process must agree on.
KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()

WHOLE = {
    "SNUG_BASE_DOMAIN": "snug.example",
    "SECRET_KEY": "s" * 40,
    "FIELD_ENCRYPTION_KEYS": KEY,
    "DATABASE_URL": "postgres://snug:hush@db.internal:5432/snug",
    "REDIS_URL": "redis://:hush@cache.internal:6379/0",
}


def test_five_variables_are_enough_and_the_rest_has_defaults() -> None:
    env = read(WHOLE)
    assert (env.environment, env.base_domain, env.public_scheme) == ("production", "snug.example", "https")
    assert env.public_port is None
    assert env.trusted_proxies == ()
    assert env.data_dir == Path(".snug").absolute()


def test_development_is_served_without_tls() -> None:
    env = read(WHOLE | {"SNUG_ENV": "development", "SNUG_PUBLIC_PORT": "8000"})
    assert (env.development, env.public_scheme, env.public_port) == (True, "http", 8000)


def test_in_development_the_portal_is_at_localhost() -> None:
    bare = {name: value for name, value in WHOLE.items() if name != "SNUG_BASE_DOMAIN"}
    assert read(bare | {"SNUG_ENV": "development"}).base_domain == "localhost"
    with pytest.raises(ConfigurationError, match="SNUG_BASE_DOMAIN"):
        read(bare)


def test_lists_are_read_whole_and_in_order() -> None:
    other = Fernet.generate_key().decode()
    env = read(
        WHOLE
        | {
            "FIELD_ENCRYPTION_KEYS": f"{KEY}, {other}",
            "REDIS_URL": "redis://one:6379/0, rediss://two:6380/0,unix:///run/redis.sock",
            "SNUG_TRUSTED_PROXIES": "10.0.0.0/8, 192.0.2.7, fd00::/8",
        }
    )
    assert env.field_encryption_keys == (KEY, other)
    assert env.redis_urls == ("redis://one:6379/0", "rediss://two:6380/0", "unix:///run/redis.sock")
    assert env.trusted_proxies == (ip_network("10.0.0.0/8"), ip_network("192.0.2.7"), ip_network("fd00::/8"))


def test_a_database_may_be_behind_a_unix_socket() -> None:
    url = "postgresql:///snug?host=/run/postgresql"
    assert read(WHOLE | {"DATABASE_URL": url}).database_url == url


def test_secrets_stay_out_of_the_repr() -> None:
    shown = repr(read(WHOLE | {"EMAIL_URL": "smtp://me:hush@mail:25", "STRIPE_SECRET_KEY": "sk_hush"}))
    assert "hush" not in shown
    assert KEY not in shown
    assert WHOLE["SECRET_KEY"] not in shown


MALFORMED = [
    ("SNUG_ENV", "staging", "development, production"),
    ("SNUG_BASE_DOMAIN", "https://snug.example", "bare host name"),
    ("SNUG_BASE_DOMAIN", "snug.example:8000", "bare host name"),
    ("SNUG_BASE_DOMAIN", "snug..example", "bare host name"),
    ("SNUG_BASE_DOMAIN", "-snug.example", "bare host name"),
    ("SNUG_PUBLIC_SCHEME", "gopher", "http, https"),
    ("SNUG_PUBLIC_PORT", "eighty", "whole number from 1 to 65535"),
    ("SNUG_PUBLIC_PORT", "0", "whole number"),
    ("SNUG_PUBLIC_PORT", "65536", "whole number"),
    ("SNUG_PUBLIC_PORT", "-1", "whole number"),
    ("SNUG_PUBLIC_PORT", "80.5", "whole number"),
    ("SNUG_PUBLIC_PORT", "9" * 5000, "whole number"),
    ("SECRET_KEY", "", "not set"),
    ("SECRET_KEY", "short", "at least 32 characters"),
    ("SECRET_KEY", "s" * 40 + "\udcff", "cannot be printed"),
    ("FIELD_ENCRYPTION_KEYS", "", "not set"),
    ("FIELD_ENCRYPTION_KEYS", " , ", "not set"),
    ("FIELD_ENCRYPTION_KEYS", "not-a-key", "32 bytes in URL-safe base64"),
    ("FIELD_ENCRYPTION_KEYS", f"{KEY},clé", "32 bytes in URL-safe base64"),
    ("DATABASE_URL", "", "not set"),
    ("DATABASE_URL", "mysql://snug:hush@db/snug", "postgres:// or postgresql://"),
    ("DATABASE_URL", "postgres://snug:hush@db:99999/snug", "host and port"),
    ("DATABASE_URL", "postgres://snug:hush@[::1/snug", "host and port"),
    ("DATABASE_URL", "postgres://snug:hush@db:five/snug", "host and port"),
    ("DATABASE_URL", "postgres://snug:hush@db:0/snug", "port 0"),
    ("DATABASE_URL", "postgres://snug:hush@db", "names no database"),
    ("DATABASE_URL", "postgres:///snug", "without a host"),
    ("SNUG_DATABASE_POOL", "1", "whole number from 2 to 200"),
    ("REDIS_URL", "", "not set"),
    ("REDIS_URL", "http://cache", "redis:// or rediss:// or unix://"),
    ("REDIS_URL", "redis://one:6379/0,two:6379", "redis:// or rediss:// or unix://"),
    ("REDIS_URL", "redis://:hush@[bad", "host and port"),
    ("CHANNEL_CAPACITY", "many", "whole number"),
    ("CHANNEL_EXPIRY", "0", "whole number"),
    ("SNUG_TRUSTED_PROXIES", "10.0.0.1/8", "addresses or networks"),
    ("SNUG_TRUSTED_PROXIES", "proxy.internal", "addresses or networks"),
    ("EMAIL_URL", "mail.example.com", "smtp:// or smtps:// or smtp+tls://"),
    ("EMAIL_URL", "smtp://me:hush@mail:port", "host and port"),
    ("EMAIL_URL", "smtp://", "without a host"),
    ("SNUG_MAIL_FROM", "nobody", "mail address"),
    ("SNUG_MAIL_FROM", "a@b.example\nBcc: c@d.example", "cannot be printed"),
]


@pytest.mark.parametrize(
    ("name", "value", "said"), MALFORMED, ids=[f"{n}={v[:24]!r}" for n, v, _ in MALFORMED]
)
def test_a_malformed_variable_is_one_line_that_names_it(name: str, value: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read(WHOLE | {name: value})
    text = str(refused.value)
    assert text.startswith(name)
    assert said in text
    assert "\n" not in text
    assert "hush" not in text


@pytest.mark.parametrize("name", WHOLE)
def test_a_missing_variable_is_one_line_that_names_it(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{name} is not set"):
        read({key: value for key, value in WHOLE.items() if key != name})


@pytest.mark.parametrize(
    ("command", "broken"),
    [
        (["manage.py", "check"], {"DATABASE_URL": "postgres://snug:hush@[::1/snug"}),
        (["manage.py", "create_tenant", "--help"], {"SECRET_KEY": ""}),
        (["-m", "realtime.server", "--fd", "0"], {"REDIS_URL": "memcached://cache"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_every_entry_says_it_in_one_line_and_leaves_with_1(
    stack: Stack, command: list[str], broken: dict[str, str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:  # the server is given one, as its file 0
        done = subprocess.run(
            [sys.executable, *command],
            cwd=PROJECT,
            env={**os.environ, **stack.own_env, **broken},
            stdin=listener.fileno(),
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith(f"snug: {next(iter(broken))} ")
    assert done.stderr.count("\n") == 1


def test_a_database_that_is_away_is_one_line_too(stack: Stack) -> None:
    nowhere = {"DATABASE_URL": "postgres://snug:hush@127.0.0.1:1/snug"}
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate"],
        cwd=PROJECT,
        env={**os.environ, **stack.own_env, **nowhere},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("snug: the database does not answer: ")
    assert "Traceback" not in done.stderr
