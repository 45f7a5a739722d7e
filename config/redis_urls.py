"""REDIS_URL: one Redis or several shards, each named by its address or by the Sentinels that know its master.

    redis://[user:password@]host[:port][/db][?options]              rediss:// with TLS
    unix://[user:password@]/path/to/socket[?db=N]
    redis+sentinel://[user:password@]host[:port][,host[:port]…]/master[/db][?options]
                                                                    rediss+sentinel:// with TLS

Commas separate shards as well as Sentinels; what follows a comma begins a new shard if it begins with a scheme.
"""

import re
from typing import Any, Final
from urllib.parse import SplitResult, unquote, urlsplit

import redis

# One shard, in the form in which channels-redis takes its hosts.
Host = dict[str, Any]

SCHEMES: Final = ("redis://", "rediss://", "unix://", "redis+sentinel://", "rediss+sentinel://")
SENTINEL_PORT: Final = 26379
# Of all that redis-py understands, what describes the connection and not our use of it.
OPTIONS: Final = frozenset(
    {"client_name", "db", "health_check_interval", "password", "username"}
    | {"socket_connect_timeout", "socket_keepalive", "socket_timeout"}
)
TLS_OPTIONS: Final = frozenset(
    {"ssl_ca_certs", "ssl_ca_path", "ssl_cert_reqs", "ssl_certfile", "ssl_check_hostname", "ssl_keyfile"}
)
SENTINEL_OPTIONS: Final = frozenset({"sentinel_username", "sentinel_password"})

_parse: Final[Any] = redis.connection.parse_url  # which redis-py leaves without types
_BETWEEN_SHARDS = re.compile(r",\s*(?=[a-z+]+://)")
_SENTINEL_URL = re.compile(
    r"(?P<scheme>rediss?)\+sentinel://(?:(?P<credentials>[^/?#]*)@)?(?P<sentinels>[^/?#@]*)"
    r"(?:/(?P<master>[^/?#]*))?(?P<path>/[^?#]*)?(?:\?(?P<query>[^#]*))?"
)
_SENTINEL = re.compile(r"(?:(?P<name>[A-Za-z0-9._-]+)|\[(?P<v6>[0-9A-Fa-f:.]+)\])(?::(?P<port>[0-9]{1,5}))?")
_MASTER = re.compile(r"[A-Za-z0-9._-]+")
_DATABASE = re.compile(r"/?|/[0-9]{1,5}")


def hosts(value: str) -> tuple[Host, ...]:
    """Every shard, in order. Raises ValueError with what is wrong; it never repeats the URL, which holds a password."""
    return tuple(_host(url) for url in _BETWEEN_SHARDS.split(value.strip(" ,")))


def _host(url: str) -> Host:
    scheme, separator, _ = url.partition("://")
    if scheme + separator not in SCHEMES:
        raise ValueError(f"must hold shards that begin with {' or '.join(SCHEMES)}")
    return _behind_sentinels(url) if scheme.endswith("+sentinel") else _at_an_address(url)


def _at_an_address(url: str) -> Host:
    if "," in url:
        raise ValueError(
            "holds a comma within a shard: write %2C, or begin the next one with redis:// as well"
        )
    parts = _split(url)
    if parts.scheme == "unix":
        if not parts.path.strip("/"):
            raise ValueError("holds a unix:// URL without the path of a socket")
    elif not parts.hostname or parts.port == 0:
        raise ValueError("holds a URL without a host, or with port 0")
    else:
        _check_database(parts.path)
    tls = parts.scheme == "rediss"
    _check_options(parts.query, OPTIONS | TLS_OPTIONS if tls else OPTIONS)
    _options(url, tls=tls)
    return {"address": url}


def _behind_sentinels(url: str) -> Host:
    found = _SENTINEL_URL.fullmatch(url)
    if found is None:
        raise ValueError("holds a Sentinel URL that cannot be read: write an @ in a password as %40")
    if not _MASTER.fullmatch(master := unquote(found["master"] or "")):
        raise ValueError("holds a Sentinel URL that names no master: it ends like …:26379/mymaster/0")
    _check_database(found["path"] or "")
    query, tls = found["query"] or "", found["scheme"] == "rediss"
    _check_options(query, OPTIONS | SENTINEL_OPTIONS | (TLS_OPTIONS if tls else frozenset()))
    credentials = f"{found['credentials']}@" if found["credentials"] else ""
    of_master = f"redis{'s' * tls}://{credentials}master{found['path'] or ''}?{query}"
    _split(of_master)
    options = _options(of_master, tls=tls)
    of_sentinels = {
        name.removeprefix("sentinel_"): options.pop(name) for name in SENTINEL_OPTIONS & options.keys()
    }
    if tls:
        of_sentinels |= {"ssl": True, **{name: options[name] for name in TLS_OPTIONS & options.keys()}}
    return {
        "sentinels": [_sentinel(each.strip()) for each in found["sentinels"].split(",")],
        "master_name": master,
        "sentinel_kwargs": of_sentinels,
        "ssl": tls,
        **options,
    }


def _sentinel(address: str) -> tuple[str, int]:
    found = _SENTINEL.fullmatch(address)
    port = int(found["port"] or SENTINEL_PORT) if found else 0
    if found is None or not 0 < port < 65536:
        raise ValueError("holds a Sentinel that is no host or host:port")
    return found["name"] or found["v6"], port


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise ValueError("holds a URL that cannot be read: look at its host and port") from None
    return parts


def _check_database(path: str) -> None:
    if not _DATABASE.fullmatch(path):
        raise ValueError("holds a URL that ends in something other than the number of a database, such as /0")


def _check_options(query: str, known: frozenset[str]) -> None:
    for pair in query.split("&") if query else []:
        if pair.partition("=")[0] not in known:
            raise ValueError(f"holds an option that is none of {', '.join(sorted(known))}")


def _options(url: str, *, tls: bool) -> dict[str, Any]:
    """What redis-py reads in an ordinary URL, without the address; a connection made of it shows that all is well."""
    try:
        options: dict[str, Any] = _parse(url)
        kind = options.pop("connection_class", redis.Connection)
        own = {name: value for name, value in options.items() if name not in SENTINEL_OPTIONS}
        kind(**own)
    except (TypeError, ValueError, redis.RedisError) as error:
        raise ValueError(f"holds an option with a value that is not understood: {error}") from None
    return {name: value for name, value in options.items() if name not in {"host", "port", "path"}}
