"""`/console/profile/`: the name that customers see, and the password. For every member of the staff, their own."""

from typing import Final

from django import forms
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts.actions import change_password, rename_staff
from console import guards
from console.access import StaffRequest, staff_only
from console.banners import banners
from console.team_forms import NameForm, PasswordForm
from console.views.sign_in import TOO_OFTEN

HOME: Final = "/console/profile/"
WRONG: Final = "This is not the password that you have now."
CHANGED: Final = "Your new password is set. You are signed out everywhere else."


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only
def profile(request: StaffRequest) -> HttpResponse:
    """The page; a POST changes the name."""
    if request.method != "POST":
        return _show(request)
    form = NameForm(request.POST)
    if not form.is_valid():
        return _show(request, 422, name_form=form)
    rename_staff(request.user, form.cleaned_data["name"])
    messages.success(request, "Saved. This is the name that customers see from now on.", "name")
    return HttpResponseRedirect(f"{HOME}#name")


@sensitive_post_parameters("change-old", "change-password")
@require_POST
@staff_only
def password(request: StaffRequest) -> HttpResponse:
    """Set a new password. Every other session ends; this one goes on."""
    form = PasswordForm(request.POST)
    if not form.is_valid():
        return _show(request, 422, password_form=form)
    member, tenant = request.user, request.tenant
    if not guards.may_try(request, tenant, str(member.email)):
        form.add_error(None, TOO_OFTEN)
        return _show(request, 429, password_form=form)
    if not member.check_password(form.cleaned_data["old"]):
        form.add_error("old", WRONG)
        return _show(request, 422, password_form=form)
    guards.forgive_try(request, tenant, str(member.email))
    change_password(member, form.cleaned_data["password"])
    update_session_auth_hash(request, member)
    messages.success(request, CHANGED, "password")
    return HttpResponseRedirect(f"{HOME}#password")


def _show(request: StaffRequest, status: int = 200, **given: forms.Form) -> HttpResponse:
    context = {
        "tenant": request.tenant,
        "member": request.user,
        "banners": banners(request.tenant, request.user),
        "name_form": NameForm(initial={"name": request.user.name}),
        "password_form": PasswordForm(),
    }
    return render(request, "console/profile.html", context | given, status=status)
