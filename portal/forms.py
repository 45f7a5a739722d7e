"""The portal's two forms. Their texts are read by people who are about to trust us."""

from typing import Final

from django import forms
from django.contrib.auth.password_validation import validate_password

from billing.reading import can_buy
from portal.names import one_line, suggest
from tenants import slugs
from tenants.plans import PLANS

NOT_ON_SALE: Final = "Paid plans cannot be bought here yet. Choose Free: you can change as soon as they can."
LONGEST_PASSWORD: Final = 128  # hashing takes as long as its input is


def text_input(**attributes: str) -> forms.TextInput:
    return forms.TextInput(attrs={"class": "input", "autocomplete": "off", **attributes})


def email_field(label: str) -> forms.EmailField:
    """A mail address, written the way phones and password managers expect."""
    attributes = {"class": "input", "autocomplete": "email", "inputmode": "email", "autocapitalize": "none"}
    return forms.EmailField(
        label=label,
        max_length=254,
        widget=forms.EmailInput(attrs=attributes),
        error_messages={
            "required": "Enter your mail address.",
            "invalid": "This is not a mail address. Check it for a typing mistake.",
        },
    )


class SignupForm(forms.Form):
    """Who wants a workspace, and under which name."""

    organisation = forms.CharField(
        label="Organisation",
        max_length=60,
        widget=text_input(autocomplete="organization"),
        error_messages={
            "required": "Enter the name of your organisation.",
            "max_length": "At most %(limit_value)d characters; this is %(show_value)d.",
        },
    )
    slug = forms.CharField(
        label="Address",
        required=False,
        max_length=100,
        widget=text_input(autocapitalize="none", spellcheck="false", **{"aria-describedby": "id_slug_hint"}),
    )
    email = email_field("Your work mail")
    password = forms.CharField(
        label="Password",
        strip=False,
        max_length=LONGEST_PASSWORD,
        help_text="At least 10 characters. A short sentence is a good password.",
        widget=forms.PasswordInput(attrs={"class": "input", "autocomplete": "new-password"}),
        error_messages={"required": "Choose a password."},
    )
    plan = forms.ChoiceField(
        choices=[(plan.key, plan.name) for plan in PLANS.values()],
        error_messages={
            "required": "Choose a plan.",
            "invalid_choice": "There is no such plan. Choose one of these.",
        },
    )

    interval = forms.ChoiceField(choices=[("month", "By the month"), ("year", "By the year")], required=False)

    def clean_plan(self) -> str:
        plan = str(self.cleaned_data["plan"])
        if PLANS[plan].paid and not can_buy():
            raise forms.ValidationError(NOT_ON_SALE)
        return plan

    def clean_interval(self) -> str:
        return str(self.cleaned_data["interval"]) or "month"

    def clean_organisation(self) -> str:
        name = one_line(self.cleaned_data["organisation"])
        if not any(character.isalnum() for character in name):
            raise forms.ValidationError("Enter a name with at least one letter or digit.")
        if (
            "://" in name or "www." in name.lower()
        ):  # it goes into a mail to an address that nobody has proved
            raise forms.ValidationError("Enter the name alone, without a web address.")
        return name

    def clean_slug(self) -> str:
        slug = str(self.cleaned_data["slug"]).strip().lower()
        if not slug:
            raise forms.ValidationError(self._offer())
        try:
            slugs.check(slug)
        except slugs.SlugRefused as refused:
            raise forms.ValidationError(str(refused)) from None
        return slug

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).strip().lower()

    def clean_password(self) -> str:
        password = str(self.cleaned_data["password"])
        validate_password(password)
        return password

    def _offer(self) -> str:
        """Without a script there was no suggestion while typing: make it now, filled in."""
        offered = suggest(self.cleaned_data.get("organisation", ""))
        if not offered:
            return "Choose an address for the workspace."
        self.data = {**dict(self.data.items()), "slug": offered}
        return f"Choose an address. “{offered}” is free, so we filled it in."


class FindForm(forms.Form):
    """Whose workspaces to look for."""

    email = email_field("Mail address")
