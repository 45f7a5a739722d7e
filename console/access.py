"""Who may come into the console, and who may change something there."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from accounts.models import Member
from audit import acting
from tenants.addresses import address_of
from tenants.directory import TenantInfo

P = ParamSpec("P")


class StaffRequest(HttpRequest):
    """A request of a signed-in member of staff, on their own tenant's host."""

    tenant: TenantInfo
    user: Member


StaffView = Callable[Concatenate[StaffRequest, P], HttpResponse]
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def staff_only(view: StaffView[P]) -> View[P]:
    """Sends strangers to the sign-in page, and back here afterwards. Nothing here is ever cached."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not is_staff(request):
            back = f"?next={quote(request.get_full_path())}" if request.method in ("GET", "HEAD") else ""
            return redirect(f"/login/{back}")
        acting.identify(request.user.external_id, address_of(request))  # type: ignore[union-attr]
        response = view(request, *args, **kwargs)  # type: ignore[arg-type]
        response["Cache-Control"] = "private, no-store"
        return response

    return guarded


def admins_only(view: StaffView[P]) -> View[P]:
    """Like `staff_only`, and refuses moderators and agents: they may look, not change."""
    return _only(lambda member: member.may_administer, view)


def moderators_only(view: StaffView[P]) -> View[P]:
    """Like `staff_only`, and refuses agents."""
    who = "Moderators, admins and the owner can do it; an admin or the owner can change your role."
    return _only(lambda member: member.may_moderate, view, who=who)


def owners_only(view: StaffView[P]) -> View[P]:
    """Like `staff_only`, and refuses everyone but the owner: what is paid for is theirs to decide."""
    who = "Its owner can do it, or can change your role."
    return _only(lambda member: member.role == Member.Role.OWNER, view, who=who)


def _only(may: Callable[[Member], bool], view: StaffView[P], who: str = "") -> View[P]:
    @wraps(view)
    def guarded(request: StaffRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not may(request.user):
            return render(request, "errors/403.html", {"who": who}, status=403)
        return view(request, *args, **kwargs)

    return staff_only(guarded)


def changes(section: str) -> Callable[[StaffView[P]], View[P]]:
    """For what changes a section of the console: takes an admin's POST, and leads a GET to that section.

    The address of a form that came back with errors stands in the browser, to be reloaded and bookmarked.
    """

    def decorate(view: StaffView[P]) -> View[P]:
        post = require_POST(admins_only(view))

        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if request.method in ("GET", "HEAD"):
                return to(section)
            return post(request, *args, **kwargs)

        return guarded

    return decorate


def is_staff(request: HttpRequest) -> bool:
    """Whether somebody of this workspace's staff is signed in."""
    member = getattr(request, "user", None)
    return isinstance(member, Member) and member.is_authenticated and member.kind == Member.Kind.STAFF


def home_of(request: HttpRequest) -> str:
    """Where whoever is signed in begins: agents where they answer people, everyone else in the console."""
    member = request.user
    return "/chat/" if isinstance(member, Member) and member.role == Member.Role.AGENT else "/console/"


def to(section: str, query: str = "") -> HttpResponseRedirect:
    """Back to a section of the console, after a change."""
    return HttpResponseRedirect(f"/console/{query}#{section}")
