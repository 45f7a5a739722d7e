"""What happens to a sign-up. Each verb: atomic, change, then the job that does the slow part."""

from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.db import transaction
from django.utils import timezone

from portal import tasks
from portal.models import LINK_LIFE, MAIL_PAUSE, Signup
from tenants import slugs


@dataclass(frozen=True, slots=True)
class Wish:
    """A valid sign-up form."""

    organisation: str
    slug: str
    email: str
    password: str
    plan: str
    interval: str


class PasswordWanted(Exception):
    """Two browsers have sent this form, and only one of them belongs to whoever reads the mail."""


@transaction.atomic
def start_signup(wish: Wish, instead_of: Signup | None = None) -> Signup:
    """Remember a form and mail its link. The same address and slug again renew what was there; from another browser
    with another password they make it contested, for they may be a stranger's.

    `instead_of` is the same browser's earlier form: under another mail address it is withdrawn, or whoever reads
    the mistyped one could still open the workspace.
    """
    if instead_of is not None and instead_of.slug == wish.slug and instead_of.email != wish.email:
        Signup.objects.filter(pk=instead_of.pk, state=Signup.State.UNCONFIRMED).delete()
    waiting = Signup.objects.filter(email=wish.email, slug=wish.slug, state=Signup.State.UNCONFIRMED).first()
    fields: dict[str, object] = {
        "organisation": wish.organisation,
        "password_hash": make_password(wish.password),
        "plan": wish.plan,
        "interval": wish.interval,
        "expires_at": timezone.now() + LINK_LIFE,
        "changed_at": timezone.now(),
    }
    mine = waiting is not None and instead_of is not None and instead_of.pk == waiting.pk
    if waiting is not None and not mine and not check_password(wish.password, waiting.password_hash):
        fields["contested"] = True
    signup, _ = Signup.objects.update_or_create(
        email=wish.email, slug=wish.slug, state=Signup.State.UNCONFIRMED, defaults=fields
    )
    tasks.mail_confirmation.defer(signup_id=signup.pk)
    return signup


@transaction.atomic
def mail_again(signup: Signup) -> bool:
    """Mail another link, and give it the full time; False while the last one is younger than MAIL_PAUSE."""
    now = timezone.now()
    rested = Signup.objects.filter(pk=signup.pk, changed_at__lte=now - MAIL_PAUSE)
    if not rested.update(expires_at=now + LINK_LIFE, changed_at=now):
        return False
    tasks.mail_confirmation.defer(signup_id=signup.pk)
    return True


@transaction.atomic
def confirm_signup(signup_id: int, slug: str | None = None, password: str | None = None) -> Signup:
    """Queue the opening, under another `slug` or with another `password` where one is given; a second press changes
    nothing.

    Raises slugs.SlugRefused when the slug is no longer free, PasswordWanted where the sign-up is contested and comes
    without one, and ValidationError for a bad one.
    """
    signup = Signup.objects.select_for_update().get(pk=signup_id)
    if signup.state == Signup.State.OPEN or (signup.state in UNDER_WAY and not signup.stalled):
        return signup
    if slug is not None:
        slugs.check_shape(slug)
        signup.slug = slug
    slugs.check(signup.slug)
    if signup.contested and not password:
        raise PasswordWanted
    if password:
        validate_password(password)
        signup.password_hash, signup.contested = make_password(password), False
    signup.state = Signup.State.QUEUED
    signup.attempt += 1
    signup.changed_at = timezone.now()
    signup.save(update_fields=["slug", "state", "attempt", "changed_at", "password_hash", "contested"])
    tasks.open_signup.defer(signup_id=signup.pk, attempt=signup.attempt)
    return signup


@transaction.atomic
def enter(signup_id: int) -> bool:
    """Take the one step in that follows an opening; False once it was taken, or is long past."""
    lately = timezone.now() - timedelta(minutes=30)
    fresh = Signup.objects.filter(
        pk=signup_id, state=Signup.State.OPEN, entered_at__isnull=True, changed_at__gt=lately
    )
    return bool(fresh.update(entered_at=timezone.now()))


UNDER_WAY = (Signup.State.QUEUED, Signup.State.OPENING)
