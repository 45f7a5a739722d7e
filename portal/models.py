"""Sign-ups on their way to becoming workspaces. In the public schema; forgotten once they have served."""

import math
from datetime import timedelta
from typing import ClassVar, Final

from django.db import models
from django.utils import timezone

LINK_LIFE: Final = timedelta(hours=48)
# Whoever presses "Send it again" has not given the first mail the time to arrive.
MAIL_PAUSE: Final = timedelta(seconds=30)
# An opening takes under a second. One silent for this long lost its worker, and may be tried again.
STALLED_AFTER: Final = timedelta(seconds=45)


class Signup(models.Model):
    """One filled-in form. The slug is held only softly: whoever confirms first gets it."""

    class State(models.TextChoices):
        UNCONFIRMED = "unconfirmed"
        QUEUED = "queued"
        OPENING = "opening"
        OPEN = "open"
        FAILED = "failed"
        SLUG_REFUSED = "slug_refused"

    organisation = models.CharField(max_length=60)
    slug = models.CharField(max_length=40)
    email = models.EmailField(max_length=254)
    # Hashed when the form is sent, emptied once the workspace has its owner.
    password_hash = models.CharField(max_length=128, blank=True)
    # Two browsers have sent the form: whoever reads the mail says once more what the password is.
    contested = models.BooleanField(default=False, db_default=False)
    plan = models.CharField(max_length=20)
    interval = models.CharField(max_length=5, default="month")
    state = models.CharField(max_length=16, choices=State, default=State.UNCONFIRMED)
    # Counts the tries: a job that belongs to an earlier try finds its number passed and does nothing.
    attempt = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    entered_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["email", "slug"]), models.Index(fields=["changed_at"])]
        constraints: ClassVar = [
            # The same form sent twice at once is one sign-up.
            models.UniqueConstraint(
                fields=["email", "slug"], condition=models.Q(state="unconfirmed"), name="signup_waits_once"
            )
        ]

    def __str__(self) -> str:
        return f"sign-up {self.pk} for {self.slug}"

    @property
    def expired(self) -> bool:
        """Whether the link in the mail came too late."""
        return self.state == self.State.UNCONFIRMED and self.expires_at <= timezone.now()

    @property
    def mail_wait(self) -> int:
        """For how many seconds, rounded up, no further mail goes out; 0 when one may."""
        return max(0, math.ceil((self.changed_at + MAIL_PAUSE - timezone.now()).total_seconds()))

    @property
    def stalled(self) -> bool:
        """Whether an opening under way has gone silent."""
        under_way = self.state in (self.State.QUEUED, self.State.OPENING)
        return under_way and self.changed_at < timezone.now() - STALLED_AFTER

    @property
    def failed(self) -> bool:
        """Whether the person should be offered another try."""
        return self.state == self.State.FAILED or self.stalled


class ConfirmationLink(models.Model):
    """One mailed link. Every mail has its own, and all of them work: mails overtake each other."""

    token_hash = models.BinaryField(max_length=32, primary_key=True)
    signup = models.ForeignKey(Signup, on_delete=models.CASCADE, related_name="links")

    def __str__(self) -> str:
        return f"link of {self.signup_id}"
