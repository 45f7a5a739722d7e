"""The widget app has no models: it draws pages and serves the loader."""

from django.apps import AppConfig


class WidgetConfig(AppConfig):
    name = "widget"
