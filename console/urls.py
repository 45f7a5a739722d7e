"""A workspace's own pages, on its own host."""

from django.urls import path

from console.views import forgotten, keys, origins, overview, rooms, sign_in

urlpatterns = [
    path("", overview.welcome),
    path("login/", sign_in.sign_in),
    path("login/forgot/", forgotten.forgot),
    path("login/forgot/sent/", forgotten.sent),
    path("login/reset/<slug:token>/", forgotten.reset),
    path("logout/", sign_in.sign_out),
    path("console/", overview.overview),
    path("console/live/", overview.live),
    path("console/preview/", overview.preview),
    path("console/keys/", keys.create),
    path("console/keys/<slug:key_id>/revoke/", keys.revoke),
    path("console/origins/", origins.save),
    path("console/rooms/", rooms.create),
]
