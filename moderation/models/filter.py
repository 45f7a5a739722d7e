from typing import ClassVar, Final

from django.db import models
from django.utils import timezone

from moderation.models.public_ids import number_in

MARK: Final = "flt_"


class Filter(models.Model):
    """A word, or a site that is linked to, and what happens to a message that has it."""

    class Kind(models.TextChoices):
        WORD = "word"
        LINK = "link"

    class Action(models.TextChoices):
        REFUSE = "refuse"
        MASK = "mask"
        REPORT = "report"
        ALLOW = "allow"

    kind = models.CharField(max_length=8, choices=Kind)
    # As moderation.review.words and moderation.review.links read them.
    pattern = models.CharField(max_length=120)
    action = models.CharField(max_length=8, choices=Action)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["kind", "pattern"], name="filter_once")]

    def __str__(self) -> str:
        return f"{self.action} the {self.kind} {self.pattern}"

    @property
    def public_id(self) -> str:
        """As the outside world names it."""
        return f"{MARK}{self.pk}"

    @classmethod
    def pk_in(cls, public_id: str) -> int | None:
        """The key of the filter with this public id; None where it can be no filter's."""
        return number_in(MARK, public_id)
