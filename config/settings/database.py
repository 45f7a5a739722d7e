"""PostgreSQL through django-tenants, with psycopg's own pool."""

from urllib.parse import parse_qsl, unquote, urlsplit

from config.settings.base import ENV
from tenants.liveness import CONNECTING, RECONNECT_TIMEOUT, begin_anew

_url = urlsplit(ENV.database_url)
_options = dict(parse_qsl(_url.query))

DATABASES = {
    "default": {
        "ENGINE": "tenants.backend",
        "HOST": _options.pop("host", None) or _url.hostname or "",
        "PORT": str(_url.port or ""),
        "NAME": unquote(_url.path.lstrip("/")),
        "USER": unquote(_url.username or ""),
        "PASSWORD": unquote(_url.password or ""),
        # A thread a request means a connection a request: the pool keeps them few and warm, and
        # max_lifetime drops the ones whose catalogue cache has grown with every tenant they met.
        "OPTIONS": {
            **CONNECTING,
            **_options,
            "pool": {
                "min_size": 1,
                "max_size": ENV.database_pool_size,
                "timeout": 5,
                "max_lifetime": 900,
                "reconnect_timeout": RECONNECT_TIMEOUT,
                "reconnect_failed": begin_anew,
            },
        },
    }
}
DATABASE_ROUTERS = ["django_tenants.routers.TenantSyncRouter"]
DATABASE_URL = ENV.database_url
DATABASE_POOL_SIZE = ENV.database_pool_size
