"""Paths at the root of a tenant's host."""

from django.urls import path, re_path

from widget import views

urlpatterns = [
    path("widget.js", views.loader, name="widget-loader"),
    path("chat/", views.chat, name="chat"),
    re_path(r"^chat/(?P<name>(?:files-|others-)?[0-9a-f]{12}\.(?:js|css))$", views.asset, name="chat-asset"),
]
