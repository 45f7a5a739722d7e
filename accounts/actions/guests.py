"""Anonymous visitors."""

import secrets

from accounts import encryption, names, tokens
from accounts.actions.api_keys import internal_key

TTL = 24 * 3600


def admit_guest(name: object = None, known_as: str | None = None) -> tuple[str, int, str]:
    """A token for a new guest, or for the one already `known_as` a sub: (token, exp in Unix seconds, sub).

    Raises names.BadName.
    """
    sub = known_as or f"guest:{secrets.token_hex(8)}"
    shown = names.clean_name(name) or f"Guest {sub[-4:].upper()}"
    key = internal_key()
    token, exp = tokens.sign(encryption.decrypt(key.signing_secret), key.id, sub, TTL, name=shown)
    return token, exp, sub
