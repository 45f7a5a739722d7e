"""`/login/forgot/` and `/login/reset/TOKEN/`: from a forgotten password back in, by way of the mailbox."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from accounts.actions import password_reset_of, reset_password, staff_by_mail
from console import guards, tasks
from console.forms import ForgottenForm, NewPasswordForm
from console.views.sign_in import BACKEND, tenant_of
from tenants.hosts import portal_url

TOO_MANY = "Many requests came from your network in the last hour. Try again a little later."
CHANGED = "Your new password is set. You are signed out everywhere else."


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def forgot(request: HttpRequest) -> HttpResponse:
    """The same answer, after the same work, for every address: who works here is told to nobody."""
    if request.method != "POST":
        return _forgot(request, ForgottenForm())
    form = ForgottenForm(request.POST)
    if not form.is_valid():
        return _forgot(request, form, 422)
    tenant = tenant_of(request)
    if not guards.may_ask(request, tenant):
        form.add_error(None, TOO_MANY)
        return _forgot(request, form, 429)
    email = form.cleaned_data["email"]
    member = staff_by_mail(email)
    if guards.may_mail(tenant, email):
        tasks.mail_password_reset.defer(tenant_id=tenant.id, member_id=member.pk if member else tasks.NOBODY)
    return redirect("/login/forgot/sent/")


@require_safe
def sent(request: HttpRequest) -> HttpResponse:
    context = {
        "tenant": tenant_of(request),
        "development": settings.SNUG_ENV == "development",
        "mail_url": portal_url("/dev/mail/"),
    }
    return render(request, "console/forgot_sent.html", context)


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def reset(request: HttpRequest, token: str) -> HttpResponse:
    """A GET changes nothing: mail scanners follow links."""
    member = password_reset_of(token)
    if member is None:
        return _too_late(request)
    form = NewPasswordForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        context = {"form": form, "tenant": tenant_of(request), "member": member}
        return render(request, "console/reset.html", context, status=422 if form.is_bound else 200)
    changed = reset_password(token, form.cleaned_data["password"])
    if changed is None:
        return _too_late(request)
    login(request, changed, backend=BACKEND)
    messages.success(request, CHANGED)
    return redirect("/console/")


def _forgot(request: HttpRequest, form: ForgottenForm, status: int = 200) -> HttpResponse:
    return render(request, "console/forgot.html", {"form": form, "tenant": tenant_of(request)}, status=status)


def _too_late(request: HttpRequest) -> HttpResponse:
    return render(request, "console/reset_too_late.html", {"tenant": tenant_of(request)}, status=410)
