"""The environment of the product's processes in development."""

import os

from ops.local.data_dir import DataDir
from ops.local.parts import Parts
from ops.local.paths import POSTGRES_PROGRAMS
from ops.local.stripe import StripeStandIn

_USUAL_PORT = 8000


def product_environment(
    data_dir: DataDir, parts: Parts | None, web_port: int | None, stripe: StripeStandIn | None
) -> dict[str, str]:
    """What they get beyond our own environment. A variable that the caller has set there stays as it is."""
    secrets = data_dir.secrets()
    wanted = {
        "SECRET_KEY": secrets.secret_key,
        "FIELD_ENCRYPTION_KEYS": secrets.field_encryption_keys,
        "SNUG_ENV": "development",
        "SNUG_BASE_DOMAIN": "localhost",
        "SNUG_PUBLIC_PORT": str(web_port or data_dir.remembered("web_port") or _USUAL_PORT),
    }
    own = wanted | {name: os.environ[name] for name in wanted if os.environ.get(name)}
    own |= {"SNUG_DATA_DIR": str(data_dir.path), "PYTHONUNBUFFERED": "1"}
    if parts is not None:
        own |= {"DATABASE_URL": parts.database_url, "REDIS_URL": parts.redis_url}
        if (
            parts.embeds_database
        ):  # its own pg_dump and psql: those of the system may be older than the server
            own["PATH"] = f"{POSTGRES_PROGRAMS}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    if stripe is not None:
        own |= stripe.environment
    return own
