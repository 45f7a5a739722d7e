"""The console's forms. What they accept is checked again by the actions they lead to."""

from datetime import datetime, timedelta
from typing import Any, Final

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.utils import timezone

from accounts.scopes import SCOPES
from rooms.models import Room

ADMIN: Final = "admin"
# For how long a rotated key works on beside the new one.
OVERLAPS: Final = {
    "day": ("24 hours", timedelta(days=1)),
    "hour": ("1 hour", timedelta(hours=1)),
    "week": ("7 days", timedelta(days=7)),
    "none": ("no time: it stops at once", timedelta(0)),
}
KINDS: Final = {
    Room.Kind.PUBLIC: "Public: anyone may enter",
    Room.Kind.PRIVATE: "Private: members only",
    Room.Kind.SUPPORT: "Support: a visitor and your staff",
}


def text_input(**attributes: str) -> forms.TextInput:
    return forms.TextInput(attrs={"class": "input", "autocomplete": "off", **attributes})


def address_field(help_text: str, placeholder: str, missing: str) -> forms.CharField:
    """An address that we are to call. Whether it may be called is for the action to say."""
    return forms.CharField(
        label="URL",
        max_length=2000,
        help_text=help_text,
        widget=text_input(
            inputmode="url", autocapitalize="none", spellcheck="false", placeholder=placeholder
        ),
        error_messages={"required": missing},
    )


def email_field() -> forms.EmailField:
    """The mail address of a member of staff: what they are known by when they sign in."""
    attributes = {"class": "input", "autocomplete": "username", "autocapitalize": "none"}
    return forms.EmailField(
        label="Mail address",
        max_length=254,
        widget=forms.EmailInput(attrs=attributes),
        error_messages={"required": "Enter your mail address.", "invalid": "This is not a mail address."},
    )


class SignInForm(forms.Form):
    """Mail address and password."""

    email = email_field()
    password = forms.CharField(
        label="Password",
        strip=False,
        max_length=128,
        widget=forms.PasswordInput(attrs={"class": "input", "autocomplete": "current-password"}),
        error_messages={"required": "Enter your password."},
    )


class ForgottenForm(forms.Form):
    """Whom to mail a link to a new password."""

    email = email_field()


class NewPasswordForm(forms.Form):
    """The password that takes the forgotten one's place."""

    password = forms.CharField(
        label="New password",
        strip=False,
        max_length=128,  # hashing takes as long as its input is
        help_text="At least 10 characters. A short sentence is a good password.",
        widget=forms.PasswordInput(attrs={"class": "input", "autocomplete": "new-password"}),
        error_messages={"required": "Choose a password."},
    )

    def clean_password(self) -> str:
        password = str(self.cleaned_data["password"])
        validate_password(password)
        return password


class KeyForm(forms.Form):
    """A new API key: what to call it, and what it may do."""

    prefix = "key"
    name = forms.CharField(
        label="Name",
        max_length=80,
        help_text="Where it will be used, such as “Shop backend”.",
        widget=text_input(),
        error_messages={"required": "Give the key a name."},
    )
    expires = forms.ChoiceField(
        label="Ends",
        required=False,
        choices=[("", "Never"), *((days, f"After {days} days") for days in ("30", "90", "365"))],
        widget=forms.Select(attrs={"class": "input"}),
    )
    access = forms.ChoiceField(choices=[("all", "Everything"), ("some", "Only these")], initial="all")
    scopes = forms.MultipleChoiceField(
        required=False, choices=[(scope, words) for scope, words in SCOPES.items() if scope != ADMIN]
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("access") == "some" and not cleaned.get("scopes") and "scopes" not in self.errors:
            self.add_error("scopes", "Choose at least one thing the key may do.")
        return cleaned

    @property
    def expires_at(self) -> datetime | None:
        """When the key is to end, once the form is valid; None where it is not to."""
        days = self.cleaned_data["expires"]
        return timezone.now() + timedelta(days=int(days)) if days else None

    @property
    def chosen_scopes(self) -> list[str]:
        """The scopes to grant, once the form is valid."""
        return [ADMIN] if self.cleaned_data["access"] == "all" else list(self.cleaned_data["scopes"])


class Unrepeated(forms.Textarea):
    """A field that never shows again what was entered: it may have been a secret, by mistake."""

    def format_value(self, value: object) -> str:
        return ""


class PublicKeyForm(forms.Form):
    """A public key to trust, or a set of them."""

    prefix = "public"
    name = forms.CharField(
        label="Name",
        max_length=80,
        help_text="Who signs with it, such as “Identity provider”.",
        widget=text_input(),
        error_messages={"required": "Give the key a name."},
    )
    pasted = forms.CharField(
        label="Public key",
        max_length=100_000,
        help_text="A PEM, a JWK or a whole JWK set: RSA for RS256, P-256 for ES256, Ed25519 for EdDSA.",
        widget=Unrepeated(
            attrs={
                "class": "input mono",
                "rows": "6",
                "spellcheck": "false",
                "autocapitalize": "none",
                "autocomplete": "off",
                "placeholder": "-----BEGIN PUBLIC KEY-----",
            }
        ),
        error_messages={"required": "Paste the public key."},
    )


class RoomForm(forms.Form):
    """A new room."""

    prefix = "room"
    name = forms.CharField(
        label="Name",
        max_length=80,
        help_text="Letters, digits, hyphens and underscores. It is part of addresses and cannot be changed.",
        widget=text_input(autocapitalize="none", spellcheck="false"),
        error_messages={"required": "Give the room a name."},
    )
    title = forms.CharField(
        label="Title",
        required=False,
        max_length=120,
        help_text="What people see. May be empty.",
        widget=text_input(),
    )
    kind = forms.ChoiceField(
        label="Who may enter", choices=list(KINDS.items()), widget=forms.Select(attrs={"class": "input"})
    )
