"""Every environment variable Snug reads, typed, checked once at start.

A missing or malformed variable raises ConfigurationError with one line for a person; the entry points print that line
and exit, so nobody meets a traceback an hour later.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parseaddr
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Literal, TypedDict
from urllib.parse import urlsplit

from cryptography.fernet import Fernet

from config import media_urls, redis_urls

Network = IPv4Network | IPv6Network
Environment = Literal["development", "production"]

_SET_BY = "(bin/dev and bin/manage set it for the embedded parts)"
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")


class ConfigurationError(Exception):
    """One environment variable is missing or malformed; the text says which and what is expected."""


@dataclass(frozen=True, slots=True)
class Env:
    """The configuration of one process. Sizes are counts, times are seconds."""

    environment: Environment
    base_domain: str
    public_scheme: str
    public_port: int | None
    data_dir: Path
    # What must not stand in a traceback or a log is left out of the repr.
    secret_key: str = field(repr=False)
    field_encryption_keys: tuple[str, ...] = field(repr=False)
    database_url: str = field(repr=False)
    database_pool_size: int
    drain_notice: int
    redis_hosts: tuple[redis_urls.Host, ...] = field(repr=False)
    channel_capacity: int
    channel_expiry: int
    channel_encryption_keys: tuple[str, ...] = field(repr=False)
    trusted_proxies: tuple[Network, ...]
    email_url: str | None = field(repr=False)
    mail_from: str
    stripe_secret_key: str | None = field(repr=False)
    stripe_webhook_secret: str | None = field(repr=False)
    stripe_api_base: str | None
    # Days for which Stripe tries a card again before it ends the plan; 0 where it never does.
    stripe_retry_days: int
    # None: files are kept in the data folder.
    media: media_urls.Media | None

    @property
    def development(self) -> bool:
        return self.environment == "development"


def read(source: Mapping[str, str] | None = None) -> Env:
    """Read and check the environment. Raises ConfigurationError naming the first variable at fault."""
    reader = _Reader(os.environ if source is None else source)
    environment = reader.choice("SNUG_ENV", ("development", "production"), "production")
    development = environment == "development"
    return Env(
        environment="development" if development else "production",
        base_domain=reader.host("SNUG_BASE_DOMAIN", "localhost" if development else None),
        public_scheme=reader.choice(
            "SNUG_PUBLIC_SCHEME", ("http", "https"), "http" if development else "https"
        ),
        public_port=reader.optional_integer("SNUG_PUBLIC_PORT", 1, 65535),
        data_dir=Path(reader.text("SNUG_DATA_DIR", ".snug")).absolute(),
        secret_key=reader.secret("SECRET_KEY", 32),
        field_encryption_keys=reader.fernet_keys("FIELD_ENCRYPTION_KEYS"),
        database_url=reader.database_url("DATABASE_URL"),
        database_pool_size=reader.integer("SNUG_DATABASE_POOL", 8, 2, 200),
        drain_notice=reader.integer("SNUG_DRAIN_NOTICE", 0, 0, 120),
        redis_hosts=reader.redis_hosts("REDIS_URL"),
        channel_capacity=reader.integer("CHANNEL_CAPACITY", 1500, 1, 1_000_000),
        channel_expiry=reader.integer("CHANNEL_EXPIRY", 10, 1, 86_400),
        channel_encryption_keys=reader.secrets("CHANNEL_ENCRYPTION_KEYS", 32),
        trusted_proxies=reader.networks("SNUG_TRUSTED_PROXIES"),
        email_url=reader.optional_url("EMAIL_URL", ("smtp", "smtps", "smtp+tls")),
        mail_from=reader.mail_address("SNUG_MAIL_FROM", "Snug <hello@snug.example>"),
        media=reader.media("MEDIA_URL"),
        stripe_retry_days=reader.integer("STRIPE_RETRY_DAYS", 14, 0, 60),
        **reader.stripe(),
    )


class _Stripe(TypedDict):
    stripe_secret_key: str | None
    stripe_webhook_secret: str | None
    stripe_api_base: str | None


class _Reader:
    def __init__(self, source: Mapping[str, str]) -> None:
        self.source = source

    def optional(self, name: str) -> str | None:
        value = self.source.get(name, "").strip()
        if not value.isprintable():  # line breaks, and what Python makes of bytes that are not UTF-8
            raise ConfigurationError(f"{name} holds characters that cannot be printed")
        return value or None

    def text(self, name: str, default: str | None = None) -> str:
        value = self.optional(name) or default
        if value is None:
            raise ConfigurationError(f"{name} is not set")
        return value

    def secret(self, name: str, minimum: int) -> str:
        value = self.text(name)
        if len(value) < minimum:
            raise ConfigurationError(f"{name} must have at least {minimum} characters")
        return value

    def secrets(self, name: str, minimum: int) -> tuple[str, ...]:
        """None where it is not set. Set but without a key, it would leave in the clear what someone wants hidden."""
        words = self.words(name)
        if self.optional(name) is not None and not words:
            raise ConfigurationError(f"{name} holds no key")
        if any(len(word) < minimum for word in words):
            raise ConfigurationError(f"{name} must hold keys of at least {minimum} characters")
        return words

    def choice(self, name: str, allowed: tuple[str, ...], default: str) -> str:
        value = self.text(name, default)
        if value not in allowed:
            raise ConfigurationError(f"{name} must be one of {', '.join(allowed)}, not {value!r}")
        return value

    def host(self, name: str, default: str | None) -> str:
        value = self.text(name, default).lower()
        if not _HOST.fullmatch(value) or ".." in value:
            raise ConfigurationError(f"{name} must be a bare host name such as snug.example, not {value!r}")
        return value

    def integer(self, name: str, default: int, low: int, high: int) -> int:
        value = self.optional_integer(name, low, high)
        return default if value is None else value

    def optional_integer(self, name: str, low: int, high: int) -> int | None:
        value = self.optional(name)
        if value is None:
            return None
        if not re.fullmatch(r"[0-9]{1,9}", value) or not low <= int(value) <= high:
            raise ConfigurationError(f"{name} must be a whole number from {low} to {high}, not {value!r}")
        return int(value)

    def words(self, name: str) -> tuple[str, ...]:
        return tuple(word.strip() for word in (self.optional(name) or "").split(",") if word.strip())

    def optional_url(self, name: str, schemes: tuple[str, ...]) -> str | None:
        value = self.optional(name)
        return None if value is None else _checked_url(name, value, schemes)

    def database_url(self, name: str) -> str:
        value = self.optional_url(name, ("postgres", "postgresql"))
        if value is None:
            raise ConfigurationError(f"{name} is not set {_SET_BY}")
        if not urlsplit(value).path.strip("/"):
            raise ConfigurationError(f"{name} names no database: it ends like …@host:5432/snug")
        return value

    def redis_hosts(self, name: str) -> tuple[redis_urls.Host, ...]:
        if not self.words(name):
            raise ConfigurationError(f"{name} is not set {_SET_BY}")
        try:
            return redis_urls.hosts(self.text(name))
        except ValueError as error:
            raise ConfigurationError(f"{name} {error}") from None

    def mail_address(self, name: str, default: str) -> str:
        value = self.text(name, default)
        if "@" not in parseaddr(value)[1]:
            raise ConfigurationError(f"{name} must be a mail address such as {default}, not {value!r}")
        return value

    def fernet_keys(self, name: str) -> tuple[str, ...]:
        keys = self.words(name)
        if not keys:
            raise ConfigurationError(f"{name} is not set: one or more Fernet keys, newest first")
        for key in keys:
            try:
                Fernet(key)
            except ValueError:
                raise ConfigurationError(
                    f"{name} holds a key that is not 32 bytes in URL-safe base64"
                ) from None
        return keys

    def stripe(self) -> _Stripe:
        """Stripe's key and webhook secret: both, or neither. The complaint never repeats what was set."""
        key, secret = self.optional("STRIPE_SECRET_KEY"), self.optional("STRIPE_WEBHOOK_SECRET")
        if key is not None and not re.fullmatch(r"(sk|rk)_(test|live)_[A-Za-z0-9_]{8,}", key):
            raise ConfigurationError(
                "STRIPE_SECRET_KEY must be a secret key of Stripe's, such as sk_live_… or sk_test_…"
            )
        if secret is not None and not re.fullmatch(r"whsec_[A-Za-z0-9+/=_-]{8,}", secret):
            raise ConfigurationError("STRIPE_WEBHOOK_SECRET must be a signing secret of Stripe's: whsec_…")
        if secret is not None and key is None:
            raise ConfigurationError("STRIPE_WEBHOOK_SECRET is set without STRIPE_SECRET_KEY")
        base = self.optional_url("STRIPE_API_BASE", ("http", "https"))
        return {
            "stripe_secret_key": key,
            "stripe_webhook_secret": secret,
            "stripe_api_base": base.rstrip("/") if base else None,
        }

    def media(self, name: str) -> media_urls.Media | None:
        value = self.optional(name)
        if value is None:
            return None
        try:
            return media_urls.parse(value)
        except ValueError as error:
            raise ConfigurationError(f"{name} {error}") from None

    def networks(self, name: str) -> tuple[Network, ...]:
        try:
            return tuple(ip_network(word) for word in self.words(name))
        except ValueError as error:
            raise ConfigurationError(f"{name} must hold addresses or networks: {error}") from None


def _checked_url(name: str, value: str, schemes: tuple[str, ...]) -> str:
    """The URL, if it is one. The complaint never repeats it: it may hold a password."""
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise ConfigurationError(
            f"{name} holds a URL that cannot be read: look at its host and port"
        ) from None
    if parts.scheme not in schemes:
        raise ConfigurationError(
            f"{name} must begin with {' or '.join(f'{scheme}://' for scheme in schemes)}"
        )
    # PostgreSQL's unix socket stands as ?host= in the query.
    if not (parts.hostname or "host=" in parts.query) or port == 0:
        raise ConfigurationError(f"{name} holds a URL without a host, or with port 0")
    return value
