"""Django's settings, one short module a concern; this one only gathers them."""

from config.settings.base import *  # noqa: F403
from config.settings.billing import *  # noqa: F403
from config.settings.database import *  # noqa: F403
from config.settings.files import *  # noqa: F403
from config.settings.realtime import *  # noqa: F403
