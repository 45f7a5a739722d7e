"""The form of a webhook. What it accepts is checked again by the actions it leads to."""

from typing import Any, Final

from django import forms

from console.forms import address_field
from webhooks.models import Endpoint
from webhooks.types import EVERYTHING, TYPES, patterns_of

ALL: Final = "all"
SOME: Final = "some"


class WebhookForm(forms.Form):
    """Where to send, and what."""

    prefix = "hook"
    url = address_field(
        "https, on the public internet. Redirects are not followed.",
        "https://shop.example.com/hooks",
        "Enter the address that events are to be sent to.",
    )
    access = forms.ChoiceField(choices=[(ALL, "Everything"), (SOME, "Only these")], initial=ALL)
    events = forms.MultipleChoiceField(required=False, choices=list(TYPES.items()))

    def __init__(self, *args: Any, endpoint: Endpoint | None = None, **kwargs: Any) -> None:
        if endpoint is not None:
            kwargs["initial"] = {
                "url": endpoint.url,
                "access": ALL if EVERYTHING in endpoint.events else SOME,
                "events": types_of(endpoint),
            }
        super().__init__(*args, **kwargs)
        self._endpoint = endpoint

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("access") == SOME and not cleaned.get("events") and "events" not in self.errors:
            self.add_error("events", "Choose at least one event.")
        return cleaned

    @property
    def chosen_events(self) -> list[str]:
        """The patterns to keep, once the form is valid: those there are, where they say the same."""
        if self.cleaned_data["access"] == ALL:
            return [EVERYTHING]
        chosen = list(self.cleaned_data["events"])
        known = self._endpoint
        return list(known.events) if known is not None and types_of(known) == chosen else chosen


def types_of(endpoint: Endpoint) -> list[str]:
    """The types that its patterns stand for."""
    return [type_ for type_ in TYPES if set(patterns_of(type_)) & set(endpoint.events)]
