"""Leaving a paid plan, and coming back before it ends. Nothing is ever deleted for money."""

from datetime import datetime

from billing.actions.holding import held, running_contract
from billing.actions.owing import refuse_while_owing
from billing.actions.refresh import catch_up
from billing.actions.undoing import put_back_if_refused
from billing.actions.usage import settle_usage
from billing.gateway import writing
from billing.gateway.contracts import Contract
from billing.models import Subscription
from billing.models.subscription import OWED_FOR


def cancel(tenant_id: int) -> datetime | None:
    """End the paid plan with its period or trial; the workspace goes on as Free. What is over Free's limits stays,
    nothing is added to it. A plan that is owed for ends at once (None), and the debt stays: the workspace is past
    due, then suspended, until it is paid. What was used beyond the plan is billed either way."""
    settle_usage(tenant_id)
    with held(tenant_id) as bought:
        ends = cancel_held(bought, running_contract(bought))
        catch_up(bought)
    return ends


def cancel_held(bought: Subscription, contract: Contract) -> datetime | None:
    """The same for a subscription that the caller holds, with its usage reported; the caller brings the copy up to
    date."""
    with put_back_if_refused(contract):
        writing.forget_later(contract)
        if contract.status in OWED_FOR:
            writing.cancel_now(contract)
            return None
        writing.cancel_at_end(contract)
    return contract.trial_end if contract.status == "trialing" else contract.period_end


def reactivate(tenant_id: int) -> None:
    """Take back a cancellation that has not come into force. Harmless where there is none. Raises BillingRefused while
    an invoice is unpaid."""
    with held(tenant_id) as bought:
        contract = running_contract(bought)
        if contract.cancel_at is not None:
            refuse_while_owing(contract)
            writing.keep_on(contract)
        catch_up(bought)
