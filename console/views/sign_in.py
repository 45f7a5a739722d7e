"""Staff sign in on their workspace's own host; the session cookie belongs to that host alone."""

from typing import cast

from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts.actions import authenticate_staff, take_handoff
from accounts.actions import sign_out as end_session
from accounts.models import Member
from console import guards
from console.access import home_of, is_staff
from console.forms import SignInForm
from tenants.directory import TenantInfo
from tenants.hosts import portal_url, tenant_as_typed

BACKEND = "accounts.authentication.StaffBackend"
WRONG = "The mail address or the password is wrong."
TOO_OFTEN = "Too many tries. Wait ten minutes, then try again."
USED_UP = "That sign-in link was used already or is too old. Sign in with your password."


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        return _try(request)
    if handoff := request.GET.get("handoff"):
        return _take(request, handoff)
    if is_staff(request):
        return redirect(_next(request))
    return _page(request, SignInForm())


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    end_session(request)
    return redirect(_asked_for(request) or "/login/")


def _try(request: HttpRequest) -> HttpResponse:
    form = SignInForm(request.POST)
    if not form.is_valid():
        return _page(request, form, 422)
    email, password = form.cleaned_data["email"], form.cleaned_data["password"]
    if not guards.may_try(request, tenant_of(request), email):
        form.add_error(None, TOO_OFTEN)
        return _page(request, form, 429)
    member = authenticate_staff(email, password)
    if member is None:
        form.add_error(None, WRONG)
        return _page(request, form, 422)
    guards.forgive_try(request, tenant_of(request), email)
    return _welcome(request, member)


def _take(request: HttpRequest, handoff: str) -> HttpResponse:
    """The step from the portal after signing up. A HEAD, as link previews send, does not use it up."""
    member = take_handoff(handoff) if request.method == "GET" else None
    if member is not None:
        return _welcome(request, member)
    if is_staff(request):
        return redirect("/console/")
    form = SignInForm()
    return _page(request, form, notice=USED_UP)


def _welcome(request: HttpRequest, member: Member) -> HttpResponse:
    login(request, member, backend=BACKEND)
    return redirect(_next(request))


def _page(request: HttpRequest, form: SignInForm, status: int = 200, notice: str = "") -> HttpResponse:
    tenant = tenant_of(request)
    context = {
        "form": form,
        "tenant": tenant,
        "host": tenant_as_typed(tenant.slug),
        "notice": notice,
        "find_url": portal_url("/login/"),
        "next": _asked_for(request),
    }
    return render(request, "console/sign_in.html", context, status=status)


def _next(request: HttpRequest) -> str:
    return _asked_for(request) or _home(request)


def _home(request: HttpRequest) -> str:
    # A suspended workspace has one page left, its owner's, and it is the one that opens it again. Others are told why.
    member = request.user
    owner = isinstance(member, Member) and member.role == Member.Role.OWNER
    return "/console/billing/" if owner and tenant_of(request).state == "suspended" else home_of(request)


def _asked_for(request: HttpRequest) -> str:
    """The page of this host that is to come next, as the form or address says; "" where it names none."""
    wish = request.POST.get("next") or request.GET.get("next") or ""
    safe = wish.startswith("/") and url_has_allowed_host_and_scheme(wish, allowed_hosts=None)
    return wish if safe else ""


def tenant_of(request: HttpRequest) -> TenantInfo:
    """The workspace on whose host a request came: these pages exist on no other."""
    return cast("TenantInfo", request.tenant)  # type: ignore[attr-defined]
