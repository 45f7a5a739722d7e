"""Who is on the other end of a request or a socket, however they proved it."""

import msgspec


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """A member who has proved who they are.

    `rooms` is None where the tenant's own rules decide; otherwise exactly the rooms the token vouches for. `exp` and
    `issued_at` are Unix seconds, None for credentials that do not expire by themselves (sessions, keys); a session's
    `issued_at` is when it was looked at, and `session` its digest (accounts.sessions).
    """

    member_id: int
    external_id: str
    username: str
    kind: str
    role: str = ""
    rooms: frozenset[str] | None = None
    exp: int | None = None
    issued_at: float | None = None
    key_id: str | None = None
    session: str | None = None
    # Where a guest was let in (tenants.addresses.place_of), by which limits know them wherever they go.
    place: str | None = None
    scopes: frozenset[str] = frozenset()

    @property
    def is_authenticated(self) -> bool:
        """True, as Django's users say it."""
        return True

    @property
    def acts_as(self) -> str:
        """Who they are in the audit: a key by its own id, since several may speak as one bot."""
        return f"bot:{self.key_id}" if self.is_bot else self.external_id

    @property
    def is_bot(self) -> bool:
        return self.kind == "bot"
