"""The portal's pages."""

from django.urls import include, path

urlpatterns = [path("", include("portal.urls")), path("billing/", include("billing.urls"))]

handler400 = "config.errors.bad_request"
handler403 = "config.errors.forbidden"
handler404 = "config.errors.not_found"
handler500 = "config.errors.server_error"
