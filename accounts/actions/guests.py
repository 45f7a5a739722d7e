"""Anonymous visitors."""

import secrets

from accounts import names, tokens
from accounts.actions.api_keys import internal_key
from tenants import encryption

TTL = 24 * 3600
# What a guest without a name is called, by the workspace's locale; everyone in the room reads it.
WORDS = {"de": "Gast", "fr": "Invité", "ar": "زائر"}


def admit_guest(
    name: object = None,
    known_as: str | None = None,
    locale: str = "en",
    *,
    place: str | None = None,
    test: bool = False,
) -> tuple[str, int, str]:
    """A token for a new guest, or for the one already `known_as` a sub: (token, exp in Unix seconds, sub).

    It carries the `place` from which it was asked for (tenants.addresses.place_of). Raises names.BadName.
    """
    sub = known_as or f"guest:{secrets.token_hex(8)}"
    shown = names.clean_name(name) or f"{WORDS.get(locale, 'Guest')} {sub[-4:].upper()}"
    key = internal_key(test=test)
    token, exp = tokens.sign(
        encryption.decrypt(key.signing_secret), key.id, sub, TTL, name=shown, place=place
    )
    return token, exp, sub
