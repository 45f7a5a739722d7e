"""From the form to the console: every step, and every way in which a step can fail."""

from __future__ import annotations

import re
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.utils import timezone

from portal.guards import HOUR
from portal.models import MAIL_PAUSE, ConfirmationLink, Signup
from realtime.limits import hit_sync
from tests.personas import Workspace
from tests.portal.conftest import PASSWORD, Peter
from tests.portal.visitor import Visitor, far_from_the_end_of, link_in, mails_to, text_of


def rest(peter: Peter) -> None:
    """Let as much time pass as must lie between two mails."""
    Signup.objects.filter(slug=peter.slug).update(changed_at=timezone.now() - MAIL_PAUSE)


def test_a_newcomer_comes_from_the_form_to_the_console(peter: Peter, portal_url: str) -> None:
    link = peter.sign_up()
    assert "Open Initech" in text_of(peter.visitor.get(link))

    pressed = peter.visitor.post(link)
    assert pressed.headers["location"] == f"{link}progress/"
    assert "Mail address confirmed" in text_of(peter.visitor.get(f"{link}progress/"))
    status = peter.wait(link)
    assert status["next"] == f"{link}enter/"

    over = peter.visitor.get(f"{link}enter/").headers["location"]
    host = portal_url.replace("localhost", f"{peter.slug}.localhost")
    assert re.fullmatch(re.escape(f"{host}/login/?handoff=") + r"[\w-]{43}", over)
    with Visitor(host) as owner:
        assert owner.get(over).headers["location"] == "/console/"
        console = owner.get("/console/")
        assert f"Initech {peter.slug}" in console.text
        assert re.search(r"snug_sk_[\w-]{40,}", console.text)
        assert console.headers["cache-control"] == "private, no-store"
        assert "snug_sk_" in console.text
        assert not re.search(r"snug_sk_[\w-]{40,}", owner.get("/console/").text)  # shown once


def test_a_scanner_that_follows_the_link_opens_nothing(peter: Peter) -> None:
    link = peter.sign_up()
    for _ in range(3):
        assert peter.visitor.get(link).status_code == 200
        assert peter.visitor.client.head(link).status_code == 200
    assert Signup.objects.get(slug=peter.slug).state == Signup.State.UNCONFIRMED


def test_only_the_browser_that_pressed_the_button_walks_in_and_once(peter: Peter, portal_url: str) -> None:
    link = peter.sign_up()
    peter.visitor.post(link)
    peter.wait(link)
    with Visitor(portal_url) as stranger:
        shown = stranger.get(link)
        assert "Sign in at" in text_of(shown)
        assert stranger.get(f"{link}enter/").headers["location"].endswith("/login/")
    assert "handoff=" in peter.visitor.get(f"{link}enter/").headers["location"]
    assert peter.visitor.get(f"{link}enter/").headers["location"].endswith("/login/")


def test_a_sign_in_token_works_once(peter: Peter, portal_url: str) -> None:
    link = peter.sign_up()
    peter.visitor.post(link)
    peter.wait(link)
    over = peter.visitor.get(f"{link}enter/").headers["location"]
    host = portal_url.replace("localhost", f"{peter.slug}.localhost")
    with Visitor(host) as owner, Visitor(host) as thief:
        assert (
            owner.client.head(over.removeprefix(host)).status_code == 200
        )  # a link preview does not use it up
        assert owner.get(over).status_code == 302
        assert owner.get("/console/").status_code == 200
        refused = thief.get(over)
        assert "used already" in text_of(refused)
        assert thief.get("/console/").status_code == 302


def test_pressing_twice_opens_one_workspace(peter: Peter) -> None:
    link = peter.sign_up()
    page = peter.visitor.get(link).text
    token = re.search(r'csrfmiddlewaretoken" value="([^"]+)"', page)
    assert token
    for _ in range(3):
        assert peter.visitor.send(link, {"csrfmiddlewaretoken": token.group(1)}).status_code in (200, 302)
    peter.wait(link)
    assert Signup.objects.get(slug=peter.slug).attempt == 1


def test_a_taken_address_lets_the_person_choose_another(peter: Peter, workspace: Workspace) -> None:
    link = peter.sign_up()
    Signup.objects.filter(slug=peter.slug).update(slug=workspace.slug)  # Alice was quicker
    page = peter.visitor.get(link)
    assert "Choose another address" in text_of(page)

    refused = peter.visitor.post(link, {"slug": "www"})
    assert (refused.status_code, "is reserved" in text_of(refused)) == (409, True)
    assert peter.visitor.post(link, {"slug": peter.slug}).status_code == 302
    peter.wait(link)


def test_a_failed_opening_says_so_and_can_be_tried_again(peter: Peter) -> None:
    link = peter.sign_up()
    Signup.objects.filter(slug=peter.slug).update(plan="no-such-plan")
    peter.visitor.post(link)
    peter.wait(link, "failed")
    page = peter.visitor.get(f"{link}progress/")
    assert "It did not open" in text_of(page)

    Signup.objects.filter(slug=peter.slug).update(plan="free")
    assert peter.visitor.post(link, page=f"{link}progress/").headers["location"] == f"{link}progress/"
    peter.wait(link)


def test_an_opening_that_lost_its_worker_can_be_tried_again(peter: Peter) -> None:
    link = peter.sign_up()
    long_ago = timezone.now() - timedelta(minutes=2)
    Signup.objects.filter(slug=peter.slug).update(state=Signup.State.OPENING, attempt=1, changed_at=long_ago)
    assert peter.visitor.get(f"{link}status/").json()["state"] == "failed"
    peter.visitor.post(link, page=f"{link}progress/")
    peter.wait(link)
    assert Signup.objects.get(slug=peter.slug).attempt == 2


def test_an_old_link_offers_a_new_one(peter: Peter) -> None:
    link = peter.sign_up()
    rest(peter)
    Signup.objects.filter(slug=peter.slug).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert peter.visitor.get(link).status_code == 410
    assert peter.visitor.post(link).status_code == 410
    assert peter.visitor.post(f"{link}again/", page=link).headers["location"] == "/signup/sent/"
    newest = link_in(mails_to(peter.visitor, peter.email, 2)[0])
    assert newest != link
    assert peter.visitor.get(newest).status_code == 200
    assert peter.visitor.get(link).status_code == 200  # mails overtake each other: any of them works


def test_an_unknown_link_is_explained(visitor: Visitor) -> None:
    for path in ("/signup/confirm/nothing/", "/signup/confirm/nothing/progress/", "/signup/confirm/x/enter/"):
        response = visitor.get(path)
        assert (response.status_code, "not known" in text_of(response)) == (404, True)


def test_the_mail_can_be_sent_again(peter: Peter, portal_url: str) -> None:
    peter.sign_up()
    rest(peter)
    sent = peter.visitor.post("/signup/resend/", page="/signup/sent/")
    assert (sent.status_code, sent.headers["location"]) == (302, "/signup/sent/")
    assert "Sent again" in text_of(peter.visitor.get("/signup/sent/"))
    assert "Sent again" not in text_of(
        peter.visitor.get("/signup/sent/")
    )  # a reload neither sends nor says so
    mails_to(peter.visitor, peter.email, 2)
    with Visitor(portal_url) as stranger:
        assert stranger.get("/signup/sent/").headers["location"] == "/signup/"


def test_impatience_sends_one_mail(peter: Peter) -> None:
    peter.sign_up()
    peter.visitor.post("/signup/resend/", page="/signup/sent/")
    assert re.search(r"Wait (2\d|30) seconds", text_of(peter.visitor.get("/signup/sent/")))
    rest(peter)
    token = re.search(r'csrfmiddlewaretoken" value="([^"]+)"', peter.visitor.get("/signup/sent/").text)
    assert token
    form = {"csrfmiddlewaretoken": token.group(1)}
    with ThreadPoolExecutor(4) as pool:
        codes = list(pool.map(lambda _: peter.visitor.send("/signup/resend/", form).status_code, range(6)))
    assert codes == [302] * 6
    mails_to(peter.visitor, peter.email, 2)
    time.sleep(0.5)
    assert len(mails_to(peter.visitor, peter.email)) == 2


def test_another_mail_address_keeps_what_was_filled_in(peter: Peter) -> None:
    wrong = peter.sign_up(email=f"pter@{peter.slug}.example", plan="pro")
    assert 'href="/signup/?again"' in peter.visitor.get("/signup/sent/").text
    page = peter.visitor.get("/signup/?again").text
    for kept in (f"Initech {peter.slug}", peter.slug, f"pter@{peter.slug}.example"):
        assert f'value="{kept}"' in page
    assert re.search(r'value="pro" checked', page)
    assert re.search(r'<input type="email"[^>]* autofocus', page)
    assert PASSWORD not in page

    link = peter.sign_up(plan="pro")
    assert peter.visitor.get(wrong).status_code == 404  # who reads that mailbox cannot open it
    assert peter.visitor.get(link).status_code == 200


def test_a_stranger_is_shown_nobodys_form(peter: Peter, portal_url: str) -> None:
    peter.sign_up()
    with Visitor(portal_url) as stranger:
        assert peter.slug not in stranger.get("/signup/?again").text


def test_a_form_that_comes_back_still_says_that_the_address_is_free(
    peter: Peter, portal_url: str, workspace: Workspace
) -> None:
    port = portal_url.rpartition(":")[2]
    words = f"{peter.slug}.localhost:{port} is free."
    assert words in text_of(peter.visitor.post("/signup/", peter.form(password="short")))
    assert "is free" not in text_of(peter.visitor.post("/signup/", peter.form(slug=workspace.slug)))
    assert "is free" not in text_of(peter.visitor.get("/signup/"))


def test_addresses_are_shown_as_they_must_be_typed(peter: Peter, portal_url: str) -> None:
    typed = f"{peter.slug}.{portal_url.removeprefix('http://')}"
    link = peter.sign_up()
    assert f"live at {typed}." in mails_to(peter.visitor, peter.email)[0]
    for path in ("/signup/sent/", link):
        assert typed in text_of(peter.visitor.get(path)), path
    assert peter.visitor.get(f"/signup/slug/?slug={peter.slug}").json()["words"] == f"{typed} is free."
    peter.visitor.post(link)
    peter.wait(link)
    with Visitor(portal_url) as stranger:
        assert f"Sign in at {typed} with" in text_of(stranger.get(link))


def test_the_same_form_twice_renews_the_first(peter: Peter) -> None:
    peter.sign_up()
    peter.visitor.post("/signup/", peter.form(organisation="Initech, renamed", plan="pro"))
    mails_to(peter.visitor, peter.email, 2)
    signup = Signup.objects.get(slug=peter.slug)
    assert (signup.organisation, signup.plan) == ("Initech, renamed", "pro")


def test_the_same_form_sent_twice_at_once_is_one_sign_up(peter: Peter) -> None:
    page = peter.visitor.get("/signup/").text
    token = re.search(r'csrfmiddlewaretoken" value="([^"]+)"', page)
    assert token
    form = peter.form() | {"csrfmiddlewaretoken": token.group(1)}
    with ThreadPoolExecutor(4) as pool:
        codes = list(pool.map(lambda _: peter.visitor.send("/signup/", form).status_code, range(4)))
    assert codes == [302] * 4
    assert Signup.objects.filter(slug=peter.slug).count() == 1


def test_two_people_may_want_one_address_and_the_first_to_confirm_gets_it(
    peter: Peter, portal_url: str
) -> None:
    link = peter.sign_up()
    with Visitor(portal_url) as other:
        second = Peter(other, peter.slug)
        other_link = second.sign_up(email=f"bill@{peter.slug}.example")
        other.post(other_link)
        second.wait(other_link)
    assert "Choose another address" in text_of(peter.visitor.get(link))


def test_a_stranger_who_sends_the_form_again_does_not_choose_the_password(
    peter: Peter, portal_url: str
) -> None:
    link = peter.sign_up()
    with Visitor(portal_url) as stranger:
        form = peter.form(password="the stranger's own", plan="free")
        assert stranger.post("/signup/", form).status_code == 302
    assert "sent from two browsers" in text_of(peter.visitor.get(link))
    for password in ("", "short"):
        assert peter.visitor.post(link, {"password": password}).status_code == 422
    assert Signup.objects.get(slug=peter.slug).state == Signup.State.UNCONFIRMED
    assert peter.visitor.post(link, {"password": PASSWORD}).status_code == 302
    peter.wait(link)
    host = portal_url.replace("localhost", f"{peter.slug}.localhost")
    email = peter.form()["email"]
    for password, status in (("the stranger's own", 422), (PASSWORD, 302)):
        with Visitor(host) as owner:
            assert owner.post("/login/", {"email": email, "password": password}).status_code == status


def test_the_same_form_from_a_second_browser_asks_for_nothing_more(peter: Peter, portal_url: str) -> None:
    link = peter.sign_up()
    with Visitor(portal_url) as phone:
        assert phone.post("/signup/", peter.form()).status_code == 302
    assert peter.visitor.post(link).status_code == 302


def test_nothing_secret_rests_in_the_database(peter: Peter) -> None:
    link = peter.sign_up()
    token = link.split("/")[3]
    signup = Signup.objects.get(slug=peter.slug)
    assert PASSWORD not in signup.password_hash
    assert signup.password_hash.startswith("argon2")
    assert all(token.encode() not in bytes(stored.token_hash) for stored in signup.links.all())
    peter.visitor.post(link)
    peter.wait(link)
    assert Signup.objects.get(slug=peter.slug).password_hash == ""


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"organisation": ""}, "Enter the name"),
        ({"organisation": "\u200b \u2066"}, "at least one letter"),
        ({"organisation": "x" * 61}, "At most 60 characters; this is 61."),
        ({"organisation": "a\x00b"}, "Null characters"),
        ({"organisation": "Win at https://evil.example"}, "without a web address"),
        ({"email": "peter"}, "not a mail address"),
        ({"email": "peter@example.com\nBcc: all@example.com"}, "not a mail address"),
        ({"password": "short"}, "too short"),
        ({"password": "password1234"}, "too common"),
        ({"password": "81726354091827"}, "entirely numeric"),
        ({"password": "long" * 40}, "at most 128"),
        ({"plan": "platinum"}, "no such plan"),
        ({"slug": "Peter's Place"}, "lower-case letters"),
    ],
)
def test_a_bad_field_is_named_and_the_rest_is_kept(peter: Peter, changed: dict[str, str], words: str) -> None:
    good = peter.form()
    response = peter.visitor.post("/signup/", good | changed)
    assert response.status_code == 422
    assert words in text_of(response)
    kept = {name: value for name, value in good.items() if name not in (*changed, "password", "plan")}
    assert all(f'value="{value}"' in response.text for value in kept.values())
    assert good["password"] not in response.text


def test_without_a_script_the_address_is_suggested_by_the_form(peter: Peter) -> None:
    response = peter.visitor.post("/signup/", peter.form(slug="", organisation=f"Ünïtech {peter.slug}"))
    assert response.status_code == 422
    assert f'value="unitech-{peter.slug}"' in response.text


def test_forms_without_a_token_are_refused(peter: Peter, visitor: Visitor) -> None:
    assert visitor.send("/signup/", peter.form()).status_code == 403
    assert visitor.send("/login/", {"email": peter.email}).status_code == 403
    link = peter.sign_up()
    for path in (link, f"{link}again/", "/signup/resend/"):
        refused = visitor.send(path, {})
        assert (refused.status_code, "Nothing was changed" in text_of(refused)) == (403, True)
    assert Signup.objects.get(slug=peter.slug).state == Signup.State.UNCONFIRMED


def test_one_address_cannot_send_forms_without_end(peter: Peter, portal_url: str) -> None:
    far_from_the_end_of(HOUR)
    for _ in range(38):  # each real form takes as long as a password is hashed
        hit_sync("portal", f"signup:{peter.visitor.address}", 40, HOUR)
    forms = [peter.form(slug=f"{peter.slug}-{number}") for number in range(3)]
    codes = [peter.visitor.post("/signup/", form).status_code for form in forms]
    assert codes == [302, 302, 429]
    with Visitor(portal_url) as somebody_else:
        assert somebody_else.post("/signup/", peter.form()).status_code == 302


def test_nobodys_mailbox_can_be_flooded(peter: Peter, portal_url: str) -> None:
    far_from_the_end_of(HOUR)
    for number in range(10):
        with Visitor(portal_url) as anyone:  # from ever new addresses
            assert anyone.post("/login/", {"email": peter.email}).status_code == 302, number
    mails_to(peter.visitor, peter.email, 10)
    refused = peter.visitor.post("/signup/", peter.form())
    assert (refused.status_code, "Several mails went there" in text_of(refused)) == (429, True)
    assert (
        peter.visitor.post("/login/", {"email": peter.email}).status_code == 302
    )  # it tells nobody anything
    time.sleep(0.5)
    assert len(mails_to(peter.visitor, peter.email, 10)) == 10


def test_old_sign_ups_are_forgotten(peter: Peter) -> None:
    from portal.tasks import forget_old_signups

    peter.sign_up()
    Signup.objects.filter(slug=peter.slug).update(expires_at=timezone.now() - timedelta(days=6))
    forget_old_signups(0)
    assert Signup.objects.filter(slug=peter.slug).exists()
    Signup.objects.filter(slug=peter.slug).update(expires_at=timezone.now() - timedelta(days=8))
    forget_old_signups(0)
    assert not Signup.objects.filter(slug=peter.slug).exists()
    assert not ConfirmationLink.objects.filter(signup__slug=peter.slug).exists()
