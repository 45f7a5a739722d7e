"""Why billing says no. Each has a sentence for people; `reasons` are what to do first, a sentence each."""

from collections.abc import Sequence


class BillingRefused(Exception):
    """What was asked for cannot be done as things stand; nothing has changed."""

    def __init__(self, sentence: str, reasons: Sequence[str] = ()) -> None:
        super().__init__(sentence)
        self.sentence, self.reasons = sentence, tuple(reasons)


class DoesNotFit(BillingRefused):
    """The workspace uses more than the plan allows; `reasons` say what, and what would make it fit."""


class CardDeclined(BillingRefused):
    """The bank said no; nothing has changed, nothing was charged."""


class BillingUnavailable(BillingRefused):
    """Stripe is not configured here, cannot be reached, or failed; trying again later may help."""


class StripeAway(BillingUnavailable):
    """It cannot be reached, or answers nobody."""


class HalfWay(StripeAway):
    """It stopped answering between the steps of a change: what has come of it is known once it answers again."""

    def __init__(self) -> None:
        super().__init__(
            "Our payment provider stopped answering half-way. Wait a minute, then look here before you try again: "
            "this page shows what holds."
        )
