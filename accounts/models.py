"""Members of a tenant, their API keys and their one-use links. All in the tenant's schema."""

import secrets
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from tenants import encryption, sides


class MemberManager(BaseUserManager["Member"]):
    """Makes members the way django.contrib.auth expects."""

    def create_user(self, username: str, password: str | None = None, **fields: Any) -> "Member":
        """A customer of the tenant, known by the id `username`."""
        member = Member(external_id=username, **fields)
        member.set_password(password)
        member.save()
        return member

    def staff(self) -> "models.QuerySet[Member]":
        """Everyone who works here now. Only they have a mail address, whose index finds them among all users."""
        return self.filter(kind=Member.Kind.STAFF, email__isnull=False, deleted_at=None)


class Member(AbstractBaseUser):
    """Anyone who can speak: staff, the tenant's own users, guests, and API keys posting as bots."""

    class Kind(models.TextChoices):
        STAFF = "staff"
        USER = "user"
        GUEST = "guest"
        BOT = "bot"

    class Role(models.TextChoices):
        OWNER = "owner"
        ADMIN = "admin"
        MODERATOR = "moderator"
        AGENT = "agent"
        NONE = ""

    # The id the outside world uses: the tenant's own for users; staff:…, guest:… and bot:… for the others.
    external_id = models.CharField(max_length=140, unique=True)
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.USER)
    role = models.CharField(max_length=12, choices=Role, default=Role.NONE, blank=True)
    name = models.CharField(max_length=100, blank=True, default="")
    avatar = models.CharField(max_length=500, blank=True, default="")
    email = models.EmailField(null=True, blank=True, unique=True)
    # User tokens issued before this moment are void.
    tokens_valid_after = models.DateTimeField(null=True, blank=True)
    # Until then they may not come in.
    banned_until = models.DateTimeField(null=True, blank=True)
    ban_reason = models.CharField(max_length=200, blank=True, default="", db_default="")
    # Of a deleted user only what others need is left: docs/decisions/deleted-users.md.
    deleted_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[MemberManager] = MemberManager()

    USERNAME_FIELD = "external_id"
    EMAIL_FIELD = "email"

    @property
    def username(self) -> str:
        """The name to show: the display name, or the id where there is none."""
        return self.name or self.external_id

    @property
    def banned(self) -> bool:
        """Whether this member may not come in just now."""
        return self.banned_until is not None and self.banned_until > timezone.now()

    @property
    def may_administer(self) -> bool:
        """Whether this member may change the workspace's settings, keys and rooms."""
        return self.kind == self.Kind.STAFF and self.role in (self.Role.OWNER, self.Role.ADMIN)

    @property
    def may_moderate(self) -> bool:
        """Whether this member may mute and remove people."""
        return self.may_administer or (self.kind == self.Kind.STAFF and self.role == self.Role.MODERATOR)


class Departure(models.Model):
    """A user who was deleted, by `accounts.departures.digest` of their id: tokens issued up to `at` are void."""

    digest = models.BinaryField(max_length=32, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{bytes(self.digest).hex()[:8]} at {self.at}"


def new_key_id(*, test: bool = False) -> str:
    """A fresh public id for a key, which says of which side it is."""
    return sides.TEST_KEY + secrets.token_hex(7) if test else sides.KEY + secrets.token_hex(8)


class ApiKey(models.Model):
    """A tenant's key to the API. The secret is stored as a hash; the signing secret, needed to check user tokens,
    encrypted. The internal key signs guests' tokens and mint_token's; it has no secret and never opens the API."""

    id = models.CharField(primary_key=True, max_length=24, default=new_key_id)
    name = models.CharField(max_length=80)
    internal = models.BooleanField(default=False)
    prefix = models.CharField(max_length=24, unique=True)
    secret_hash = models.BinaryField(max_length=32)
    signing_secret = models.BinaryField(max_length=500)
    unseen_secret = models.BinaryField(max_length=500, null=True)
    scopes = ArrayField(models.CharField(max_length=40), default=list)
    bot = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, related_name="api_keys")
    created_at = models.DateTimeField(default=timezone.now)
    last_used_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    # The id of the key that took its place; this one works until it expires.
    replaced_by = models.CharField(max_length=24, null=True)

    def __str__(self) -> str:
        return f"{self.name} ({self.id})"

    @property
    def usable(self) -> bool:
        """Neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > timezone.now())

    def take_unseen_secret(self) -> tuple[str, str] | None:
        """(secret, signing secret) if nobody has been shown them yet; the secret is forgotten by this call."""
        sealed = (
            ApiKey.objects.select_for_update()
            .filter(pk=self.pk)
            .values_list("unseen_secret", flat=True)
            .first()
        )
        if not sealed:
            return None
        ApiKey.objects.filter(pk=self.pk).update(unseen_secret=None)
        return encryption.decrypt(sealed), encryption.decrypt(self.signing_secret)


class PublicKey(models.Model):
    """A key with which a tenant's own server, or its identity provider, signs user tokens. Nothing in it is secret."""

    id = models.CharField(primary_key=True, max_length=24, default=new_key_id)
    name = models.CharField(max_length=80)
    # The key's own name where it came with one: tokens may go by it too.
    kid = models.CharField(max_length=128, null=True)
    algorithm = models.CharField(max_length=8)
    pem = models.TextField()
    # SHA-256 of the key itself, so that it is not registered twice and then revoked once.
    thumbprint = models.BinaryField(max_length=32)
    created_at = models.DateTimeField(default=timezone.now)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["kid"], condition=models.Q(revoked_at=None), name="public_key_kid_once"
            ),
            models.UniqueConstraint(
                fields=["thumbprint"], condition=models.Q(revoked_at=None), name="public_key_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.id})"


class Handoff(models.Model):
    """A one-use sign-in link, for the step from the portal's host to the tenant's own."""

    token_hash = models.BinaryField(max_length=32, primary_key=True)
    member = models.ForeignKey(Member, on_delete=models.CASCADE)
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"sign-in link for {self.member_id}"


class PasswordReset(models.Model):
    """A one-use link by which a member of staff who forgot their password chooses another."""

    token_hash = models.BinaryField(max_length=32, primary_key=True)
    member = models.ForeignKey(Member, on_delete=models.CASCADE)
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"password link for {self.member_id}"


def new_invitation_id() -> str:
    """A fresh public id for an invitation."""
    return f"inv_{secrets.token_hex(8)}"


class Invitation(models.Model):
    """Somebody who was asked to join the staff and has not come yet; their link is the one mailed last."""

    id = models.CharField(primary_key=True, max_length=24, default=new_invitation_id)
    email = models.EmailField(unique=True)
    role = models.CharField(max_length=12, choices=Member.Role)
    invited_by = models.ForeignKey(Member, on_delete=models.CASCADE)
    # NULL until the first mail leaves: the link is made for the mail, and never at rest but as a hash.
    token_hash = models.BinaryField(max_length=32, null=True, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"invitation {self.id}"

    @property
    def expired(self) -> bool:
        """Whether its link no longer works."""
        return self.expires_at <= timezone.now()
