"""Stripe's keys. Without them no paid plan can be bought; everything else works."""

from config.settings.base import ENV

STRIPE_SECRET_KEY = ENV.stripe_secret_key
STRIPE_WEBHOOK_SECRET = ENV.stripe_webhook_secret
# Where Stripe's API is, when it is not Stripe's: bin/dev and the tests name their stand-in here.
STRIPE_API_BASE = ENV.stripe_api_base
# About so many days after a card was refused Stripe, which has tried it again since, ends the plan. Its settings say
# when and whether, and its API does not tell: 0 where they leave the plan past due.
STRIPE_RETRY_DAYS = ENV.stripe_retry_days
# The pages on which people pay: a form of ours may lead there.
STRIPE_PAGES = (
    (STRIPE_API_BASE, STRIPE_API_BASE.replace("127.0.0.1", "localhost"))
    if STRIPE_API_BASE
    else ("https://checkout.stripe.com", "https://billing.stripe.com", "https://invoice.stripe.com")
)
