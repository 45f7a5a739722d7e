"""`/signup/`: the form, the address checked while it is typed, and the page that says to look in the mail."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from billing.reading import can_buy
from portal import actions, guards
from portal.browser import remember, remembered
from portal.forms import SignupForm
from portal.mails import hours_of_life
from portal.models import Signup
from portal.names import suggest
from tenants import slugs
from tenants.hosts import base_as_typed, tenant_as_typed
from tenants.plans import PLANS, TRIAL_DAYS
from tenants.problems import problem

TOO_MANY_FORMS = "Many sign-ups came from your network in the last hour. Try again a little later."
TOO_MANY_MAILS = "Several mails went there in the last hour. Look in the spam folder, or try again later."


@require_http_methods(["GET", "HEAD", "POST"])
def signup(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return _form(request, _blank_or_earlier(request))
    form = SignupForm(request.POST)
    if not form.is_valid():
        return _form(request, form, 422)
    if not guards.may_sign_up(request):
        form.add_error(None, TOO_MANY_FORMS)
        return _form(request, form, 429)
    if not guards.may_mail(form.cleaned_data["email"]):
        form.add_error("email", TOO_MANY_MAILS)
        return _form(request, form, 429)
    started = actions.start_signup(actions.Wish(**form.cleaned_data), instead_of=_waiting(request))
    return remember(started, redirect("/signup/sent/"))


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
    return JsonResponse({"slug": slug, "free": True, "words": _is_free(slug)})


@require_safe
def sent(request: HttpRequest) -> HttpResponse:
    waiting = _waiting(request)
    if waiting is None:
        return redirect("/signup/")
    context = {
        "signup": waiting,
        "address": tenant_as_typed(waiting.slug),
        "hours": hours_of_life(),
        "development": settings.SNUG_ENV == "development",
    }
    return render(request, "portal/sent.html", context)


@require_POST
def resend(request: HttpRequest) -> HttpResponse:
    waiting = _waiting(request)
    if waiting is None:
        return redirect("/signup/")
    if wait := waiting.mail_wait:
        messages.warning(request, f"A mail went out a moment ago. Wait {wait} seconds, then send it again.")
    elif not guards.may_mail(waiting.email):
        messages.warning(request, TOO_MANY_MAILS)
    elif actions.mail_again(waiting):
        messages.success(request, "Sent again. Any of the links works.")
    return redirect("/signup/sent/")  # a reload there sends nothing


def _waiting(request: HttpRequest) -> Signup | None:
    """The sign-up that this browser sent and nobody has confirmed yet."""
    found = remembered(request)
    return found if found is not None and found.state == Signup.State.UNCONFIRMED else None


def _blank_or_earlier(request: HttpRequest) -> SignupForm:
    """The form; with `?again`, as this browser sent it before, since only the mail address was wrong."""
    earlier = _waiting(request) if "again" in request.GET else None
    if earlier is None:
        return SignupForm()
    fields = ("organisation", "slug", "email", "plan", "interval")
    form = SignupForm(initial={field: getattr(earlier, field) for field in fields})
    form.fields["email"].widget.attrs["autofocus"] = True
    return form


def _form(request: HttpRequest, form: SignupForm, status: int = 200) -> HttpResponse:
    chosen = form.data.get("plan") or form.initial.get("plan") or request.GET.get("plan") or "free"
    known = chosen in PLANS and (can_buy() or not PLANS[chosen].paid)
    context = {
        "form": form,
        "plans": PLANS.values(),
        "chosen_plan": chosen if known else "free",
        "chosen_interval": form.data.get("interval") or form.initial.get("interval") or request.GET.get("by"),
        "on_sale": can_buy(),
        "trial_days": TRIAL_DAYS,
        "base_domain": base_as_typed(),
        "slug_is_free": _still_free(form),
    }
    return render(request, "portal/signup.html", context, status=status)


def _still_free(form: SignupForm) -> str:
    """What was said while the address was typed, said again by a form that came back for another reason."""
    if form.is_bound:
        slug = form.cleaned_data.get("slug")  # where it is there, it was found to be free
        return _is_free(slug) if slug else ""
    slug = str(form.initial.get("slug", ""))
    try:
        slugs.check(slug)
    except slugs.SlugRefused:
        return ""
    return _is_free(slug)


def _is_free(slug: str) -> str:
    return f"{tenant_as_typed(slug)} is free."
