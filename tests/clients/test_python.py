"""The Python client for servers, against the running product."""

from __future__ import annotations

import base64
import json
import re
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from snug import (
    BadSignature,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    RateLimited,
    Snug,
    Unauthenticated,
    Unavailable,
    verify_webhook,
)
from standardwebhooks.webhooks import Webhook

from tests.files.sending import picture
from tests.personas import Workspace

README = Path(__file__).parents[2] / "clients/python/README.md"


def test_the_readme_works_when_pasted(
    resolving: None,
    workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()
    for name, value in {
        "SNUG_URL": workspace.origin,
        "SNUG_KEY": workspace.secret,
        "SNUG_KEY_ID": workspace.key_id,
        "SNUG_SIGNING_SECRET": workspace.signing_secret,
        "SNUG_WEBHOOK_SECRET": secret,
    }.items():
        monkeypatch.setenv(name, value)
    pasted: dict[str, Any] = {"__name__": "pasted"}
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    assert len(blocks) == 10
    monkeypatch.chdir(tmp_path)
    (tmp_path / "menu.png").write_bytes(picture("PNG"))
    for block in blocks:
        exec(compile(block, str(README), "exec"), pasted)
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "bob Soup is ready"
    assert printed[1].startswith(f"menu.png {workspace.origin}/files/")
    assert printed[2:] == [
        "bob <mark>Soup</mark> is ready",
        "0",
        "ann spam Soup is ready",
        "['Deploys']",
        "room_exists",
    ]
    kitchen = [message["message"] for message in pasted["snug"].messages.list("kitchen")]
    assert kitchen == ["Invoice 17 is paid", "Release 4.2 is out", "Today's menu", "Soup is ready"]

    body, headers = signed(secret, {"room": "kitchen", "message": "Soup is ready"})
    assert pasted["receive"](body, headers) == 204
    assert pasted["receive"](body + b" ", headers) == 400
    assert capsys.readouterr().out == "kitchen Soup is ready\n"


def signed(secret: str, data: dict[str, Any], at: datetime | None = None) -> tuple[bytes, dict[str, str]]:
    """A delivery as Snug sends one."""
    at = at or datetime.now(UTC)
    body = json.dumps({"type": "message.created", "timestamp": at.isoformat(), "data": data})
    return body.encode(), {
        "Webhook-Id": "evt_1",
        "Webhook-Timestamp": str(int(at.timestamp())),
        "Webhook-Signature": Webhook(secret).sign("evt_1", at, body),
    }


def test_a_webhook_that_is_old_forged_or_broken_is_refused() -> None:
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()
    other = "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()
    body, headers = signed(secret, {"room": "kitchen"})
    assert verify_webhook(body, headers, secret).data == {"room": "kitchen"}
    old = signed(secret, {}, datetime.now(UTC) - timedelta(minutes=6))
    for bad_body, bad_headers, with_secret in (
        (body, headers, other),
        (body, {}, secret),
        (b"\xff", headers, secret),
        (body, {**headers, "Webhook-Signature": "v1,AAAA"}, secret),
        (*old, secret),
    ):
        with pytest.raises(BadSignature):
            verify_webhook(bad_body, bad_headers, with_secret)


async def test_a_token_signed_here_opens_a_socket(snug: Snug, workspace: Workspace) -> None:
    async with workspace.chat(snug.sign_token("bob", name="Bob")) as bob:
        assert (await bob.entered())["users"] == [{"id": "bob", "username": "Bob"}]
    async with workspace.chat(snug.create_token("ann", rooms=["general"])) as ann:
        await ann.entered()
    async with workspace.chat(snug.create_ticket("eve")["ticket"]) as eve:
        await eve.entered()


def test_what_snug_would_refuse_is_not_signed(snug: Snug, workspace: Workspace) -> None:
    for sub, ttl in (("", 60), ("a/b", 60), ("b" * 129, 60), ("bob", 0), ("bob", 86_401)):
        with pytest.raises(ValueError, match=r"sub has|ttl is"):
            snug.sign_token(sub, ttl=ttl)
    with pytest.raises(ValueError, match="key_id"):
        Snug(workspace.origin, workspace.secret).sign_token("bob")


def test_lists_go_on_over_pages(snug: Snug, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("snug.transport.PAGE", 3)
    said = [snug.messages.post("general", f"Message {n}")["message"] for n in range(7)]
    assert [message["message"] for message in snug.messages.list("general")] == said[::-1]


def test_rooms_members_and_messages_are_changed(snug: Snug) -> None:
    with snug:
        assert snug.rooms.create("board", kind="private")["kind"] == "private"
        assert snug.rooms.update("board", title="The board", slow_mode=5)["slow_mode"] == 5
        assert {room["name"] for room in snug.rooms.list()} == {"general", "board"}
        until = datetime(2030, 1, 31, tzinfo=UTC)
        assert snug.members.put("board", "bob", role="moderator", muted_until=until)["muted_until"]
        assert snug.members.put("board", "bob")["muted_until"]
        assert snug.members.put("board", "bob", muted_until=None)["role"] == "moderator"
        assert [member["external_id"] for member in snug.members.list("board")] == ["bob"]
        with pytest.raises(ValueError, match="time zone"):
            snug.members.put("board", "bob", muted_until=datetime(2030, 1, 31))  # noqa: DTZ001
        said = snug.messages.post("board", "Hello", sub="bob", client_id="one")
        assert snug.messages.post("board", "Hello", sub="bob", client_id="one") == said
        answer = snug.messages.post("board", "Hi", reply_to=said["message_id"])
        assert snug.messages.edit("board", said["message_id"], "Hello all")["message"] == "Hello all"
        seen = snug.messages.react("board", said["message_id"], "👍🏽", sub="bob")
        assert seen["reactions"] == [{"emoji": "👍🏽", "count": 1}]
        assert snug.messages.unreact("board", said["message_id"], "👍🏽", sub="bob")["reactions"] == []
        assert snug.messages.delete("board", answer["message_id"])["deleted"] is True
        assert snug.messages.get("board", said["message_id"])["message"] == "Hello all"
        snug.members.remove("board", "bob")
        snug.rooms.delete("board")


def test_a_file_goes_up_from_a_path_from_bytes_and_from_an_open_file(snug: Snug, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("From a path")
    opened = BytesIO(b"From an open file")
    opened.read(5)
    sent = [
        snug.files.upload("general", path),
        snug.files.upload("general", str(path), name="renamed.txt"),
        snug.files.upload("general", b"From bytes", name="bytes.txt"),
        snug.files.upload("general", opened),
    ]
    assert [(file["name"], file["size"]) for file in sent] == [
        ("notes.txt", 11),
        ("renamed.txt", 11),
        ("bytes.txt", 10),
        ("file", 17),
    ]
    waiting, *attached = sent
    said = snug.messages.post("general", files=[file["id"] for file in attached])
    assert [file["name"] for file in said["files"]] == ["renamed.txt", "bytes.txt", "file"]
    assert said["message"] == ""
    assert {file["id"] for file in snug.files.list(room="general")} == {file["id"] for file in sent}
    snug.files.delete(waiting["id"])
    with pytest.raises(Conflict):
        snug.files.delete(attached[0]["id"])
    with pytest.raises(NotFound):
        snug.files.get(waiting["id"])


def test_a_file_of_a_user_is_theirs_alone_and_a_bad_one_is_refused(snug: Snug) -> None:
    photo = snug.files.upload("general", picture("JPEG"), name="photo.jpg", sub="bob")
    assert (photo["user_id"], photo["type"], photo["width"]) == ("bob", "image/jpeg", 600)
    with pytest.raises(Conflict):
        snug.messages.post("general", "Mine", files=[photo["id"]])
    assert snug.messages.post("general", sub="bob", files=[photo["id"]])["files"][0]["id"] == photo["id"]
    with pytest.raises(Invalid) as refused:
        snug.files.upload("general", b"\x7fELF" + bytes(100))
    assert refused.value.code == "file_type_not_allowed"


def test_messages_are_found_everywhere_in_a_room_and_of_one_sender(
    snug: Snug, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("snug.transport.PAGE", 2)
    snug.rooms.create("kitchen")
    for n, sub in enumerate(("ann", "bob", "bob")):
        snug.messages.post("kitchen", f"Soup {n}", sub=sub)
    snug.messages.post("general", "No soup <here>")

    def found(**where: str) -> set[str]:
        return {hit["message"]["message"] for hit in snug.messages.search("soup", **where)}

    assert found() == {"Soup 0", "Soup 1", "Soup 2", "No soup <here>"}
    assert found(room="kitchen", sender="bob") == {"Soup 1", "Soup 2"}
    (only,) = snug.messages.search("here")
    assert only["highlight"] == "No soup &lt;<mark>here</mark>&gt;"


async def test_receipts_say_who_has_read_how_far(snug: Snug, workspace: Workspace) -> None:
    async with workspace.chat(workspace.token("ann", name="Ann")) as ann:
        seq = (await ann.say("Hello"))["seq"]
        await ann.send("read", seq=seq)
        await ann.until("unread")
    (receipt,) = snug.rooms.receipts("general")
    assert (receipt["user_id"], receipt["username"], receipt["seq"]) == ("ann", "Ann", seq)


def test_reports_are_made_listed_and_closed(snug: Snug) -> None:
    said = snug.messages.post("general", "You fool", sub="bob")
    mine = snug.reports.create("general", said["message_id"], "abuse", comment="He means me", sub="ann")
    snug.reports.create("general", said["message_id"], "other", sub="eve")
    assert "said" not in mine
    assert [report["reported_by"] for report in snug.reports.list(state="open")] == ["eve", "ann"]
    closed = snug.reports.update(mine["id"], "resolved")
    assert (closed["state"], closed["said"], closed["comment"]) == ("resolved", "You fool", "He means me")
    assert [report["reported_by"] for report in snug.reports.list(state="open")] == ["eve"]


def test_others_post_through_an_incoming_webhook_until_it_is_deleted(snug: Snug) -> None:
    hook = snug.incoming_webhooks.create("general", "Deploys", idempotency_key="once")
    assert hook["secret_url"]
    assert httpx.post(hook["secret_url"], json={"text": "Out"}).status_code == 201
    assert snug.incoming_webhooks.create("general", "Deploys", idempotency_key="once")["secret_url"] is None
    (listed,) = snug.incoming_webhooks.list("general")
    assert (listed["id"], "secret_url" in listed) == (hook["id"], False)
    (said,) = snug.messages.list("general")
    assert (said["message"], said["user_id"], said["username"]) == ("Out", hook["user_id"], "Deploys")
    snug.incoming_webhooks.delete("general", hook["id"])
    assert httpx.post(hook["secret_url"], json={"text": "Out"}).status_code == 404


def test_users_are_made_banned_and_forgotten(snug: Snug) -> None:
    assert snug.users.put("zoë & co", name="Zoë")["username"] == "Zoë"
    assert snug.users.get("zoë & co")["banned"] is False
    assert snug.users.ban("zoë & co", until=datetime(2030, 1, 1, tzinfo=UTC), reason="Spam")["banned"] is True
    assert snug.users.unban("zoë & co")["banned"] is False
    assert snug.users.revoke_tokens("zoë & co")["tokens_valid_after"]
    snug.users.delete("zoë & co")
    with pytest.raises(NotFound):
        snug.users.get("zoë & co")


def test_each_refusal_is_an_exception_of_its_own(
    snug: Snug, resolving: None, workspace: Workspace, elsewhere: Workspace
) -> None:
    with pytest.raises(Conflict) as exists:
        snug.rooms.create("general")
    assert (exists.value.status, exists.value.code) == (409, "room_exists")
    with pytest.raises(Invalid) as bad:
        snug.rooms.create("no spaces")
    assert "letters, digits" in str(bad.value)
    with pytest.raises(NotFound):
        snug.rooms.get("../tokens")
    snug.rooms.create("vault", kind="private")
    with pytest.raises(Forbidden):
        snug.messages.post("vault", "let me in", sub="charlie")
    with pytest.raises(Unauthenticated):
        Snug(workspace.origin, elsewhere.secret).rooms.get("general")


Answers = Callable[[int, dict[str, str]], tuple[int, dict[str, str]]]


@contextmanager
def server(answer: Answers) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A server that answers the nth request as it is told; and the headers that came."""
    heard: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            heard.append(dict(self.headers))
            status, headers = answer(len(heard), dict(self.headers))
            body = b'{"name": "x"}' if status < 300 else b'{"code": "unavailable", "detail": "Not now."}'
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *said: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{listening.server_port}", heard
        finally:
            listening.shutdown()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Pauses are noted, and not made."""
    pauses: list[float] = []
    monkeypatch.setattr("snug.transport.time.sleep", pauses.append)
    return pauses


def test_bad_luck_is_tried_again_under_the_same_key_and_as_late_as_asked(quick: list[float]) -> None:
    with server(lambda n, _: (201, {}) if n == 3 else (503, {"Retry-After": "7"})) as (url, heard):
        assert Snug(url, "snug_sk_x").rooms.create("x")["name"] == "x"
    assert len(heard) == 3
    assert len({each["Idempotency-Key"] for each in heard}) == 1
    assert quick == [7, 7]


def test_a_file_is_sent_from_its_beginning_each_time(quick: list[float]) -> None:
    opened = BytesIO(b"x" * 100)
    with server(lambda n, _: (201, {}) if n == 3 else (503, {})) as (url, heard):
        Snug(url, "snug_sk_x").files.upload("general", opened, name="x.txt")
    assert len(heard) == 3
    assert len({each["Content-Length"] for each in heard}) == 1
    assert int(heard[0]["Content-Length"]) > 100


def test_what_does_not_pass_is_given_up_and_pauses_grow(quick: list[float]) -> None:
    with server(lambda n, _: (503, {})) as (url, heard), pytest.raises(Unavailable):
        Snug(url, "snug_sk_x").rooms.create("x")
    assert len(heard) == 4
    assert all(0.25 * 2**n <= pause <= 0.5 * 2**n for n, pause in enumerate(quick))
    assert len(quick) == 3
    with pytest.raises(Unavailable, match="no answer"):
        Snug("http://127.0.0.1:9", "snug_sk_x", tries=2).rooms.create("x")


def test_nobody_waits_for_minutes(quick: list[float]) -> None:
    with (
        server(lambda n, _: (429, {"Retry-After": "61"})) as (url, heard),
        pytest.raises(RateLimited) as limited,
    ):
        Snug(url, "snug_sk_x").rooms.create("x")
    assert (len(heard), limited.value.retry_after, quick) == (1, 61, [])
