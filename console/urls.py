"""A workspace's own pages, on its own host."""

from django.urls import path

from console.views import forgotten, keys, members, origins, overview, room, rooms, sign_in

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
    path("console/rooms/<slug:name>/", room.room),
    path("console/rooms/<slug:name>/live/", room.live),
    path("console/rooms/<slug:name>/settings/", room.settings),
    path("console/rooms/<slug:name>/archive/", room.archive),
    path("console/rooms/<slug:name>/archive/remove/", room.unarchive),
    path("console/rooms/<slug:name>/delete/", room.delete),
    path("console/rooms/<slug:name>/members/", members.add),
    path("console/rooms/<slug:name>/members/<str:external_id>/role/", members.give_role),
    path("console/rooms/<slug:name>/members/<str:external_id>/mute/", members.mute),
    path("console/rooms/<slug:name>/members/<str:external_id>/mute/remove/", members.unmute),
    path("console/rooms/<slug:name>/members/<str:external_id>/remove/", members.remove),
]
