"""What holds for all calls, and what Snug sends of its own accord: once, for the reference and the OpenAPI document."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Guide:
    """A subject: its paragraphs, with a blank line between and `code` in backticks, and examples with captions."""

    id: str
    title: str
    text: str
    examples: tuple[tuple[str, str], ...] = ()

    @property
    def paragraphs(self) -> list[str]:
        return [" ".join(each.split()) for each in self.text.split("\n\n")]


EVENT: Final = """{
  "type": "message.created",
  "timestamp": "2030-01-31T12:00:00.000Z",
  "data": {
    "message_id": "0190f5a4-7c1e-7d3a-9b52-3f1c8a6e2d10",
    "seq": 42,
    "rev": 57,
    "room": "general",
    "message": "Where is my order?",
    "user_id": "bob",
    "username": "Bob",
    "timestamp": "2030-01-31T12:00:00.000Z",
    "reactions": []
  }
}"""

VERIFY: Final = '''import base64, hashlib, hmac, time

def verify(secret: str, headers: dict[str, str], body: bytes) -> None:
    """`body` is what came, byte for byte: not JSON that was read and written anew."""
    sent_at = int(headers["webhook-timestamp"])
    if abs(time.time() - sent_at) > 300:
        raise ValueError("too old, or from the future")
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{sent_at}.".encode() + body
    ours = "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    # While two secrets sign there are two, with a space between.
    if not any(hmac.compare_digest(ours, theirs) for theirs in headers["webhook-signature"].split()):
        raise ValueError("not signed by Snug")'''

ASKED: Final = """{
  "type": "message.before_send",
  "timestamp": "2030-01-31T12:00:00.000Z",
  "data": {
    "room": "general",
    "kind": "public",
    "user_id": "bob",
    "username": "Bob",
    "user_kind": "user",
    "message": "hello",
    "client_id": "c1"
  }
}"""

ANSWERS: Final = """{"action": "allow"}
{"action": "refuse", "reason": "No prices here, please."}
{"action": "change", "message": "[card number removed]"}"""

GUIDES: Final = (
    Guide(
        "once",
        "Doing it once",
        """Send `Idempotency-Key` with any `POST` but `/guests`: 1 to 255 visible ASCII characters, a new one for
        each thing that is to be done. For 24 hours the same key, from the same caller to the same path, is
        carried out once. A repeat gets the first answer, with `Idempotency-Replayed: true`; secrets in it are
        null, and tokens and tickets are made anew.

        With another body it is 422 `idempotency_key_reused`. While the first is under way it is 409
        `idempotency_key_in_use`, with `Retry-After`. What was refused is not kept: its key may be used again.""",
    ),
    Guide(
        "lists",
        "Lists",
        """Each is `{"data": […], "next": …}`. `limit` is 1 to 100, and 50 where it is not said. Pass `next` as
        `cursor`, with the same other parameters, until it is null. A cursor says nothing to anyone but Snug:
        keep it as it is.""",
    ),
    Guide(
        "limits",
        "Limits",
        """All keys of a workspace share the plan's requests a minute; each user has a count of the same size of
        their own. Each counted answer says `RateLimit-Limit` (requests a minute), `RateLimit-Remaining` (what is
        left) and `RateLimit-Reset` (seconds until the count begins anew, on the minute). Beyond it is 429
        `rate_limited`, with `Retry-After` in seconds. `GET /usage` puts everything that is counted beside its
        limit.""",
    ),
    Guide(
        "webhooks-out",
        "What webhooks get",
        """A `POST` of `{"type", "timestamp", "data"}` as JSON. `data` of `message.*` is the message, of `room.*`
        the room, of `user.*` the user, each as this API shows it; of `member.*` `{room, external_id, username,
        role, joined_at}`. A deleted message has its place alone, a deleted user their `external_id`.

        Answer 2xx within 10 seconds. Anything else, a redirect too, is tried again for 24 hours, ever less
        often. Events of a room come in order; one may come twice, with the same `webhook-id`: handle each id
        once.

        The headers `webhook-id`, `webhook-timestamp` (Unix seconds) and `webhook-signature` are those of
        Standard Webhooks (standardwebhooks.com), whose libraries check them with the secret that was shown when
        the webhook was made. Without one: HMAC-SHA256 over `id.timestamp.body`, by the secret's bytes, which
        stand in base64 after `whsec_`; the signature is `v1,` and that in base64.""",
        (("An event", EVENT), ("Checking it in Python", VERIFY)),
    ),
    Guide(
        "before-send",
        "What the hook gets and answers",
        """`PUT /moderation/hook` names a server of yours that is asked about each message and edit of users, guests
        and agents, before anyone sees it. It gets a `POST` with the three headers of webhooks, signed by the
        hook's own secret; `data` has `message_id` where it is an edit, and `client_id`, `reply_to` and `files`
        where there are any.

        Answer within 1.5 seconds: 204 lets it through, and so does 200 with `allow`; `refuse` tells the sender
        your reason, up to 200 characters; `change` sends another text. Anything else is no sound answer, and
        `on_failure` says whether the message is then sent (`allow`) or refused. After 5 such in a row it is left
        alone for 10 seconds at a time. `GET /moderation` says when it last failed, and why.""",
        (("What it is asked", ASKED), ("What it may answer: one of these", ANSWERS)),
    ),
)


def as_markdown() -> str:
    """All of them, for the OpenAPI document."""
    return "\n\n".join(_markdown(guide) for guide in GUIDES)


def _markdown(guide: Guide) -> str:
    examples = [f"{caption}:\n\n```\n{code}\n```" for caption, code in guide.examples]
    return "\n\n".join([f"## {guide.title}", *guide.paragraphs, *examples])
