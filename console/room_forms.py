"""The forms on a room's page. What they accept is checked again by the actions they lead to."""

from datetime import datetime, timedelta
from typing import Any, Final

from django import forms
from django.utils import timezone

from accounts.names import MAX_SUB
from console.forms import text_input
from incoming.actions import MAX_NAME
from rooms.actions import FOR_EVER
from rooms.models import Membership, Room
from rooms.texts import MAX_TITLE

MUTES: Final = {
    "10m": ("10 minutes", timedelta(minutes=10)),
    "1h": ("1 hour", timedelta(hours=1)),
    "1d": ("1 day", timedelta(days=1)),
    "ever": ("ever", None),
}
PACES: Final = {
    0: "Off",
    5: "5 seconds",
    10: "10 seconds",
    30: "30 seconds",
    60: "1 minute",
    300: "5 minutes",
    900: "15 minutes",
    3600: "1 hour",
    21600: "6 hours",
}
ROLES: Final = {
    Membership.Role.MEMBER: "Member",
    Membership.Role.MODERATOR: "Moderator: may delete what others say here",
}


def pace_in_words(seconds: int) -> str:
    """A room's slow mode as people say it."""
    return PACES.get(seconds, f"{seconds:,} seconds")


class IncomingForm(forms.Form):
    """A new incoming webhook."""

    prefix = "incoming"
    name = forms.CharField(
        label="Name",
        max_length=MAX_NAME,
        help_text="Its messages come under this name.",
        widget=text_input(dir="auto", placeholder="Deploys"),
    )


class SettingsForm(forms.Form):
    """What can be changed about a room."""

    prefix = "settings"
    title = forms.CharField(
        label="Title",
        required=False,
        max_length=MAX_TITLE,
        help_text="What people see. Without one they see the name.",
        widget=text_input(dir="auto"),
    )
    slow_mode = forms.TypedChoiceField(
        label="Slow mode",
        coerce=int,
        help_text="How long everyone but moderators waits between two messages.",
        widget=forms.Select(attrs={"class": "input"}),
    )

    def __init__(self, data: Any = None, *, room: Room) -> None:
        super().__init__(data, initial={"title": room.title, "slow_mode": room.slow_mode})
        paces = PACES | {room.slow_mode: pace_in_words(room.slow_mode)}  # the API takes any
        self.fields["slow_mode"].choices = sorted(paces.items())  # type: ignore[attr-defined]


class MemberForm(forms.Form):
    """Whom to let into a room."""

    prefix = "member"
    external_id = forms.CharField(
        label="User",
        max_length=MAX_SUB,
        strip=False,
        help_text="The id by which your own system knows them. Somebody new is made known.",
        widget=text_input(autocapitalize="none", spellcheck="false", dir="auto"),
        error_messages={"required": "Enter the user’s id."},
    )
    role = forms.ChoiceField(
        label="Role", choices=list(ROLES.items()), widget=forms.Select(attrs={"class": "input"})
    )


class DeleteForm(forms.Form):
    """A room goes only if its name is typed: it takes everything with it."""

    prefix = "delete"
    name = forms.CharField(
        label="Name of the room",
        max_length=80,
        widget=text_input(autocapitalize="none", spellcheck="false"),
        error_messages={"required": "Type the room’s name."},
    )

    def __init__(self, data: Any = None, *, room: Room) -> None:
        super().__init__(data)
        self.room = room

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"])
        if name != self.room.name:
            raise forms.ValidationError(f"That is not its name. Type {self.room.name} to delete it.")
        return name


def mute_until(said: str) -> datetime | None:
    """When a mute of this length ends; None where there is no such length."""
    if said not in MUTES:
        return None
    length = MUTES[said][1]
    return FOR_EVER if length is None else timezone.now() + length
