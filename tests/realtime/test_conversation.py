"""Two people, two web processes, one conversation."""

from tests.personas import Workspace


async def test_a_message_reaches_everyone_in_the_room_on_every_process(workspace: Workspace) -> None:
    bob, ann = workspace.token("bob", name="Bob"), workspace.token("ann", name="Ann")
    async with workspace.chat(bob, process=0) as first, workspace.chat(ann, process=1) as second:
        await first.entered()
        online = await second.entered()
        assert {user["username"] for user in online["users"]} == {"Bob", "Ann"}
        assert (await first.next())["user_id"] == "ann"

        echo = await first.say("hello", client_id="c-1")
        heard = await second.until("chat_message")

        assert echo == heard
        assert (echo["seq"], echo["rev"], echo["client_id"]) == (1, 1, "c-1")


async def test_a_repeated_client_id_is_answered_to_the_asker_alone(workspace: Workspace) -> None:
    token = workspace.token("bob")
    async with workspace.chat(token) as first, workspace.chat(workspace.token("ann"), process=1) as second:
        await first.entered()
        await second.entered()
        original = await first.say("once", client_id="same")
        await second.until("chat_message")

        again = await first.say("twice", client_id="same")

        assert again == original
        assert [frame for frame in await second.quiet() if frame["type"] == "chat_message"] == []
