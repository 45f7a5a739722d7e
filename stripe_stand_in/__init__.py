"""A stand-in for Stripe: its API for subscriptions over HTTP, its pages and its webhooks. No money moves.

For development and tests. It knows nothing of the product and the product nothing of it: they meet over HTTP.
"""

from __future__ import annotations

from typing import Any, Final

API_VERSION: Final = "2026-10-28.endive"

# An object as it is stored: Stripe's keys, and keys of our own that begin with "_" and never leave the stand-in.
Json = dict[str, Any]
