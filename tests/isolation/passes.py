"""What each person shows at the door: every way of saying who one is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from tests.isolation.errands import Errands
from tests.personas import Workspace


@dataclass
class Pass:
    """One person's credential; a ticket is good for one use, hence made anew each time."""

    token: Callable[[], Awaitable[str | None]]
    headers: dict[str, str] = field(default_factory=dict)
    # A session is good on its own host's pages alone.
    on_our_page: bool = False
    # Bots are nobody's company: they neither come nor type.
    person: bool = True


async def passes_of(workspace: Workspace, errands: Errands) -> dict[str, Pass]:
    """A workspace's people, by name."""
    guest = await errands.admit_guest()

    def fixed(credential: str | None) -> Callable[[], Awaitable[str | None]]:
        async def give() -> str | None:
            return credential

        return give

    def user(sub: str, **claims: Any) -> Pass:
        return Pass(fixed(workspace.token(sub, name=f"{sub} of {workspace.slug}", **claims)))

    return {
        **{sub: user(sub) for sub in ("bob", "ann", "carl")},
        "vera": user("vera", rooms=["vault"]),
        "dora": Pass(lambda: errands.ticket("dora")),
        "visitor": Pass(fixed(guest)),
        "alice": Pass(fixed(None), errands.staff, on_our_page=True),
        "robot": Pass(fixed(workspace.secret), person=False),
    }
