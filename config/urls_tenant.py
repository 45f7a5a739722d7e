"""A workspace's pages and API."""

from django.urls import include, path

from api.v1 import api, docs

urlpatterns = [
    path("api/v1/docs", docs),
    path("api/v1/", api.urls),
    path("", include("files.urls")),
    path("", include("widget.urls")),
    path("", include("console.urls")),
]

handler400 = "config.errors.bad_request"
handler403 = "config.errors.forbidden"
handler404 = "config.errors.not_found"
handler500 = "config.errors.server_error"
