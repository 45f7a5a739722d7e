"""Making, finding and deleting incoming webhooks. All of it runs inside the tenant's schema."""

import re
from typing import Final

from django.db import transaction

from accounts.identity import Identity
from accounts.keys import hash_secret
from accounts.last_used import note_use
from accounts.models import Member
from accounts.names import clean_name
from audit.kinds import Action
from audit.records import record
from incoming.models import IncomingWebhook, new_incoming_id
from rooms.models import Room
from tenants import encryption, sides

MARK: Final = "snug_in_"
MOST: Final = 20  # of one room
MAX_NAME: Final = 80

_TOKEN: Final = re.compile(rf"{MARK}(?:{sides.TEST})?[A-Za-z0-9_-]{{43}}")


class TooMany(Exception):
    """The room has as many incoming webhooks as it may."""

    def __init__(self) -> None:
        super().__init__(f"A room has at most {MOST} incoming webhooks.")


@transaction.atomic
def create_incoming_webhook(
    room: Room, name: str, *, keep_unseen: bool = False, test: bool = False
) -> tuple[IncomingWebhook, str]:
    """A new one with its bot, and its token, which cannot be had again.

    `keep_unseen` keeps the token, encrypted, for the console's next page; `test` is for a test side's schema. Raises
    TooMany, and ValueError for a bad name.
    """
    name = clean_name(name)
    if not 1 <= len(name) <= MAX_NAME:
        raise ValueError(f"Its name has 1 to {MAX_NAME} characters.")
    locked = Room.objects.select_for_update().get(pk=room.pk)
    if locked.incoming_webhooks.count() >= MOST:
        raise TooMany
    id_, token = new_incoming_id(), sides.new_secret(MARK, test=test)
    bot = Member.objects.create(external_id=f"bot:{id_}", kind=Member.Kind.BOT, name=name, password="!")
    made = IncomingWebhook.objects.create(
        id=id_,
        room=locked,
        bot=bot,
        name=name,
        token_hash=hash_secret(token),
        unseen_token=encryption.encrypt(token) if keep_unseen else None,
    )
    record(Action.INCOMING_WEBHOOK_CREATED, id_, name=name, room=room.name)
    return made, token


@transaction.atomic
def delete_incoming_webhook(webhook: IncomingWebhook) -> None:
    """Its address is dead at once. What was said through it stays."""
    if IncomingWebhook.objects.filter(pk=webhook.pk).delete()[0]:
        record(Action.INCOMING_WEBHOOK_DELETED, webhook.pk, name=webhook.name, room=webhook.room.name)


def find(token: str) -> IncomingWebhook | None:
    """The one with this token, with its room and bot, noted as used; or None."""
    if not _TOKEN.fullmatch(token):
        return None
    found = (
        IncomingWebhook.objects.select_related("room", "bot").filter(token_hash=hash_secret(token)).first()
    )
    if found is not None:
        note_use(IncomingWebhook.objects.filter(pk=found.pk))
    return found


def identity_of(webhook: IncomingWebhook) -> Identity:
    """As whom it posts."""
    bot = webhook.bot
    return Identity(
        member_id=bot.pk,
        external_id=bot.external_id,
        username=bot.username,
        kind=bot.kind,
        key_id=webhook.pk,
    )
