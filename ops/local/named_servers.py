"""Whether a database or Redis that the environment names answers: asked first, for one clear line."""

from ops.local.errors import LaunchError

_PATIENCE = 5


def check_database(url: str | None) -> None:
    if url is None:
        return
    import psycopg  # only here: most starts have no use for it

    try:
        psycopg.connect(url, connect_timeout=_PATIENCE).close()
    except psycopg.Error as error:
        raise LaunchError(f"the database of DATABASE_URL does not answer: {_first_line(error)}") from None


def check_redis(urls: str | None) -> None:
    """Each of the comma-separated shards. A Sentinel is left to the product, which knows how to ask it."""
    for url in (urls or "").split(","):
        if not url.startswith(("redis://", "rediss://", "unix://")):
            continue
        import redis

        try:
            with redis.Redis.from_url(
                url, socket_connect_timeout=_PATIENCE, socket_timeout=_PATIENCE
            ) as client:
                client.ping()
        except (redis.RedisError, ValueError) as error:
            raise LaunchError(f"the Redis of REDIS_URL does not answer: {_first_line(error)}") from None


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
