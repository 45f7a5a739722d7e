"""`/login/`: the portal knows no accounts, it only mails people the addresses of their workspaces."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from portal import guards, tasks
from portal.forms import FindForm

TOO_MANY = "Many requests came from your network in the last hour. Try again a little later."


@require_http_methods(["GET", "HEAD", "POST"])
def login(request: HttpRequest) -> HttpResponse:
    """The same answer for every address: what is known of it is told to its owner alone."""
    if request.method != "POST":
        return render(request, "portal/login.html", {"form": FindForm()})
    form = FindForm(request.POST)
    if not form.is_valid():
        return render(request, "portal/login.html", {"form": form}, status=422)
    if not guards.may_look_up(request):
        form.add_error(None, TOO_MANY)
        return render(request, "portal/login.html", {"form": form}, status=429)
    email = form.cleaned_data["email"].strip().lower()
    if guards.may_mail(email):
        tasks.mail_workspaces.defer(email=email)
    return redirect("/login/sent/")


@require_safe
def login_sent(request: HttpRequest) -> HttpResponse:
    return render(request, "portal/login_sent.html", {"development": settings.SNUG_ENV == "development"})
