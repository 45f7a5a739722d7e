"""Rules: how often one may say the same, and the hook that is asked about each message."""

from typing import Annotated, Any, Literal

from ninja import Router, Schema
from pydantic import Field

from api.callers import ApiRequest, Key
from api.errors import Problem
from api.shapes import Body, HttpsUrl, Whole
from moderation import actions
from moderation.actions.rules import LONGEST, MOST_REPEATS
from moderation.models import Rules
from realtime.events import stamp

router = Router(tags=["moderation"])

OnFailure = Literal["allow", "refuse"]
_Count = Annotated[int, Field(strict=True, ge=1, le=MOST_REPEATS), Whole]
_Seconds = Annotated[int, Field(strict=True, ge=1, le=LONGEST), Whole]


class Repeats(Body):
    most: _Count = Field(description="How often one user may say the same.", examples=[3])
    seconds: _Seconds = Field(description="Within how many seconds of the first.", examples=[60])


class RuleChanges(Body):
    repeats: Repeats | None = Field(description="Null: as often as they like.")


class NewHook(Body):
    url: HttpsUrl = Field(
        min_length=1,
        max_length=2000,
        description="https, on the public internet, port 443 or above 1024.",
        examples=["https://shop.example.com/hooks/before-send"],
    )
    on_failure: OnFailure = Field(
        "allow", description="What becomes of a message where no sound answer comes within 1.5 s."
    )


class RepeatsOut(Schema):
    most: int
    seconds: int


class HookOut(Schema):
    url: str
    on_failure: OnFailure
    failed_at: str | None = Field(
        description="When it last gave no sound answer, to a minute or so; null once it answers again."
    )
    failure: str | None = Field(description="What was wrong then, in words.", examples=["It answered 500."])


class NewHookOut(HookOut):
    secret: str = Field(description="Signs what is sent (Standard Webhooks). Shown this once.")


class RulesOut(Schema):
    repeats: RepeatsOut | None
    hook: HookOut | None

    @classmethod
    def of(cls, rules: Rules) -> "RulesOut":
        repeats = rules.repeats_most and RepeatsOut(most=rules.repeats_most, seconds=rules.repeats_seconds)
        return cls(repeats=repeats or None, hook=_hook(rules) if rules.hook_url else None)


@router.get("/moderation", response=RulesOut, auth=Key("moderation:read"))
def get_rules(request: ApiRequest) -> RulesOut:
    """Read the rules."""
    return RulesOut.of(actions.rules())


@router.patch("/moderation", response=RulesOut, auth=Key("moderation:write"))
def patch_rules(request: ApiRequest, body: RuleChanges) -> RulesOut:
    """Change the rules.

    They hold for users, guests and agents: neither for bots nor for whoever moderates.
    """
    repeats = body.repeats
    changed = actions.limit_repeats(repeats.most, repeats.seconds) if repeats else actions.limit_repeats(None)
    return RulesOut.of(changed)


@router.put("/moderation/hook", response={201: NewHookOut, 200: HookOut}, auth=Key("moderation:write"))
def put_hook(request: ApiRequest, body: NewHook) -> tuple[int, HookOut]:
    """Set the hook.

    It is asked about each message and edit before anyone sees it, and may allow, change or refuse it. Another address
    gets a new secret, and 201.
    """
    try:
        rules, secret = actions.set_hook(body.url, body.on_failure)
    except ValueError as refused:
        raise Problem(422, "invalid_field", str(refused)) from None
    if secret is None:
        return 200, _hook(rules)
    return 201, NewHookOut(**_fields(rules), secret=secret)


@router.post("/moderation/hook/rotate-secret", response=NewHookOut, auth=Key("moderation:write"))
def rotate_hook_secret(request: ApiRequest) -> NewHookOut:
    """Give the hook another secret.

    For the same address. Only the new one signs from then on; where your server refuses it until it knows it, that
    counts as no sound answer.
    """
    rotated = actions.rotate_hook_secret()
    if rotated is None:
        raise Problem(404, "not_found", "There is no hook.")
    rules, secret = rotated
    return NewHookOut(**_fields(rules), secret=secret)


@router.delete("/moderation/hook", response={204: None}, auth=Key("moderation:write"))
def delete_hook(request: ApiRequest) -> tuple[int, None]:
    """Remove the hook."""
    if not actions.remove_hook():
        raise Problem(404, "not_found", "There is no hook.")
    return 204, None


def _hook(rules: Rules) -> HookOut:
    return HookOut(**_fields(rules))


def _fields(rules: Rules) -> dict[str, Any]:
    return {
        "url": rules.hook_url,
        "on_failure": rules.hook_on_failure,
        "failed_at": stamp(rules.hook_failed_at) if rules.hook_failed_at else None,
        "failure": rules.hook_failure or None,
    }
