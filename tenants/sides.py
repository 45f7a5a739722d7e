"""Of which side of a workspace a credential is: the live one, or the test side, which is a schema of its own.

Every credential says so by itself, before anybody looks it up: docs/decisions/test-mode.md. Pure functions;
`directory.side_of` finds the side.
"""

import base64
import json
import re
import secrets
from typing import Final

# After whatever says what kind of a secret it is, such as `snug_sk_`.
TEST: Final = "test_"
# How ids of API keys and public keys begin.
KEY: Final = "key_"
TEST_KEY: Final = KEY + TEST

_MARKED: Final = re.compile(rf"(?:snug_[a-z]{{2}}_)?{TEST}")
_TEST_KEY_BYTES: Final = TEST_KEY.encode()


def is_test(credential: str) -> bool:
    """Whether this is of the test side: a key, a ticket, an address, a signature or a user token. By its looks alone;
    whether it is any good, nobody has asked yet."""
    return _MARKED.match(credential) is not None or _names_test_key(credential)


def is_test_key(key_id: str) -> bool:
    """Whether a key of this id is of the test side."""
    return key_id.startswith(TEST_KEY)


def new_secret(mark: str, *, test: bool) -> str:
    """A new secret of 256 random bits, of the kind that `mark` says."""
    while True:
        secret = f"{mark}{TEST if test else ''}{secrets.token_urlsafe(32)}"
        if is_test(secret) is test:  # chance, too, writes `test_` now and then
            return secret


def _names_test_key(token: str) -> bool:
    """Whether this is a JWT whose `kid` is a test key's id."""
    head = token.partition(".")[0]
    try:
        said = base64.urlsafe_b64decode(head + "=" * (-len(head) % 4))
        if _TEST_KEY_BYTES not in said:  # which spares every live token the rest
            return False
        header = json.loads(said)
    except (ValueError, RecursionError):
        return False
    kid = header.get("kid") if isinstance(header, dict) else None
    return isinstance(kid, str) and is_test_key(kid)
