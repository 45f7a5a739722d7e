"""Members of staff on sockets: their session is good where they signed in, and nowhere else."""

from __future__ import annotations

from tests.console.staff import sign_in
from tests.personas import Workspace
from tests.realtime.backstage import rows
from tests.realtime.conftest import Inside, entered, next_of
from tests.realtime.test_credentials import session_of, taken_for


async def test_staff_enter_with_their_session_from_their_own_pages_only(
    workspace: Workspace, elsewhere: Workspace
) -> None:
    with sign_in(workspace) as alice_at_her_desk:
        session = alice_at_her_desk.client.cookies["snug_session"]
    headers = {"Cookie": f"snug_session={session}"}
    async with workspace.chat(None, origin=workspace.origin, headers=headers) as alice:
        online = await alice.entered()
        assert online["users"][0]["id"] == workspace.owner_id
        assert online["users"][0]["id"].startswith("staff:")
        await alice.say("hello")

    for origin in (
        None,
        "http://localhost:5173",
        elsewhere.origin,
        workspace.origin.replace("http", "https") + "0",
    ):
        chat = await workspace.connect(None, origin=origin, headers=headers)
        assert await chat.closed() == 4003
    # Another workspace's door does not know the session, though it is on the same machine.
    chat = await elsewhere.connect(None, origin=elsewhere.origin, headers=headers)
    assert await chat.closed() == 4001


async def test_a_session_is_good_while_its_owner_is_signed_in(workspace: Workspace) -> None:
    with sign_in(workspace) as desk:
        session = desk.client.cookies["snug_session"]

        async def asked(cookie: str, process: int = 0) -> str | int:
            origin = f"http://{workspace.host}:{workspace.ports[process]}"
            return await taken_for(workspace, None, ("Cookie", cookie), origin=origin, process=process)

        for process in (0, 1):
            assert await asked(f"a=b; snug_session={session}; c=d", process) == workspace.owner_id
        one_each = (("Cookie", "a=b"), ("Cookie", f"snug_session={session}"))
        assert await taken_for(workspace, None, *one_each, origin=workspace.origin) == workspace.owner_id
        for wrong in (
            session[:-1],
            session.upper(),
            f"{session}\\000",
            f'"{session[:-4]}\\000"',
            "x" * 32,
            '"\\000"',
        ):
            assert await asked(f"snug_session={wrong}") == 4001, wrong
        rows(workspace, "UPDATE django_session SET expire_date = now() - interval '1 second'")
        assert await asked(f"snug_session={session}") == 4001
        rows(workspace, "UPDATE django_session SET expire_date = now() + interval '1 day'")
        assert await asked(f"snug_session={session}") == workspace.owner_id
        desk.post("/logout/", page="/console/")
        assert await asked(f"snug_session={session}") == 4001


async def test_a_session_falls_with_the_password_and_the_post_of_its_owner(workspace: Workspace) -> None:
    for change in ("password = 'argon2$other'", "kind = 'user'"):
        cookie = ("Cookie", f"snug_session={session_of(workspace)}")
        before = rows(
            workspace, "SELECT password FROM accounts_member WHERE external_id = %s", workspace.owner_id
        )
        assert await taken_for(workspace, None, cookie, origin=workspace.origin) == workspace.owner_id
        rows(workspace, f"UPDATE accounts_member SET {change} WHERE external_id = %s", workspace.owner_id)
        assert await taken_for(workspace, None, cookie, origin=workspace.origin) == 4001
        rows(
            workspace,
            "UPDATE accounts_member SET password = %s, kind = 'staff' WHERE external_id = %s",
            before[0][0],
            workspace.owner_id,
        )


async def test_signing_out_closes_the_sockets_of_that_session_on_every_process(workspace: Workspace) -> None:
    with sign_in(workspace) as desk, sign_in(workspace) as other_desk:
        sockets = [
            await workspace.connect(
                None,
                process=process,
                origin=f"http://{workspace.host}:{workspace.ports[process]}",
                headers={"Cookie": f"snug_session={who.client.cookies['snug_session']}"},
            )
            for who in (desk, other_desk)
            for process in (0, 1)
        ]
        for socket in sockets:
            await socket.entered()
        assert desk.post("/logout/", page="/console/").status_code == 302
        assert [await socket.closed(1) for socket in sockets[:2]] == [4001, 4001]
        for socket in sockets[2:]:
            assert (await socket.say("still signed in at the other desk"))["user_id"] == workspace.owner_id
            await socket.close()


async def test_a_session_that_ended_unheard_is_found_out(workspace: Workspace, inside: Inside) -> None:
    from realtime.hub import hub

    with sign_in(workspace) as desk:
        session = desk.client.cookies["snug_session"]
    alice = inside(workspace)
    alice.scope["headers"] += [
        (b"cookie", f"snug_session={session}".encode()),
        (b"origin", f"http://{workspace.host}".encode()),
    ]
    await entered(alice)
    admissions = (await hub()).admissions
    await admissions.follow_sessions()
    await alice.send_json_to({"type": "ping"})
    await next_of(alice, "pong")
    rows(workspace, "UPDATE django_session SET expire_date = now() - interval '1 second'")
    await admissions.follow_sessions()
    while (last := await alice.receive_output(5))["type"] != "websocket.close":
        pass
    assert last["code"] == 4001
