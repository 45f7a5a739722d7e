from moderation.models.block import Block
from moderation.models.filter import Filter
from moderation.models.report import Report
from moderation.models.rules import Rules

__all__ = ["Block", "Filter", "Report", "Rules"]
