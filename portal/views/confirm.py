"""`/signup/confirm/TOKEN/`: from the mailed link to the open door.

A GET changes nothing: mail scanners follow links. Only the browser that pressed the button may walk in,
once, so that a link found in an old mail opens nothing.
"""

from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.actions import make_handoff
from accounts.models import Member
from billing import wishes
from billing.reading import can_buy
from portal import actions, guards, signs
from portal.browser import remember, remembered
from portal.links import signup_of
from portal.models import Signup
from tenants import slugs
from tenants.context import run_in_tenant
from tenants.hosts import base_as_typed, tenant_url
from tenants.models import Tenant
from tenants.plans import TRIAL_DAYS, plan_of

State = Signup.State
MOST_OF_A_PASSWORD = 1_000  # characters: to hash more is work for nothing


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    signup = signup_of(token)
    if signup is None:
        return signs.unknown_link(request)
    if signup.expired:
        return signs.link_too_old(request, _path(token, "again/"))
    if signup.state == State.OPEN:
        return _to_the_door(request, signup, token)
    if request.method == "POST":
        return _confirm(request, signup, token)
    if signup.state in (State.UNCONFIRMED, State.SLUG_REFUSED):
        return _ask(request, signup)
    return redirect(_path(token, "progress/"))


@require_POST
def again(request: HttpRequest, token: str) -> HttpResponse:
    """A new mail for a link that came too late."""
    signup = signup_of(token)
    if signup is None:
        return signs.unknown_link(request)
    if signup.state != State.UNCONFIRMED:
        return redirect(_path(token))
    if not guards.may_mail(signup.email):
        return signs.too_many_mails(request)
    actions.mail_again(signup)
    return remember(signup, redirect("/signup/sent/"))


@never_cache
@require_safe
def progress(request: HttpRequest, token: str) -> HttpResponse:
    signup = signup_of(token)
    if signup is None:
        return signs.unknown_link(request)
    if signup.state == State.OPEN:
        return _to_the_door(request, signup, token)
    if signup.state in (State.UNCONFIRMED, State.SLUG_REFUSED):
        return redirect(_path(token))
    context = {
        "signup": signup,
        "failed": signup.failed,
        "steps": _steps(signup),
        "status_url": _path(token, "status/"),
        "confirm_url": _path(token),
        "base_domain": base_as_typed(),
    }
    return render(request, "portal/progress.html", context)


@never_cache
@require_safe
def status(request: HttpRequest, token: str) -> HttpResponse:
    """How far the opening is, for the page that waits for it."""
    signup = signup_of(token)
    if signup is None:
        return JsonResponse({"state": "unknown", "next": "/signup/"}, status=404)
    if signup.failed:
        return JsonResponse({"state": State.FAILED, "next": None})
    leaves = {State.OPEN: "enter/", State.UNCONFIRMED: "", State.SLUG_REFUSED: ""}
    next_page = _path(token, leaves[State(signup.state)]) if signup.state in leaves else None
    return JsonResponse({"state": signup.state, "next": next_page})


@never_cache
@require_safe
def enter(request: HttpRequest, token: str) -> HttpResponse:
    """Over the threshold: signed in at the new workspace by a one-use token, or shown its sign-in page."""
    signup = signup_of(token)
    if signup is None:
        return signs.unknown_link(request)
    if signup.state != State.OPEN:
        return redirect(_path(token))
    tenant = Tenant.objects.filter(slug=signup.slug).first()
    if tenant is None:  # opened and deleted since
        return signs.unknown_link(request)
    query = {}
    if _is_mine(request, signup) and actions.enter(signup.pk):
        handoff = run_in_tenant(tenant, _owner_handoff, signup.email)
        query = ({"handoff": handoff} if handoff else {}) | _to_the_till(signup)
    return redirect(tenant_url(signup.slug, f"/login/?{urlencode(query)}" if query else "/login/"))


def _to_the_till(signup: Signup) -> dict[str, str]:
    """Where a paid plan is bought, once inside."""
    if not plan_of(signup.plan).paid or not can_buy():
        return {}
    wish = wishes.seal(signup.slug, signup.plan, "year" if signup.interval == "year" else "month")
    return {"next": f"/console/billing/begin/?{urlencode({'wish': wish})}"}


def _confirm(request: HttpRequest, signup: Signup, token: str) -> HttpResponse:
    other = request.POST.get("slug", "").strip().lower()[:100] or None
    try:
        password = request.POST.get("password", "")[:MOST_OF_A_PASSWORD] if signup.contested else None
        confirmed = actions.confirm_signup(signup.pk, other, password)
    except (actions.PasswordWanted, ValidationError) as refused:
        return _ask_for_a_password(request, signup, refused)
    except slugs.SlugRefused as refused:
        return _ask(request, signup, other or signup.slug, str(refused), 409)
    return remember(confirmed, redirect(_path(token, "progress/")))


def _ask_for_a_password(
    request: HttpRequest, signup: Signup, refused: actions.PasswordWanted | ValidationError
) -> HttpResponse:
    signup.contested = True  # perhaps since a moment ago
    words = " ".join(refused.messages) if isinstance(refused, ValidationError) else "Choose a password."
    return _ask(request, signup, status=422, password_refused=words)


def _ask(
    request: HttpRequest,
    signup: Signup,
    slug: str = "",
    refused: str = "",
    status: int = 200,
    *,
    password_refused: str = "",
) -> HttpResponse:
    """The page with the button; with a field for another address where the first is gone."""
    if not refused:
        try:
            slugs.check(signup.slug)
        except slugs.SlugRefused as gone:
            refused = str(gone)
    context = {
        "signup": signup,
        "plan": plan_of(signup.plan),
        "on_sale": can_buy(),
        "trial_days": TRIAL_DAYS,
        "slug": slug or signup.slug,
        "slug_refused": refused,
        "password_refused": password_refused,
        "base_domain": base_as_typed(),
    }
    return render(request, "portal/confirm.html", context, status=status)


def _steps(signup: Signup) -> list[dict[str, str]]:
    queued = signup.state == State.QUEUED
    making = "Schema, owner, first key, first room"
    return [
        {"key": "confirmed", "words": "Mail address confirmed", "state": "done"},
        {"key": State.QUEUED, "words": "A worker takes it up", "state": "now" if queued else "done"},
        {"key": State.OPENING, "words": making, "state": "next" if queued else "now"},
        {"key": State.OPEN, "words": "The door opens", "state": "next"},
    ]


def _to_the_door(request: HttpRequest, signup: Signup, token: str) -> HttpResponse:
    if _is_mine(request, signup) and signup.entered_at is None:
        return redirect(_path(token, "enter/"))
    return signs.already_open(request, signup)


def _is_mine(request: HttpRequest, signup: Signup) -> bool:
    mine = remembered(request)
    return mine is not None and mine.pk == signup.pk


def _owner_handoff(email: str) -> str:
    owner = Member.objects.filter(kind=Member.Kind.STAFF, role=Member.Role.OWNER, email=email).first()
    return make_handoff(owner) if owner else ""


def _path(token: str, leaf: str = "") -> str:
    return f"/signup/confirm/{token}/{leaf}"
