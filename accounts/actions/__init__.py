"""The verbs of this app, one module a subject."""

from accounts.actions.anonymise import anonymise
from accounts.actions.api_keys import (
    KeyRotated,
    KeyUnusable,
    create_api_key,
    internal_key,
    revoke_api_key,
    rotate_api_key,
    signing_key,
)
from accounts.actions.bans import ban_user, lift_ban
from accounts.actions.colleagues import change_role, dismiss, held_colleague, rename_staff
from accounts.actions.guests import admit_guest
from accounts.actions.invitations import (
    InvitationRefused,
    accept_invitation,
    invitation_of,
    invite,
    invite_again,
    make_invitation_link,
    withdraw_invitation,
)
from accounts.actions.password_resets import (
    change_password,
    make_password_reset,
    password_reset_of,
    reset_password,
    staff_by_mail,
)
from accounts.actions.public_keys import (
    PublicKeyExists,
    TooManyPublicKeys,
    register_public_keys,
    revoke_public_key,
)
from accounts.actions.sessions import sign_out
from accounts.actions.staff import authenticate_staff, create_staff, make_handoff, take_handoff
from accounts.actions.users import UserExists, change_user, create_user, known_user, revoke_tokens

__all__ = [
    "InvitationRefused",
    "KeyRotated",
    "KeyUnusable",
    "PublicKeyExists",
    "TooManyPublicKeys",
    "UserExists",
    "accept_invitation",
    "admit_guest",
    "anonymise",
    "authenticate_staff",
    "ban_user",
    "change_password",
    "change_role",
    "change_user",
    "create_api_key",
    "create_staff",
    "create_user",
    "dismiss",
    "held_colleague",
    "internal_key",
    "invitation_of",
    "invite",
    "invite_again",
    "known_user",
    "lift_ban",
    "make_handoff",
    "make_invitation_link",
    "make_password_reset",
    "make_user",
    "password_reset_of",
    "register_public_keys",
    "rename_staff",
    "reset_password",
    "revoke_api_key",
    "revoke_public_key",
    "revoke_tokens",
    "rotate_api_key",
    "sign_out",
    "signing_key",
    "staff_by_mail",
    "take_handoff",
    "tell_of_user",
    "withdraw_invitation",
]
