"""The environment: whatever is missing or malformed is one clear line, at start."""

import base64
import os
import socket
import subprocess
import sys
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography.fernet import Fernet

from config import redis_urls
from config.env import ConfigurationError, read
from ops.local import Stack
from realtime import connecting

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
            "CHANNEL_ENCRYPTION_KEYS": f"{'n' * 32}, {'o' * 32}",
            "SNUG_TRUSTED_PROXIES": "10.0.0.0/8, 192.0.2.7, fd00::/8",
        }
    )
    assert env.field_encryption_keys == (KEY, other)
    shards = ("redis://one:6379/0", "rediss://two:6380/0", "unix:///run/redis.sock")
    assert env.redis_hosts == tuple({"address": shard} for shard in shards)
    assert env.channel_encryption_keys == ("n" * 32, "o" * 32)
    assert env.trusted_proxies == (ip_network("10.0.0.0/8"), ip_network("192.0.2.7"), ip_network("fd00::/8"))


def test_redis_may_be_behind_sentinels() -> None:
    url = "redis+sentinel://snug:hush%40home@one,two:26380,[::1]/mymaster/2?socket_timeout=3&sentinel_password=hush"
    (host,) = read(WHOLE | {"REDIS_URL": url}).redis_hosts
    assert host == {
        "sentinels": [("one", 26379), ("two", 26380), ("::1", 26379)],
        "master_name": "mymaster",
        "sentinel_kwargs": {"password": "hush"},
        "username": "snug",
        "password": "hush@home",
        "db": 2,
        "socket_timeout": 3.0,
        "ssl": False,
    }


def test_tls_is_for_the_sentinels_too() -> None:
    url = "rediss+sentinel://one/mymaster?ssl_ca_certs=/etc/ca.pem"
    (host,) = read(WHOLE | {"REDIS_URL": url}).redis_hosts
    assert (host["ssl"], host["ssl_ca_certs"]) == (True, "/etc/ca.pem")
    assert host["sentinel_kwargs"] == {"ssl": True, "ssl_ca_certs": "/etc/ca.pem"}


def test_a_shard_may_be_behind_sentinels_of_its_own() -> None:
    urls = "redis+sentinel://one,two/first,redis://three:6379/0, redis+sentinel://one,two/second/1"
    hosts = read(WHOLE | {"REDIS_URL": urls}).redis_hosts
    assert [host.get("master_name", host.get("address")) for host in hosts] == [
        "first",
        "redis://three:6379/0",
        "second",
    ]


def test_every_option_of_a_redis_url_makes_a_connection() -> None:
    """In a loop and without one: an option that either did not know would be a traceback later."""
    plain = {"socket_timeout": "1", "socket_connect_timeout": "1.5", "socket_keepalive": "yes"}
    plain |= {
        "client_name": "snug",
        "db": "3",
        "health_check_interval": "30",
        "username": "u",
        "password": "p",
    }
    tls = dict.fromkeys(redis_urls.TLS_OPTIONS, "/etc/some.pem")
    tls |= {"ssl_cert_reqs": "none", "ssl_check_hostname": "no"}
    assert set(plain) == set(redis_urls.OPTIONS)
    assert set(tls) == set(redis_urls.TLS_OPTIONS)
    for scheme, options in (("redis", plain), ("rediss", plain | tls)):
        for form in ("one:6379", "one,two/mymaster"):
            prefix = scheme if form == "one:6379" else f"{scheme}+sentinel"
            (host,) = read(WHOLE | {"REDIS_URL": f"{prefix}://{form}?{urlencode(options)}"}).redis_hosts
            pools: list[Any] = [connecting.pool(host), connecting.sync_pool(host)]
            for connection in [pool.make_connection() for pool in pools]:
                assert (connection.db, connection.username, connection.client_name) == (3, "u", "snug")
                assert connection.socket_timeout == 1.0


def test_a_database_may_be_behind_a_unix_socket() -> None:
    url = "postgresql:///snug?host=/run/postgresql"
    assert read(WHOLE | {"DATABASE_URL": url}).database_url == url


def test_secrets_stay_out_of_the_repr() -> None:
    shown = repr(
        read(WHOLE | {"EMAIL_URL": "smtp://me:hush@mail:25", "STRIPE_SECRET_KEY": "sk_test_hushhush"})
    )
    assert "hush" not in shown
    assert KEY not in shown
    assert WHOLE["SECRET_KEY"] not in shown


MALFORMED = [
    ("STRIPE_SECRET_KEY", "pk_test_12345678", "secret key"),
    ("STRIPE_SECRET_KEY", "sk_test_", "secret key"),
    ("STRIPE_WEBHOOK_SECRET", "whsec_", "whsec_"),
    ("STRIPE_WEBHOOK_SECRET", "whsec_12345678", "without STRIPE_SECRET_KEY"),
    ("STRIPE_API_BASE", "localhost:12111", "http://"),
    ("STRIPE_RETRY_DAYS", "61", "whole number from 0 to 60"),
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
    ("SNUG_DRAIN_NOTICE", "-1", "whole number from 0 to 120"),
    ("SNUG_DRAIN_NOTICE", "121", "whole number from 0 to 120"),
    ("REDIS_URL", "", "not set"),
    ("REDIS_URL", "http://cache", "redis:// or rediss:// or unix://"),
    ("REDIS_URL", "redis://one:6379/0,two:6379", "comma within a shard"),
    ("REDIS_URL", "redis://:hush@[bad", "host and port"),
    ("REDIS_URL", " , ", "not set"),
    ("REDIS_URL", "redis://one,two:hush", "comma within a shard"),
    ("REDIS_URL", "redis://:hush@:6379/0", "without a host"),
    ("REDIS_URL", "redis://one:0/0", "port 0"),
    ("REDIS_URL", "redis://:hush@one:6379/first", "number of a database"),
    ("REDIS_URL", "redis://one:6379/0,redis://two:6379/0/0", "number of a database"),
    ("REDIS_URL", "unix://", "path of a socket"),
    ("REDIS_URL", "redis://one?decode_responses=1&password=hush", "an option that is none of"),
    ("REDIS_URL", "redis://one?ssl_ca_certs=ca.pem", "an option that is none of"),
    ("REDIS_URL", "redis://one?socket_timeout=soon", "value that is not understood"),
    ("REDIS_URL", "rediss://one?ssl_cert_reqs=perhaps", "value that is not understood"),
    ("REDIS_URL", "redis+sentinel://:hush@one,two", "names no master"),
    ("REDIS_URL", "redis+sentinel://:hush@one,two/", "names no master"),
    ("REDIS_URL", "redis+sentinel://one/my%20master", "names no master"),
    ("REDIS_URL", "redis+sentinel://one/mymaster/first", "number of a database"),
    ("REDIS_URL", "redis+sentinel://:hush@/mymaster", "no host or host:port"),
    ("REDIS_URL", "redis+sentinel://:hush@one,,two/mymaster", "no host or host:port"),
    ("REDIS_URL", "redis+sentinel://:hush@one:0/mymaster", "no host or host:port"),
    ("REDIS_URL", "redis+sentinel://one:99999/mymaster", "no host or host:port"),
    ("REDIS_URL", "redis+sentinel://one/mymaster#hush", "cannot be read"),
    ("REDIS_URL", "redis+sentinel://:hu[sh@one/mymaster", "cannot be read"),
    ("REDIS_URL", "redis+sentinel://one/mymaster?password=hush&ssl_ca_certs=x", "an option that is none of"),
    ("REDIS_URL", "sentinel://one/mymaster", "redis:// or rediss:// or unix://"),
    ("CHANNEL_CAPACITY", "many", "whole number from 1 to 1000000"),
    ("CHANNEL_CAPACITY", "0", "whole number"),
    ("CHANNEL_CAPACITY", "1000001", "whole number"),
    ("CHANNEL_EXPIRY", "0", "whole number from 1 to 86400"),
    ("CHANNEL_EXPIRY", "2.5", "whole number"),
    ("CHANNEL_EXPIRY", "86401", "whole number"),
    ("CHANNEL_ENCRYPTION_KEYS", ",", "holds no key"),
    ("CHANNEL_ENCRYPTION_KEYS", "hush", "at least 32 characters"),
    ("CHANNEL_ENCRYPTION_KEYS", f"{'n' * 32},hush", "at least 32 characters"),
    ("SNUG_TRUSTED_PROXIES", "10.0.0.1/8", "addresses or networks"),
    ("SNUG_TRUSTED_PROXIES", "proxy.internal", "addresses or networks"),
    ("EMAIL_URL", "mail.example.com", "smtp:// or smtps:// or smtp+tls://"),
    ("EMAIL_URL", "smtp://me:hush@mail:port", "host and port"),
    ("EMAIL_URL", "smtp://", "without a host"),
    ("SNUG_MAIL_FROM", "nobody", "mail address"),
    ("SNUG_MAIL_FROM", "a@b.example\nBcc: c@d.example", "cannot be printed"),
]


@pytest.mark.parametrize(
    ("name", "value", "said"), MALFORMED, ids=[f"{n}={v[:48]!r}" for n, v, _ in MALFORMED]
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
        (["-m", "realtime.server", "--fd", "0"], {"REDIS_URL": "redis+sentinel://one:26379"}),
        (["-m", "realtime.server", "--fd", "0"], {"CHANNEL_CAPACITY": "0"}),
        (["manage.py", "worker"], {"CHANNEL_EXPIRY": "never"}),
        (["manage.py", "worker"], {"CHANNEL_ENCRYPTION_KEYS": "short"}),
    ],
    ids=" ".join,
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


def test_files_are_in_the_data_folder_or_in_a_bucket() -> None:
    assert read(WHOLE).media is None
    url = "s3://KEY:se%2Fcret@snug-files/eu?region=eu-central-1&endpoint=https://s3.example:9000/"
    media = read(WHOLE | {"MEDIA_URL": url}).media
    assert media is not None
    assert (media.bucket, media.prefix, media.key, media.secret) == ("snug-files", "eu", "KEY", "se/cret")
    assert (media.region, media.endpoint) == ("eu-central-1", "https://s3.example:9000")
    assert "cret" not in repr(media)
    plain = read(WHOLE | {"MEDIA_URL": "s3://snug-files"}).media
    assert plain is not None
    assert (plain.prefix, plain.key, plain.region, plain.endpoint) == ("", None, None, None)


@pytest.mark.parametrize(
    "url",
    [
        "https://hush.example",
        "s3://",
        "s3://B",
        "s3://hush@bucket",
        "s3://bucket?hush=1",
        "s3://bucket?endpoint=hush",
    ],
)
def test_a_bucket_that_cannot_be_read_is_one_line_without_its_secret(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^MEDIA_URL [^\n]+$") as refused:
        read(WHOLE | {"MEDIA_URL": url})
    assert "hush" not in str(refused.value)
