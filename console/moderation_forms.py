"""The forms of the moderation page. What they accept is checked again by the actions they lead to."""

from typing import Final

from django import forms

from console.forms import address_field, text_input
from moderation.actions.filters import MAX_PATTERN
from moderation.actions.rules import LONGEST, MOST_REPEATS
from moderation.models import Rules

KINDS: Final = {"word": "A word", "link": "Links to"}
ACTIONS: Final = {
    "refuse": "is refused",
    "mask": "is masked with dots",
    "report": "is reported to you",
    "allow": "is always allowed",
}
ON_FAILURE: Final = {Rules.OnFailure.ALLOW: "Send the message", Rules.OnFailure.REFUSE: "Refuse the message"}


def _choice(label: str, choices: dict[str, str]) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=label, choices=list(choices.items()), widget=forms.Select(attrs={"class": "input"})
    )


def _number(label: str, most: int) -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        min_value=1,
        max_value=most,
        widget=forms.NumberInput(attrs={"class": "input", "inputmode": "numeric"}),
        error_messages={"required": "Enter a number.", "invalid": "Enter a whole number."},
    )


class FilterForm(forms.Form):
    """A word or a site, and what happens."""

    prefix = "filter"
    kind = _choice("What", KINDS)
    pattern = forms.CharField(
        label="Word or site",
        max_length=MAX_PATTERN,
        help_text="heck, or heck* for all that begins so; of links example.com with all below it, or * for every link.",
        widget=text_input(autocapitalize="none", spellcheck="false", placeholder="heck"),
        error_messages={"required": "Enter a word or a site."},
    )
    action = _choice("A message with it", {**ACTIONS, "allow": f"{ACTIONS['allow']} (for links only)"})


class RepeatsForm(forms.Form):
    """How often one may say the same."""

    prefix = "repeats"
    most = _number("Times", MOST_REPEATS)
    seconds = _number("Within seconds", LONGEST)


class HookForm(forms.Form):
    """Whom to ask, and what to do where no answer comes."""

    prefix = "hook"
    url = address_field(
        "https, on the public internet. It has 1.5 seconds.",
        "https://shop.example.com/before-send",
        "Enter the address that is to be asked.",
    )
    on_failure = _choice("If no answer comes", {str(name): words for name, words in ON_FAILURE.items()})
