"""The pages that a person clicks through: Checkout, the portal, an invoice, and a first page."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from stripe_stand_in.account import Account
from stripe_stand_in.errors import ApiError
from stripe_stand_in.pages import checkout, front, invoice, layout, portal
from stripe_stand_in.web import Request, Response, page


def answer(account: Account, request: Request) -> Response:
    """A page, or one that says what is wrong."""
    try:
        _only_own_forms(request)
        return _find(account, request)
    except ApiError as refused:
        return page(layout.page("Not here", f"<h1>{layout.e(str(refused))}</h1>"), refused.status)


def _only_own_forms(request: Request) -> None:
    """Another site's page in the same browser may not fill in ours."""
    origin = request.headers.get("origin")
    if request.method == "POST" and origin and urlsplit(origin).netloc != request.headers.get("host"):
        raise ApiError("This form came from another site.", status=403)


def _find(account: Account, request: Request) -> Response:
    if request.method not in ("GET", "HEAD", "POST"):
        raise ApiError("A page is read or sent.", status=405)
    if request.path == "/":
        return front.answer(account, request)
    if found := re.fullmatch(r"/checkout/(\w+)", request.path):
        return checkout.answer(account, request, found[1])
    if found := re.fullmatch(r"/invoices/(\w+)/(\w+)(/pdf)?", request.path):
        return invoice.answer(account, request, found[1], found[2])
    if found := re.fullmatch(r"/portal/(\w+)/(\w+)(?:/(\w+))?", request.path):
        return portal.answer(account, request, found[1], found[2], found[3] or "")
    raise ApiError("There is no such page.", status=404)
