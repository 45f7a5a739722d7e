"""Paths at the root of a tenant's host."""

from django.urls import path

from widget import views

urlpatterns = [
    path("widget.js", views.loader, name="widget-loader"),
    path("chat/", views.chat, name="chat"),
]
