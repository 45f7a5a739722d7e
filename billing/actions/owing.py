"""Nothing more is sold to whoever has not paid for what they had."""

from billing.errors import BillingRefused
from billing.gateway.contracts import Contract


def refuse_while_owing(contract: Contract | None) -> None:
    """Raises BillingRefused while an invoice of any subscription is unpaid, due or not."""
    if reasons := owed_in_words(contract):
        raise BillingRefused(*reasons)


def owed_in_words(contract: Contract | None) -> tuple[str, ...]:
    """What is to be paid first, in one sentence; empty where nothing is owed."""
    if contract is None or not contract.debts:
        return ()
    first = contract.debts[0]
    over = f"An invoice over ${first.cents // 100:,}.{first.cents % 100:02}"
    if first.draft:
        return (f"{over} is on its way to you by mail, within the hour. Pay it first.",)
    return (f"{over} is open. Pay it first.",)
