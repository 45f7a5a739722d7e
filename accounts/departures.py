"""Users who were deleted: remembered by a keyed hash of their id alone, so that no token of theirs makes them anew."""

import hashlib
import hmac

from django.conf import settings


def digest(external_id: str) -> bytes:
    """What is kept of an id. Keyed, so that a stolen table cannot be searched for known ids."""
    return hmac.new(settings.SECRET_KEY.encode(), external_id.encode(), hashlib.sha256).digest()
