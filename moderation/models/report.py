from typing import ClassVar, Final

from django.db import models
from django.utils import timezone

from accounts.models import Member
from moderation.models.public_ids import number_in
from rooms.models import Room

MARK: Final = "rep_"
# Who reports where nobody but a filter does: nobody else can have this id.
FILTERS: Final = "bot:filters"


class Report(models.Model):
    """What one person has against one message, with the text as it was then: an edit does not undo it.

    The message is named and not pointed at: those of a room are deleted by the thousand, past the ORM.
    """

    class Reason(models.TextChoices):
        SPAM = "spam"
        ABUSE = "abuse"
        ILLEGAL = "illegal"
        OTHER = "other"
        FILTERED = "filtered"

    class State(models.TextChoices):
        OPEN = "open"
        RESOLVED = "resolved"
        DISMISSED = "dismissed"

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="reports")
    message_id = models.UUIDField()
    seq = models.BigIntegerField()
    said = models.TextField()
    author = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+", db_index=False)
    # NULL: nobody but a filter, whose pattern is in `filter`.
    reporter = models.ForeignKey(
        Member, on_delete=models.PROTECT, related_name="+", db_index=False, null=True
    )
    filter = models.CharField(max_length=200, blank=True, default="", db_default="")
    reason = models.CharField(max_length=12, choices=Reason)
    comment = models.CharField(max_length=500, blank=True, default="")
    state = models.CharField(max_length=12, choices=State, default=State.OPEN)
    created_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True)
    # The public id of whoever closed it.
    closed_by = models.CharField(max_length=140, blank=True, default="")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["message_id", "reporter"], name="report_once")
        ]
        indexes: ClassVar = [models.Index(fields=["state", "id"], name="report_queue")]

    def __str__(self) -> str:
        return f"{self.public_id}: {self.reason}"

    @property
    def public_id(self) -> str:
        """As the outside world names it."""
        return f"{MARK}{self.pk}"

    @property
    def reported_by(self) -> str:
        """The public id of whoever reported it."""
        return self.reporter.external_id if self.reporter else FILTERS

    @classmethod
    def pk_in(cls, public_id: str) -> int | None:
        """The key of the report with this public id; None where it can be no report's."""
        return number_in(MARK, public_id)
