"""Forms about the people who work here. What they accept is checked again by the actions they lead to."""

from typing import Any, Final

from django import forms

from accounts.actions.invitations import shown_name
from accounts.models import Member
from accounts.names import MAX_NAME, BadName
from accounts.roles import GIVEN, may_give
from console.forms import NewPasswordForm, text_input

# What a role is for, beside its name.
FOR: Final = {
    Member.Role.ADMIN: "everything but the bill",
    Member.Role.MODERATOR: "rooms, reports and the chat",
    Member.Role.AGENT: "the chat",
}


class InvitationForm(forms.Form):
    """Whom to invite, and as what."""

    prefix = "invite"
    email = forms.EmailField(
        label="Mail address",
        max_length=254,
        help_text="They get a link that works once, for 7 days.",
        widget=forms.EmailInput(
            attrs={"class": "input", "autocomplete": "off", "autocapitalize": "none", "dir": "ltr"}
        ),
        error_messages={"required": "Enter their mail address.", "invalid": "This is not a mail address."},
    )
    role = forms.ChoiceField(
        label="Role",
        widget=forms.Select(attrs={"class": "input"}),
        error_messages={"invalid_choice": "You cannot invite anybody as this."},
    )

    def __init__(self, data: Any = None, *, by: Member) -> None:
        super().__init__(data, initial={"role": Member.Role.AGENT})
        self.fields["role"].choices = [  # type: ignore[attr-defined]
            (role, f"{role.label}: {FOR[role]}") for role in reversed(GIVEN) if may_give(by, role)
        ]

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).strip().lower()


class NameForm(forms.Form):
    """The name beside what somebody of the staff writes."""

    name = forms.CharField(
        label="Your name",
        max_length=MAX_NAME,
        help_text="Customers see it beside what you write.",
        widget=text_input(autocomplete="name", dir="auto"),
        error_messages={"required": "Enter the name that customers are to see."},
    )

    def clean_name(self) -> str:
        try:
            return shown_name(self.cleaned_data["name"])
        except BadName as refused:
            raise forms.ValidationError(str(refused)) from None


class JoinForm(NameForm, NewPasswordForm):
    """Who comes in by an invitation."""

    field_order = ("name", "password")

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        self.fields["password"].label = "Password"


class PasswordForm(NewPasswordForm):
    """A new password for somebody who knows the old one."""

    prefix = "change"
    field_order = ("old", "password")
    old = forms.CharField(
        label="Password now",
        strip=False,
        max_length=128,
        widget=forms.PasswordInput(attrs={"class": "input", "autocomplete": "current-password"}),
        error_messages={"required": "Enter the password that you have now."},
    )
