"""The verbs of this app, one module a subject."""

from accounts.actions.api_keys import create_api_key, internal_key, revoke_api_key, signing_key
from accounts.actions.guests import admit_guest
from accounts.actions.password_resets import (
    make_password_reset,
    password_reset_of,
    reset_password,
    staff_by_mail,
)
from accounts.actions.sessions import sign_out
from accounts.actions.staff import authenticate_staff, create_staff, make_handoff, take_handoff
from accounts.actions.users import make_user, revoke_tokens, tell_of_user

__all__ = [
    "admit_guest",
    "authenticate_staff",
    "create_api_key",
    "create_staff",
    "internal_key",
    "make_handoff",
    "make_password_reset",
    "make_user",
    "password_reset_of",
    "reset_password",
    "revoke_api_key",
    "revoke_tokens",
    "sign_out",
    "signing_key",
    "staff_by_mail",
    "take_handoff",
    "tell_of_user",
]
