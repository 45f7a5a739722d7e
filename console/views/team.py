"""`/console/team/`: who works here, and who is invited. For owners and admins."""

from typing import Final

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.actions import InvitationRefused, change_role, withdraw_invitation
from accounts.models import Invitation, Member
from accounts.names import storable
from accounts.roles import GIVEN, NotYours, may_decide_about, may_give
from console import guards
from console.access import StaffRequest, admins_only
from console.banners import banners
from console.team_forms import InvitationForm
from workspaces.actions import invite_colleague, invite_colleague_again, remove_colleague

HOME: Final = "/console/team/"
TOO_MANY: Final = "Many invitations have left today, or many to this address. Try again tomorrow."
GONE: Final = "That invitation was accepted or withdrawn already."
_RANKS: Final = {role: rank for rank, role in enumerate((Member.Role.OWNER, *GIVEN))}


@require_http_methods(["GET", "HEAD", "POST"])
@admins_only
def team(request: StaffRequest) -> HttpResponse:
    """Who works here; a POST invites somebody."""
    if request.method != "POST":
        return _show(request, InvitationForm(by=request.user))
    form = InvitationForm(request.POST, by=request.user)
    if not form.is_valid():
        return _show(request, form, 422)
    email = form.cleaned_data["email"]
    if not guards.may_invite(request.tenant, email):
        form.add_error(None, TOO_MANY)
        return _show(request, form, 429)
    try:
        invite_colleague(request.tenant, email, form.cleaned_data["role"], request.user)
    except InvitationRefused as refused:
        guards.forgive_invitation(request.tenant, email)
        form.add_error("email", str(refused))
        return _show(request, form, 422)
    except NotYours:  # any more
        guards.forgive_invitation(request.tenant, email)
        return _not_yours(request)
    messages.success(request, f"An invitation to {email} is on its way.", "invitations")
    return _to("invitations")


@require_POST
@admins_only
def invite_again(request: StaffRequest, invitation_id: str) -> HttpResponse:
    """Mail a new link, which takes the earlier one's place."""
    found = Invitation.objects.filter(id=invitation_id).first()
    if found is None:
        messages.warning(request, GONE, "invitations")
        return _to("invitations")
    if not may_give(request.user, found.role):
        return _not_yours(request)
    if not guards.may_invite(request.tenant, found.email):
        messages.warning(request, TOO_MANY, "invitations")
        return _to("invitations")
    try:
        sent = invite_colleague_again(request.tenant, invitation_id, request.user)
    except NotYours:  # any more
        return _not_yours(request)
    if sent is None:
        messages.warning(request, GONE, "invitations")
    else:
        words = f"Another mail to {found.email} is on its way. The link in the earlier one ends with it."
        messages.success(request, words, "invitations")
    return _to("invitations")


@require_POST
@admins_only
def withdraw(request: StaffRequest, invitation_id: str) -> HttpResponse:
    try:
        withdrawn = withdraw_invitation(invitation_id, request.user)
    except NotYours:
        return _not_yours(request)
    if withdrawn:
        messages.success(request, "The invitation is withdrawn: its link no longer works.", "invitations")
    else:
        messages.warning(request, GONE, "invitations")
    return _to("invitations")


@require_POST
@admins_only
def give_role(request: StaffRequest, external_id: str) -> HttpResponse:
    other, role = _colleague(external_id), request.POST.get("role", "")
    try:
        change_role(other, role, request.user)
    except NotYours:
        return _not_yours(request)
    messages.success(request, f"{other.username} is {Member.Role(role).label.lower()} now.", "team")
    return _to("team")


@require_POST
@admins_only
def remove(request: StaffRequest, external_id: str) -> HttpResponse:
    other = _colleague(external_id)
    try:
        remove_colleague(request.tenant, other, request.user)
    except NotYours:
        return _not_yours(request)
    words = f"{other.username} is no longer on the team, and signed out everywhere."
    messages.success(request, words, "team")
    return _to("team")


def _colleague(external_id: str) -> Member:
    found = Member.objects.staff().filter(external_id=external_id).first() if storable(external_id) else None
    if found is None:
        raise Http404
    return found


def _show(request: StaffRequest, form: InvitationForm, status: int = 200) -> HttpResponse:
    member = request.user
    people = sorted(Member.objects.staff(), key=lambda each: (_RANKS[Member.Role(each.role)], each.pk))
    waiting = Invitation.objects.select_related("invited_by").order_by("created_at", "id")
    context = {
        "tenant": request.tenant,
        "member": member,
        "banners": banners(request.tenant, member),
        "people": [(each, may_decide_about(member, each)) for each in people],
        "roles": [(role, role.label.lower()) for role in GIVEN if may_give(member, role)],
        "invitations": [(each, may_give(member, each.role)) for each in waiting],
        "form": form,
    }
    return render(request, "console/team.html", context, status=status)


def _not_yours(request: StaffRequest) -> HttpResponse:
    return render(request, "errors/403.html", {"who": "The owner"}, status=403)


def _to(section: str) -> HttpResponse:
    return HttpResponseRedirect(f"{HOME}#{section}")
