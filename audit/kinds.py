"""Every administrative action that is kept."""

from enum import StrEnum


class Action(StrEnum):
    """What was done. Names may be added and are never changed: tenants filter by them."""

    KEY_CREATED = "key.created"
    KEY_REVOKED = "key.revoked"
    KEY_ROTATED = "key.rotated"
    MEMBER_ADDED = "member.added"
    MEMBER_CHANGED = "member.changed"
    MEMBER_MUTED = "member.muted"
    MEMBER_REMOVED = "member.removed"
    MEMBER_UNMUTED = "member.unmuted"
    MESSAGE_DELETED = "message.deleted"
    ORIGINS_CHANGED = "origins.changed"
    PLAN_CHANGED = "plan.changed"
    PUBLIC_KEY_REGISTERED = "public_key.registered"
    PUBLIC_KEY_REVOKED = "public_key.revoked"
    ROOM_CHANGED = "room.changed"
    ROOM_CREATED = "room.created"
    ROOM_DELETED = "room.deleted"
    STAFF_CREATED = "staff.created"
    STAFF_PASSWORD_CHANGED = "staff.password_changed"
    TOKENS_REVOKED = "tokens.revoked"
    USER_BANNED = "user.banned"
    USER_CHANGED = "user.changed"
    USER_CREATED = "user.created"
    USER_DELETED = "user.deleted"
    USER_UNBANNED = "user.unbanned"
