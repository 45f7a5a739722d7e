"""The demo workspaces in seeds/, one file each: read and put in place."""

import tomllib
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from django.contrib.auth.hashers import make_password
from django.utils import timezone

from accounts.models import Member
from rooms.models import Membership, Message, Room
from tenants.context import run_in_tenant
from workspaces.actions import open_workspace

FOLDER: Final = Path(__file__).resolve().parents[1] / "seeds"
OWNER: Final = "owner"


@dataclass(frozen=True)
class Seed:
    """One demo workspace as its file describes it."""

    slug: str
    name: str
    plan: str
    locale: str
    accent: str
    owner: dict[str, str]
    people: dict[str, str]
    rooms: list[dict[str, Any]]


def all_seeds() -> list[Seed]:
    """Every demo workspace, by file name."""
    return [Seed(**tomllib.loads(path.read_text("utf-8"))) for path in sorted(FOLDER.glob("*.toml"))]


def plant(seed: Seed) -> None:
    """Open the workspace and fill it. It must not exist."""
    opened = open_workspace(
        slug=seed.slug,
        name=seed.name,
        plan=seed.plan,
        locale=seed.locale,
        accent=seed.accent,
        owner_email=seed.owner["email"],
        owner_password_hash=make_password(seed.owner["password"]),
        keep_first_key=True,
    )
    run_in_tenant(opened.tenant, _furnish, seed)


def _furnish(seed: Seed) -> None:
    owner = Member.objects.get(role=Member.Role.OWNER)
    owner.name = seed.owner["name"]
    owner.save(update_fields=["name"])
    people = {OWNER: owner}
    for external_id, name in seed.people.items():
        people[external_id] = Member.objects.create(external_id=external_id, name=name, password="!")
    for room in seed.rooms:
        _fill(room, people)


def _fill(wanted: dict[str, Any], people: dict[str, Member]) -> None:
    """Make one room with its past. Nobody else can be writing: the workspace is not a second old."""
    said = wanted["messages"]
    room, _ = Room.objects.update_or_create(
        name=wanted["name"],
        defaults={
            "title": wanted["title"],
            "kind": wanted["kind"],
            "last_seq": len(said),
            "last_rev": len(said),
        },
    )
    now = timezone.now()
    Message.objects.bulk_create(
        Message(
            room=room,
            seq=seq,
            rev=seq,
            sender=people[who],
            body=text,
            created_at=now - timedelta(minutes=minutes),
        )
        for seq, (who, minutes, text) in enumerate(said, 1)
    )
    members = {who for who, _, _ in said} | set(wanted.get("members", ()))
    Membership.objects.bulk_create(Membership(room=room, member=people[who]) for who in sorted(members))
