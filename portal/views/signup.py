"""`/signup/`: the form, the address checked while it is typed, and the page that says to look in the mail."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal import actions, guards
from portal.browser import remember, remembered
from portal.forms import SignupForm
from portal.mails import hours_of_life
from portal.models import Signup
from portal.names import suggest
from tenants import slugs
from tenants.plans import PLANS
from tenants.problems import problem

TOO_MANY_FORMS = "Many sign-ups came from your network in the last hour. Try again a little later."
TOO_MANY_MAILS = "Several mails went there in the last hour. Look in the spam folder, or try again later."


@require_http_methods(["GET", "HEAD", "POST"])
def signup(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return _form(request, SignupForm())
    form = SignupForm(request.POST)
    if not form.is_valid():
        return _form(request, form, 422)
    if not guards.may_sign_up(request):
        form.add_error(None, TOO_MANY_FORMS)
        return _form(request, form, 429)
    if not guards.may_mail(form.cleaned_data["email"]):
        form.add_error("email", TOO_MANY_MAILS)
        return _form(request, form, 429)
    return remember(actions.start_signup(actions.Wish(**form.cleaned_data)), redirect("/signup/sent/"))


@require_safe
def check_slug(request: HttpRequest) -> HttpResponse:
    """Whether an address is free; with `organisation` in place of `slug`, a free one close to that name."""
    if not guards.may_check_slug(request):
        return problem(429, "rate_limited", "Too many checks. Wait a minute.")
    slug = request.GET.get("slug", "")[:100].strip().lower()
    if not slug:
        slug = suggest(request.GET.get("organisation", "")[:60])
        if not slug:
            return JsonResponse({"slug": "", "free": False, "words": ""})
    try:
        slugs.check(slug)
    except slugs.SlugRefused as refused:
        return JsonResponse({"slug": slug, "free": False, "words": str(refused)})
    return JsonResponse({"slug": slug, "free": True, "words": f"{slug}.{settings.SNUG_BASE_DOMAIN} is free."})


@require_safe
def sent(request: HttpRequest) -> HttpResponse:
    waiting = _waiting(request)
    return _sent(request, waiting) if waiting else redirect("/signup/")


@require_POST
def resend(request: HttpRequest) -> HttpResponse:
    waiting = _waiting(request)
    if waiting is None:
        return redirect("/signup/")
    if not guards.may_mail(waiting.email):
        return _sent(request, waiting, {"kind": "warn", "icon": "alert", "words": TOO_MANY_MAILS}, 429)
    actions.mail_again(waiting)
    return _sent(
        request, waiting, {"kind": "ok", "icon": "check", "words": "Sent again. Any of the links works."}
    )


def _waiting(request: HttpRequest) -> Signup | None:
    """The sign-up that this browser sent and nobody has confirmed yet."""
    found = remembered(request)
    return found if found is not None and found.state == Signup.State.UNCONFIRMED else None


def _form(request: HttpRequest, form: SignupForm, status: int = 200) -> HttpResponse:
    chosen = form.data.get("plan") or request.GET.get("plan") or "free"
    context = {
        "form": form,
        "plans": PLANS.values(),
        "chosen_plan": chosen if chosen in PLANS else "free",
        "base_domain": settings.SNUG_BASE_DOMAIN,
    }
    return render(request, "portal/signup.html", context, status=status)


def _sent(
    request: HttpRequest, waiting: Signup, again: dict[str, Any] | None = None, status: int = 200
) -> HttpResponse:
    context = {
        "signup": waiting,
        "again": again,
        "hours": hours_of_life(),
        "base_domain": settings.SNUG_BASE_DOMAIN,
        "development": settings.SNUG_ENV == "development",
    }
    return render(request, "portal/sent.html", context, status=status)
