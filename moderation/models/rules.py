from django.db import models

from tenants import encryption


class Rules(models.Model):
    """What else holds for whoever speaks in the workspace: one row, the first time anything is set."""

    class OnFailure(models.TextChoices):
        """What becomes of a message where the hook gives no sound answer."""

        ALLOW = "allow"
        REFUSE = "refuse"

    # The same text at most so often within so many seconds; NULL: as often as one likes.
    repeats_most = models.PositiveSmallIntegerField(null=True)
    repeats_seconds = models.PositiveIntegerField(default=60)
    hook_url = models.CharField(max_length=2000, blank=True, default="")
    # It signs, so it is encrypted and not hashed.
    hook_secret = models.BinaryField(max_length=500, null=True)
    # Made in the console, whose next page shows the secret, once.
    hook_unseen = models.BooleanField(default=False)
    hook_on_failure = models.CharField(max_length=8, choices=OnFailure, default=OnFailure.ALLOW)
    # When it last gave no sound answer, and why, in a sentence: NULL and "" where all is well. See review/health.py.
    hook_failed_at = models.DateTimeField(null=True)
    hook_failure = models.CharField(max_length=300, blank=True, default="", db_default="")

    def __str__(self) -> str:
        return f"repeats {self.repeats_most}, hook {self.hook_url or '-'}"

    def take_unseen_secret(self) -> str | None:
        """The hook's secret if nobody has been shown it yet; it is shown by this call alone."""
        if self.hook_secret and Rules.objects.filter(pk=self.pk, hook_unseen=True).update(hook_unseen=False):
            return encryption.decrypt(self.hook_secret)
        return None
