"""What billing answers to on the portal's host."""

from django.urls import path

from billing import views

urlpatterns = [path("stripe/webhook/", views.stripe_webhook)]
