"""Messages for the writer itself, without sockets: who writes, in which room, and what came of it."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

import msgspec
from psycopg import sql

from accounts import members
from rooms.texts import Refused
from rooms.writing.work import Done, Draft, Written
from rooms.writing.writer import Writer
from tenants import database, directory
from tenants.directory import TenantInfo
from tests.personas import Workspace


class Desk(msgspec.Struct):
    """One member at one room, writing."""

    tenant: TenantInfo
    room_id: int
    room: str
    member_id: int
    member: str

    def draft(self, body: str, client_id: str | None = None) -> Draft:
        return Draft(
            tenant=self.tenant,
            room_id=self.room_id,
            room_name=self.room,
            sender_id=self.member_id,
            sender=self.member,
            username=self.member,
            body=body,
            client_id=client_id,
            reply_to=None,
            joins=False,
        )


async def desk(tenant: TenantInfo, room: str = "general", member: str = "bob") -> Desk:
    """A place to write from; the room is made when it is not there."""
    table = sql.Identifier(tenant.schema_name, "rooms_room")
    make = sql.SQL(
        "INSERT INTO {rooms} (name, kind, title, last_seq, last_rev, created_at) "
        "VALUES (%s, 'public', '', 0, 0, now()) ON CONFLICT (name) DO NOTHING"
    ).format(rooms=table)
    find = sql.SQL("SELECT id FROM {rooms} WHERE name = %s").format(rooms=table)
    async with (await database.pool()).connection() as db:
        await db.execute(make, [room])
        row = await (await db.execute(find, [room])).fetchone()
    assert row is not None
    who = await members.recognise(tenant, member, "user")
    return Desk(tenant, row[0], room, who.id, who.external_id)


async def desk_of(workspace: Workspace) -> Desk:
    """Bob's in a workspace's first room."""
    tenant = await directory.afind(workspace.host)
    assert tenant is not None
    return await desk(tenant)


class Notes:
    """What a writer announced."""

    def __init__(self) -> None:
        self.announced: list[Written] = []

    def __call__(self, done: Sequence[Done]) -> None:
        self.announced.extend(each for each in done if isinstance(each, Written) and each.is_new)

    @property
    def ids(self) -> list[UUID]:
        return [written.id for written in self.announced]


async def write_all(writer: Writer, drafts: Sequence[Draft]) -> list[Written | Refused]:
    """Write all at once, so that they come to be in one group; what became of each."""
    outcomes: list[Written | Refused] = []
    for outcome in await asyncio.gather(*(writer.write(draft) for draft in drafts), return_exceptions=True):
        assert isinstance(outcome, Written | Refused), outcome
        outcomes.append(outcome)
    return outcomes
