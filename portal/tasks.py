"""The slow parts of the portal, as jobs. Each starts in the public schema; none is given a secret."""

import logging
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from portal import links, mails
from portal.models import Signup
from tenants.actions import workspaces_of
from tenants.plans import plan_of
from tenants.slugs import SlugRefused
from workspaces.actions import open_workspace

logger = logging.getLogger("snug.portal")

MAIL_RETRY = RetryStrategy(max_attempts=6, exponential_wait=5)
KEPT_AFTER_EXPIRY = timedelta(days=7)
KEPT_AFTER_OPENING = timedelta(days=30)


@app.task(retry=MAIL_RETRY)
def mail_confirmation(signup_id: int) -> None:
    """Mail a sign-up its link. The token is made here, so that it is never at rest but as a hash."""
    signup = Signup.objects.filter(pk=signup_id, state=Signup.State.UNCONFIRMED).first()
    if signup is not None:
        with transaction.atomic():  # a mail that could not be sent leaves no link behind
            mails.send_confirmation(signup, links.make_link(signup))


@app.task(retry=MAIL_RETRY)
def mail_workspaces(email: str) -> None:
    """Mail somebody the list of their workspaces."""
    mails.send_workspaces(email, workspaces_of(email))


@app.task()
def open_signup(signup_id: int, attempt: int) -> None:
    """Open the workspace of a confirmed sign-up, unless a later try has taken over."""
    mine = Signup.objects.filter(pk=signup_id, attempt=attempt)
    queued = mine.filter(state=Signup.State.QUEUED)
    if not queued.update(state=Signup.State.OPENING, changed_at=timezone.now()):
        return
    signup = mine.get()
    try:
        open_workspace(
            slug=signup.slug,
            name=signup.organisation,
            plan=_free_first(signup.plan),
            owner_email=signup.email,
            owner_password_hash=signup.password_hash,
            keep_first_key=True,
        )
    except SlugRefused:
        mine.update(state=Signup.State.SLUG_REFUSED, changed_at=timezone.now())
    except Exception:  # whatever went wrong, the person waiting is told, and may try again
        logger.exception("opening workspace %s failed", signup.slug)
        mine.update(state=Signup.State.FAILED, changed_at=timezone.now())
    else:
        mine.update(state=Signup.State.OPEN, password_hash="", changed_at=timezone.now())


def _free_first(plan: str) -> str:
    """A paid plan is bought after the opening: whoever turns round at the till has a workspace all the same."""
    return "free" if plan_of(plan).paid else plan


@app.periodic(cron="17 3 * * *")
@app.task()
def forget_old_signups(timestamp: int) -> None:
    """Delete sign-ups that nobody confirmed, and those that have long served."""
    now = timezone.now()
    served = Q(state=Signup.State.OPEN, changed_at__lt=now - KEPT_AFTER_OPENING)
    unserved = ~Q(state=Signup.State.OPEN) & Q(expires_at__lt=now - KEPT_AFTER_EXPIRY)
    Signup.objects.filter(served | unserved).delete()
