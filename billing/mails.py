"""Billing's mails, in the tenant's language, to its owners."""

from typing import Any

import mail
from accounts.models import Member
from billing.wording import Wording, wording
from tenants.context import run_in_tenant
from tenants.hosts import tenant_as_typed, tenant_url
from tenants.models import Tenant


def send_notice(tenant: Tenant, kind: str, facts: dict[str, Any]) -> None:
    """Mail the notice `kind` to each owner. Raises KeyError for a kind there is no wording for, and what the mail
    backend raises."""
    words = wording(tenant.locale)
    notice = words.notices[kind]
    filled = {"workspace": tenant.name, **_in_words(words, facts)}
    lines = notice.lines + tuple(getattr(words, more) for more in ("ends", "over") if more in facts)
    context = {
        "title": notice.title.format(**filled),
        "lines": [line.format(**filled) for line in lines],
        "button": notice.button,
        "link": tenant_url(tenant.slug, _leads_to(kind, facts)),
        "foot": words.foot.format(workspace=tenant.name, host=tenant_as_typed(tenant.slug)),
    }
    subject = " ".join(notice.subject.format(**filled).split())
    for address in run_in_tenant(tenant, _owners):
        mail.send("billing", subject, [address], context, language=words.language)


def _leads_to(kind: str, facts: dict[str, Any]) -> str:
    """A receipt leads to its invoice, everything else to how things stand."""
    return f"/console/billing/invoices/#{facts['number']}" if kind == "receipt" else "/console/billing/"


def _owners() -> list[str]:
    found = Member.objects.filter(kind=Member.Kind.STAFF, role=Member.Role.OWNER, email__isnull=False)
    return [str(email) for email in found.order_by("pk").values_list("email", flat=True)]


def _in_words(words: Wording, facts: dict[str, Any]) -> dict[str, str]:
    """Facts as people of that language write them."""
    said = {name: str(value) for name, value in facts.items()}
    if "cents" in facts:
        said["amount"] = words.amount(facts["cents"], facts.get("currency", "usd"))
    for name, as_name in (("until", "date"), ("created", "date"), ("due", "due"), ("ends", "ends")):
        if name in facts:
            said[as_name] = words.day(facts[name])
    for name in ("used", "most", "surplus"):
        if name in facts:
            said[name] = words.figure(facts[name])
    return said
