"""The verbs of this app. All of them run inside the tenant's schema."""

from moderation.actions.blocks import TooManyBlocks, block, unblock
from moderation.actions.filters import FilterExists, TooManyFilters, create_filter, delete_filter
from moderation.actions.reports import (
    MAX_COMMENT,
    NoSuchMessage,
    check_comment,
    close_report,
    report_message,
    take_down,
)
from moderation.actions.rules import limit_repeats, remove_hook, rotate_hook_secret, rules, set_hook

__all__ = [
    "MAX_COMMENT",
    "FilterExists",
    "NoSuchMessage",
    "TooManyBlocks",
    "TooManyFilters",
    "block",
    "check_comment",
    "close_report",
    "create_filter",
    "delete_filter",
    "limit_repeats",
    "remove_hook",
    "report_message",
    "rotate_hook_secret",
    "rules",
    "set_hook",
    "take_down",
    "unblock",
]
