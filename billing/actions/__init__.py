"""The verbs of billing. Each speaks to Stripe, then brings the local copy up to date, under the tenant's lock."""

from billing.actions.buy import BY_INVOICE, by_invoice_goes, pay_by_card, pay_by_invoice, start_checkout
from billing.actions.change import change_plan, keep_plan, preview_change
from billing.actions.counting import measure
from billing.actions.leave import cancel, reactivate
from billing.actions.paperwork import (
    drawn_up,
    invoices,
    pay_url,
    portal_url,
    remove_tax_id,
    set_tax_id,
    tax_ids,
)
from billing.actions.receive import apply_event, fetch_events, forget_old_events, receive_event
from billing.actions.refresh import refresh
from billing.actions.usage import check_limits, report_usage, set_overage
from billing.gateway.debts import Drawn
from billing.gateway.paperwork import Invoice

__all__ = [
    "BY_INVOICE",
    "Drawn",
    "Invoice",
    "apply_event",
    "by_invoice_goes",
    "cancel",
    "change_plan",
    "check_limits",
    "drawn_up",
    "fetch_events",
    "forget_old_events",
    "invoices",
    "keep_plan",
    "measure",
    "pay_by_card",
    "pay_by_invoice",
    "pay_url",
    "portal_url",
    "preview_change",
    "reactivate",
    "receive_event",
    "refresh",
    "remove_tax_id",
    "report_usage",
    "set_overage",
    "set_tax_id",
    "start_checkout",
    "tax_ids",
]
