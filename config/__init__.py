"""Composition only: settings, URL maps and the ASGI application."""
