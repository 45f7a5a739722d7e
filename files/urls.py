"""Signed links, on a tenant's host."""

from django.urls import path

from files import views

urlpatterns = [path("files/<uuid:key>/<slug:variant>/<str:name>", views.signed, name="file")]
