"""Session cookies that never were ours."""

from __future__ import annotations

import pytest

from tests.console.staff import sign_in
from tests.personas import Workspace

# In a quoted cookie, \\000 stands for NUL, which PostgreSQL refuses to look for.
FORGED = ('"aaaaaaaaaaaaaaaa\\000"', '"\\000"', "\\377", "x", "A" * 32, "a" * 33, "a" * 5000)


@pytest.mark.parametrize("cookie", FORGED, ids=range(len(FORGED)))
def test_a_forged_session_is_none(workspace: Workspace, cookie: str) -> None:
    with workspace.http() as client:
        for path, expected in (("/console/", 302), ("/login/", 200), ("/chat/", 200), ("/api/v1/rooms", 401)):
            answer = client.get(path, headers={"Cookie": f"snug_session={cookie}"})
            assert answer.status_code == expected, (path, answer.text)


def test_a_real_one_is_good(workspace: Workspace) -> None:
    with sign_in(workspace) as alice:
        assert alice.get("/console/").status_code == 200
