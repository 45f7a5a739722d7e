"""`/invite/TOKEN/`: from a mailed invitation into the team."""

from django.contrib import messages
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.actions import invitation_of
from accounts.models import Invitation, Member
from console.access import home_of, is_staff
from console.team_forms import FOR, JoinForm
from console.views.sign_in import BACKEND, tenant_of
from tenants.hosts import tenant_as_typed
from workspaces.actions import join_team


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, token: str) -> HttpResponse:
    """A GET changes nothing: mail scanners follow links."""
    invitation = invitation_of(token)
    if invitation is None:
        return _too_late(request)
    if is_staff(request):
        return _page(request, "console/invited_while_in.html", invitation)
    form = JoinForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return _page(request, "console/invited.html", invitation, form)
    wish = form.cleaned_data
    member = join_team(tenant_of(request), token, wish["name"], wish["password"])
    if member is None:
        return _too_late(request)
    login(request, member, backend=BACKEND)
    home = home_of(request)
    if home == "/console/":  # the chat has no place for it
        messages.success(request, f"Welcome to {tenant_of(request).name}.")
    return redirect(home)


def _page(
    request: HttpRequest, template: str, invitation: Invitation, form: JoinForm | None = None
) -> HttpResponse:
    tenant = tenant_of(request)
    context = {
        "tenant": tenant,
        "host": tenant_as_typed(tenant.slug),
        "member": request.user,
        "invitation": invitation,
        "for": FOR[Member.Role(invitation.role)],
        "form": form,
    }
    return render(request, template, context, status=422 if form is not None and form.is_bound else 200)


def _too_late(request: HttpRequest) -> HttpResponse:
    context = {"tenant": tenant_of(request), "inside": is_staff(request)}
    return render(request, "console/invited_too_late.html", context, status=410)
