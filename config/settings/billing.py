"""Stripe's keys. Without them a paid plan opens unbilled, in development alone."""

from config.settings.base import ENV

STRIPE_SECRET_KEY = ENV.stripe_secret_key
STRIPE_WEBHOOK_SECRET = ENV.stripe_webhook_secret
