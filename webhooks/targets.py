"""Where events may be sent to."""

from django.conf import settings

import outbound
from tenants.context import wait_for


def local_allowed() -> bool:
    """Whether http://localhost may be called: on a developer's machine alone."""
    return bool(settings.SNUG_ENV == "development")


def check_url(url: str, resolve: outbound.Resolve = outbound.look_up) -> str:
    """A URL as it is kept. Its name is looked up, for some seconds at most. Raises ValueError with a sentence."""
    target = outbound.checked(url, local_allowed=local_allowed())
    wait_for(outbound.check_name, target, resolve)
    return target.url
