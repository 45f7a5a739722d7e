"""What the widget is made of: its loader, and the chat page that it frames."""

from __future__ import annotations

import json
import re
import secrets
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_safe

from tenants.directory import TenantInfo
from widget import bundle
from widget.framing import content_security_policy, frame_ancestors
from widget.icons import sprite
from widget.loader import loader as loader_of
from widget.palette import palette
from widget.wording import wording

DEFAULT_ROOM: Final = "general"
_LOADER_SECONDS: Final = 300
_ROOM: Final = re.compile(r"[A-Za-z0-9_-]{1,80}")
_THEMES: Final = frozenset({"light", "dark"})


@require_safe
def loader(request: HttpRequest) -> HttpResponse:
    """`/widget.js`: the same for everyone at one tenant, kept by browsers for five minutes."""
    tenant = _tenant(request)
    script = loader_of(tenant.locale, tenant.accent)
    response: HttpResponse
    if script.etag in request.headers.get("If-None-Match", ""):
        response = HttpResponseNotModified()
    else:
        response = _text(request, script.plain, script.compressed, "text/javascript; charset=utf-8")
    response["Cache-Control"] = f"public, max-age={_LOADER_SECONDS}, stale-while-revalidate=86400"
    response["ETag"] = script.etag
    # It is meant for other sites' pages, under `crossorigin` and cross-origin isolation too.
    response["Access-Control-Allow-Origin"] = "*"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@require_safe
def asset(request: HttpRequest, name: str) -> HttpResponse:
    """The chat page's script and styles. A name of another release gets today's file, and is not kept."""
    if name.startswith("others-"):
        found = bundle.others(_others_words(_tenant(request)))
    else:
        script, sheet = bundle.files() if name.startswith("files-") else (bundle.script(), bundle.sheet())
        found = sheet if name.endswith(".css") else script
    response = _text(request, found.plain, found.compressed, found.content_type)
    response["Cache-Control"] = "public, max-age=31536000, immutable" if name == found.name else "no-store"
    return response


@require_safe
@xframe_options_exempt
def chat(request: HttpRequest) -> HttpResponse:
    """`/chat/`: the hosted page and, with `?embed=1`, the frame of the widget."""
    tenant = _tenant(request)
    nonce = secrets.token_urlsafe(16)
    words = wording(tenant.locale)
    embed = request.GET.get("embed") == "1"
    context = {
        "tenant": tenant,
        "words": words.page,
        "language": words.language,
        "direction": words.direction,
        "embed": embed,
        "room": request.GET.get("room", DEFAULT_ROOM),
        "theme": theme if (theme := request.GET.get("theme", "")) in _THEMES else "",
        "palette": palette(request.GET.get("accent", "")) or palette(tenant.accent),
        "nonce": nonce,
        "script": bundle.script().name,
        "files": bundle.files()[0].name,
        "sheet": bundle.sheet().name,
        "sprite": sprite(embed=embed),
        "config": _config(request, tenant, embed=embed) | {"words": words.page, "language": words.language},
    }
    response = render(request, "widget/chat.html", context)
    response["Content-Security-Policy"] = content_security_policy(
        host=request.get_host(),
        nonce=nonce,
        ancestors=frame_ancestors(tenant.origins, development=settings.SNUG_ENV == "development"),
        pictures="'self'" if settings.FILES_ARE_LOCAL else "'self' https:",
    )
    response["Cache-Control"] = "private, no-cache"
    return response


def _text(request: HttpRequest, plain: bytes, compressed: bytes, content_type: str) -> HttpResponse:
    packed = "gzip" in request.headers.get("Accept-Encoding", "")
    response = HttpResponse(compressed if packed else plain, content_type=content_type)
    if packed:
        response["Content-Encoding"] = "gzip"
    patch_vary_headers(response, ["Accept-Encoding"])
    return response


def _config(request: HttpRequest, tenant: TenantInfo, *, embed: bool) -> dict[str, Any]:
    """What the page's modules need to begin. Nothing here is secret but the form token of staff, which is worth nothing
    without their cookies."""
    room = request.GET.get("room", DEFAULT_ROOM)
    staff = None if embed else _staff(request)
    return {
        "tenant": tenant.name,
        "room": room if _ROOM.fullmatch(room) else None,
        "embed": embed,
        "parent": request.GET.get("origin", "") if embed else "",
        "guests": tenant.guests_allowed,
        "staff": staff,
        "csrf": get_token(request) if staff else None,
        "others": f"/chat/{bundle.others(_others_words(tenant)).name}",
    }


def _others_words(tenant: TenantInfo) -> str:
    return json.dumps(wording(tenant.locale).others, ensure_ascii=False)


def _staff(request: HttpRequest) -> str | None:
    """The signed-in member's id. Never in a frame: a customer's page must not act with their session."""
    user = getattr(request, "user", None)
    return str(user.external_id) if user is not None and user.is_authenticated else None


def _tenant(request: HttpRequest) -> TenantInfo:
    tenant: TenantInfo | None = getattr(request, "tenant", None)
    if tenant is None:
        raise LookupError("widget.urls belongs in config.urls_tenant: the portal has no chat")
    return tenant
