"""Every administrative action that is kept."""

from enum import StrEnum


class Action(StrEnum):
    """What was done. Names may be added and are never changed: tenants filter by them."""

    KEY_CREATED = "key.created"
    KEY_REVOKED = "key.revoked"
    MEMBER_ADDED = "member.added"
    MEMBER_CHANGED = "member.changed"
    MEMBER_MUTED = "member.muted"
    MEMBER_REMOVED = "member.removed"
    MEMBER_UNMUTED = "member.unmuted"
    MESSAGE_DELETED = "message.deleted"
    ORIGINS_CHANGED = "origins.changed"
    PLAN_CHANGED = "plan.changed"
    ROOM_CHANGED = "room.changed"
    ROOM_CREATED = "room.created"
    ROOM_DELETED = "room.deleted"
    STAFF_CREATED = "staff.created"
    STAFF_PASSWORD_CHANGED = "staff.password_changed"
    TOKENS_REVOKED = "tokens.revoked"
    WEBHOOK_CHANGED = "webhook.changed"
    WEBHOOK_CREATED = "webhook.created"
    WEBHOOK_DELETED = "webhook.deleted"
    WEBHOOK_DISABLED = "webhook.disabled"
    WEBHOOK_SECRET_ROTATED = "webhook.secret_rotated"
