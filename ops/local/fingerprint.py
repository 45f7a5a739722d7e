"""Whether files changed since a piece of work was done from them."""

import hashlib
from collections.abc import Iterable

from ops.local.paths import PROJECT

# What decides the tables: our migrations, and those of the packages that the lock file names.
MIGRATIONS = ("*/migrations/*.py", "uv.lock")
# What decides the demo workspaces, beside the tables that they live in.
DEMO = (*MIGRATIONS, "seeds/**/*", "workspaces/**/*.py")

# What decides the products and prices at the stand-in for Stripe.
CATALOGUE = ("tenants/plans.py", "billing/gateway/*.py", "stripe_stand_in/**/*.py")


def fingerprint(patterns: Iterable[str]) -> str:
    """A digest of the names and contents of the project's files that match."""
    digest = hashlib.sha256()
    for path in sorted({path for pattern in patterns for path in PROJECT.glob(pattern)}):
        if path.is_file():
            content = path.read_bytes()
            digest.update(f"{path.relative_to(PROJECT)}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()
