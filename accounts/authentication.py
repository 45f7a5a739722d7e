"""From a credential to an Identity: user tokens, API keys, tickets, staff sessions, and staff passwords."""

import hmac
import re
import time
from typing import Any, Final

import msgspec
from django.contrib.auth import SESSION_KEY as WHOSE
from django.contrib.auth import get_user
from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.backends.db import SessionStore
from django.db import transaction
from django.http import HttpRequest

from accounts import ahead, keys, members, scopes, sessions, tickets, tokens
from accounts.identity import Identity
from accounts.keys import KeyRecord
from accounts.members import MemberRecord
from accounts.models import Member
from accounts.tokens import Claims, TokenRefused
from tenants import sides
from tenants.context import in_tenant
from tenants.directory import TenantInfo

# Anything else never was one of ours, and may be text that no database can hold.
SESSION_KEY: Final = re.compile(r"[a-z0-9]{32}")
REVOKED: Final = "the token has been revoked"
BANNED: Final = "you are banned from this workspace"


class Banned(TokenRefused):
    """They have proved who they are, and may not come in for now."""


async def by_credential(tenant: TenantInfo, credential: str, *, key_allowed: bool) -> Identity:
    """Whoever presents `credential`: an API key (where `key_allowed`), a ticket or a user token.

    Raises TokenRefused, or its TokenExpired.
    """
    if credential.startswith(keys.MARK):
        if not key_allowed:
            raise TokenRefused("an API key must not travel in a URL")
        return bot_identity(await key_by_secret(tenant, credential))
    if credential.startswith(tickets.MARK):
        return await by_ticket(tenant, credential)
    return await by_token(tenant, credential)


async def by_token(tenant: TenantInfo, token: str) -> Identity:
    """The user or guest whom a JWT names, created on first sight. Raises TokenRefused, TokenExpired."""
    header = tokens.header_of(token)
    if sides.is_test_key(header.kid) is not tenant.is_test:  # a socket's new token comes here by itself
        raise TokenRefused(tokens.UNKNOWN_PUBLIC_KEY if header.public else tokens.UNKNOWN_KEY)
    if header.public:
        public = await keys.find_public(tenant, header.kid)
        if public is None:
            raise TokenRefused(await _why_not_public(tenant, header.kid))
        return await _admit(tenant, tokens.verify(token, public.key, public.algorithm), public.id)
    record = await keys.find(tenant, "id", header.kid)
    if record is None or not record.usable:
        raise TokenRefused(await _why_not_shared(tenant, header.kid))
    if not record.internal and not scopes.allows(record.scopes, "tokens:mint"):
        raise TokenRefused("the token's kid is an API key without the scope tokens:mint")
    claims = tokens.verify(token, record.signing_secret, may_be_guest=record.internal)
    return await _admit(tenant, claims, record.id)


async def by_ticket(tenant: TenantInfo, ticket: str) -> Identity:
    """The user for whom a one-use ticket was issued. Raises TokenRefused."""
    grant = await tickets.redeem(tenant.id, ticket) if sides.is_test(ticket) is tenant.is_test else None
    if grant is None:
        raise TokenRefused("the ticket is unknown, used or over 60 s old")
    record = await keys.find(tenant, "id", grant.key_id)
    if record is None or not record.usable:
        raise TokenRefused("the API key that issued the ticket is revoked or has expired")
    member = await _recognise(tenant, grant.sub, "user", issued_at=grant.issued_at)
    return member.identified(issued_at=grant.issued_at, key_id=record.id)


async def key_by_secret(tenant: TenantInfo, secret: str) -> KeyRecord:
    """The API key with this secret, compared in constant time. Raises TokenRefused."""
    prefix = keys.prefix_of(secret)
    record = await keys.find(tenant, "prefix", prefix) if prefix else None
    expected = record.secret_hash if record else b"\x00" * 32
    known = hmac.compare_digest(keys.hash_secret(secret), expected)
    if not known or record is None or sides.is_test(secret) is not tenant.is_test:
        raise TokenRefused("this is no API key of this workspace")
    if record.internal or not record.usable:
        raise TokenRefused("this API key is revoked or has expired")
    return record


def bot_identity(record: KeyRecord) -> Identity:
    """The bot as which an API key speaks."""
    assert record.bot_id is not None  # every key but the internal one has a bot
    assert record.bot_external_id is not None
    return Identity(
        member_id=record.bot_id,
        external_id=record.bot_external_id,
        username=record.bot_name or record.bot_external_id,
        kind="bot",
        key_id=record.id,
        scopes=record.scopes,
    )


async def by_session(tenant: TenantInfo, session_key: str) -> Identity | None:
    """The member of staff signed in with this session cookie, or None."""
    if not SESSION_KEY.fullmatch(session_key):
        return None
    return await in_tenant(tenant, _staff_of_session, session_key)


def staff_identity(member: Member) -> Identity:
    """A signed-in member of staff, as rooms see them."""
    return Identity(
        member_id=member.pk,
        external_id=member.external_id,
        username=member.username,
        kind=member.kind,
        role=member.role,
    )


class StaffBackend(BaseBackend):
    """Mail address and password, for staff, against the tenant's own schema."""

    def authenticate(
        self, request: HttpRequest | None, email: str | None = None, password: str | None = None, **_: Any
    ) -> Member | None:
        if not email or not password:
            return None
        member = Member.objects.filter(kind=Member.Kind.STAFF, email__iexact=email.strip()).first()
        if member is None:
            make_password(password)  # as slow as a real check: the clock must not tell who works here
            return None
        return member if member.check_password(password) else None

    def get_user(self, user_id: int) -> Member | None:
        return Member.objects.filter(pk=user_id, kind=Member.Kind.STAFF, deleted_at=None).first()


def _staff_of_session(session_key: str) -> Identity | None:
    # As old as what it opens: a socket of a session ends when its member's credentials are revoked. Whoever revokes
    # them holds the row before they look at the clock. Those who came before are older than that, and those who come
    # after wait for the row, and see what was changed.
    issued_at = time.time()
    request = HttpRequest()
    request.session = SessionStore(session_key)
    with transaction.atomic():
        Member.objects.select_for_update(no_key=True).filter(pk=request.session.get(WHOSE, 0)).values(
            "pk"
        ).first()
        member = get_user(request)
    if not isinstance(member, Member):
        return None
    session = sessions.digest(session_key)
    return msgspec.structs.replace(staff_identity(member), issued_at=issued_at, session=session)


async def _recognise(
    tenant: TenantInfo,
    sub: str,
    kind: str,
    name: str | None = None,
    avatar: str | None = None,
    *,
    issued_at: float,
) -> MemberRecord:
    """Whom a token or ticket names. Raises TokenRefused where it was revoked since, or its Banned."""
    try:
        member = await members.recognise(tenant, sub, kind, name, avatar, issued_at)
    except members.Departed:
        raise TokenRefused(REVOKED) from None
    after = member.tokens_valid_after
    if after is not None and issued_at <= after.timestamp():
        raise TokenRefused(REVOKED)
    if member.banned:
        raise Banned(BANNED)
    return member


async def _why_not_public(tenant: TenantInfo, kid: str) -> str:
    """Why a token with a public key's alg is refused, whose kid names no public key."""
    record = await keys.find(tenant, "id", kid) if tokens.is_key_id(kid) else None
    known = record is not None and record.usable and not record.internal
    return tokens.PUBLIC_ALG_FOR_API_KEY if known else tokens.UNKNOWN_PUBLIC_KEY


async def _why_not_shared(tenant: TenantInfo, kid: str) -> str:
    """Why a token with HS256 is refused, whose kid names no API key."""
    known = await keys.find_public(tenant, kid)
    return tokens.HS256_FOR_PUBLIC_KEY if known else tokens.UNKNOWN_KEY


async def _admit(tenant: TenantInfo, claims: Claims, key_id: str) -> Identity:
    guest = claims.sub.startswith("guest:")
    if guest and not tenant.guests_allowed:
        raise TokenRefused("this workspace does not admit guests")
    # A tenant's clock may be ahead of ours. Before anything is looked up: what is revoked from here on reaches as far.
    await ahead.note(tenant.schema_name, claims.sub, claims.issued_at)
    kind = "guest" if guest else "user"
    member = await _recognise(
        tenant, claims.sub, kind, claims.name, claims.avatar, issued_at=claims.issued_at
    )
    return member.identified(
        rooms=claims.rooms, exp=claims.exp, issued_at=claims.issued_at, key_id=key_id, place=claims.place
    )
