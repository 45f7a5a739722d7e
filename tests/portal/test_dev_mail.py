"""Development mail: readable in the browser there, and nowhere else."""

from __future__ import annotations

import html
import re

import pytest
from django.core.mail import EmailMessage
from django.http import Http404
from django.test import RequestFactory, override_settings

from portal import dev_mail, mailbox
from tests.portal.conftest import Peter
from tests.portal.visitor import Visitor, link_in, mails_to


def test_a_mail_is_shown_as_text_and_in_a_sealed_frame(peter: Peter) -> None:
    peter.sign_up()
    page = mails_to(peter.visitor, peter.email)[0]
    listing = peter.visitor.get("/dev/mail/").text
    listed = re.findall(r'<a href="(/dev/mail/[\w-]+/)"><b>.*?</b><span>(.*?)</span>', listing)
    [path] = [path for path, to in listed if to == peter.email]
    assert link_in(html.unescape(peter.visitor.get(path).text)) == link_in(page)
    frame = re.search(r'<iframe[^>]+src="([^"]+)"[^>]*sandbox="([^"]*)"', page)
    assert frame
    assert "allow-scripts" not in frame.group(2)
    shown = peter.visitor.get(frame.group(1))
    assert "Confirm and open" in shown.text
    assert "default-src 'none'" in shown.headers["content-security-policy"]
    assert "sandbox" in shown.headers["content-security-policy"]
    assert shown.headers["x-frame-options"] == "SAMEORIGIN"
    assert '<base target="_blank">' in shown.text.partition("</head>")[0]


@pytest.mark.parametrize("name", ["nothing", "0000000000000000-00000000", "..", "-", "x" * 300])
def test_a_mail_that_is_not_there_is_not_found(visitor: Visitor, name: str) -> None:
    assert visitor.get(f"/dev/mail/{name}/").status_code == 404
    assert visitor.get(f"/dev/mail/{name}/html/").status_code == 404


@pytest.mark.parametrize("name", ["../secrets", "/etc/passwd", "0000000000000000-00000000/../../secrets", ""])
def test_a_name_never_leads_out_of_the_folder(name: str) -> None:
    assert mailbox.read(name) is None


def test_production_has_no_such_pages() -> None:
    request = RequestFactory().get("/dev/mail/")
    assert dev_mail.mails(request).status_code == 200
    with override_settings(SNUG_ENV="production"):
        for view, arguments in ((dev_mail.mails, ()), (dev_mail.mail, ("x",)), (dev_mail.mail_html, ("x",))):
            with pytest.raises(Http404):
                view(request, *arguments)


def test_mail_on_disk_is_for_its_owner_alone() -> None:
    EmailMessage("Grüße", "Zeile eins\nZeile zwei ✓", to=["bob@example.com"]).send()
    newest = max(mailbox.folder().glob("*.eml"))
    assert newest.stat().st_mode & 0o077 == 0
    assert mailbox.folder().stat().st_mode & 0o077 == 0
    mail = mailbox.read(newest.stem)
    assert mail is not None
    assert (mail.subject, mail.text.split("\n")[:2]) == ("Grüße", ["Zeile eins", "Zeile zwei ✓"])


def test_an_empty_mailbox_looks_again_by_itself() -> None:
    from django.template.loader import render_to_string

    refresh = '<meta http-equiv="refresh"'
    assert refresh in render_to_string("portal/dev_mails.html", {"mails": []})
    assert refresh not in render_to_string("portal/dev_mails.html", {"mails": [{"name": "x"}]})
