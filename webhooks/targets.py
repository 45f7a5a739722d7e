"""Where events may be sent to."""

from asgiref.sync import async_to_sync
from django.conf import settings

import outbound
from tenants.context import give_back_connection


def local_allowed() -> bool:
    """Whether http://localhost may be called: on a developer's machine alone."""
    return bool(settings.SNUG_ENV == "development")


def check_url(url: str, resolve: outbound.Resolve = outbound.look_up) -> str:
    """A URL as it is kept. Its name is looked up, for some seconds at most. Raises ValueError with a sentence."""
    target = outbound.checked(url, local_allowed=local_allowed())
    give_back_connection()
    async_to_sync(outbound.check_name)(target, resolve)
    return target.url
