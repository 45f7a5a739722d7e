"""The portal's pages, at the root of the portal's host."""

from django.urls import path

from portal import dev_mail
from portal.views import confirm, login, pages, signup

urlpatterns = [
    path("", pages.landing),
    path("pricing/", pages.pricing),
    path("signup/", signup.signup),
    path("signup/slug/", signup.check_slug),
    path("signup/sent/", signup.sent),
    path("signup/resend/", signup.resend),
    path("signup/confirm/<slug:token>/", confirm.confirm),
    path("signup/confirm/<slug:token>/again/", confirm.again),
    path("signup/confirm/<slug:token>/progress/", confirm.progress),
    path("signup/confirm/<slug:token>/status/", confirm.status),
    path("signup/confirm/<slug:token>/enter/", confirm.enter),
    path("login/", login.login),
    path("login/sent/", login.login_sent),
    path("dev/mail/", dev_mail.mails),
    path("dev/mail/<slug:name>/", dev_mail.mail),
    path("dev/mail/<slug:name>/html/", dev_mail.mail_html),
]
