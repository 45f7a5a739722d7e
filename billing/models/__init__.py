"""What billing remembers, all of it in the public schema."""

from billing.models.connection_peak import ConnectionPeak
from billing.models.notice import Notice
from billing.models.stripe_event import StripeEvent
from billing.models.subscription import Subscription
from billing.models.usage_report import UsageReport

__all__ = ["ConnectionPeak", "Notice", "StripeEvent", "Subscription", "UsageReport"]
