"""Which sign-up this browser is about. The portal has no sessions: one signed cookie is enough."""

from typing import Final, TypeVar

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from portal.models import LINK_LIFE, Signup

COOKIE: Final = "snug_signup"
SALT: Final = "portal.signup"
LIFE: Final = int(LINK_LIFE.total_seconds())

Response = TypeVar("Response", bound=HttpResponseBase)


def remember(signup: Signup, response: Response) -> Response:
    """Let this browser resend the mail, watch the opening and walk in."""
    response.set_signed_cookie(
        COOKIE,
        str(signup.pk),
        salt=SALT,
        max_age=LIFE,
        path="/signup/",
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


def remembered(request: HttpRequest) -> Signup | None:
    """The sign-up this browser was told to remember, if it is still there."""
    number = request.get_signed_cookie(COOKIE, default=None, salt=SALT, max_age=LIFE)
    return Signup.objects.filter(pk=int(number)).first() if number and number.isdigit() else None
