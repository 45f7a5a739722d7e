"""The public schema's tables: tenants, their own domains, and the mail index behind "find my workspaces"."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django_tenants.models import DomainMixin, TenantMixin


class Tenant(TenantMixin):
    """One organisation's workspace: a slug for people, a schema `t<id>` for PostgreSQL."""

    class State(models.TextChoices):
        PROVISIONING = "provisioning"
        ACTIVE = "active"
        PAST_DUE = "past_due"
        SUSPENDED = "suspended"
        DELETING = "deleting"

    class GuestProof(models.TextChoices):
        AUTO = "auto"  # while far more come than usual
        ALWAYS = "always"
        NEVER = "never"

    slug = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=80)
    state = models.CharField(max_length=16, choices=State, default=State.PROVISIONING)
    plan = models.CharField(max_length=20, default="free")
    # The version of the plan that was bought; NULL: as it is sold now.
    plan_version = models.PositiveSmallIntegerField(null=True, blank=True)
    # Beyond the plan, because the owner agreed to pay for them: billing's to write.
    extra_connections = models.PositiveIntegerField(default=0)
    own_limits = models.JSONField(default=dict, blank=True)
    locale = models.CharField(max_length=10, default="en")
    accent = models.CharField(max_length=7, blank=True, default="")
    guests_allowed = models.BooleanField(default=True)
    # When a new guest has to show a proof of work.
    guest_proof = models.CharField(
        max_length=6, choices=GuestProof, default=GuestProof.AUTO, db_default=GuestProof.AUTO
    )
    origins = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    # Whether any webhook of theirs is switched on: only then does the message writer look for one.
    hooked = models.BooleanField(default=False, db_default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    # Of a test side: the live tenant, whose plan, state, origins and host hold for it too. No host can name its slug.
    test_of = models.OneToOneField("self", on_delete=models.CASCADE, null=True, blank=True, related_name="+")

    # Schemas come from the template (tenants.provisioning), never from save().
    auto_create_schema: ClassVar[bool] = False
    auto_drop_schema: ClassVar[bool] = False

    def __str__(self) -> str:
        return self.slug


class Domain(DomainMixin):
    """A host of the tenant's own. Hosts below the base domain need no row: they are the slug."""

    verified_at = models.DateTimeField(null=True, blank=True)


class MailIndex(models.Model):
    """Which workspaces a staff mail address belongs to; the address itself stays in the tenant's schema."""

    mail_hash = models.BinaryField(max_length=32)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["mail_hash", "tenant"], name="mail_index_once")
        ]

    def __str__(self) -> str:
        return f"{bytes(self.mail_hash).hex()[:8]} at {self.tenant_id}"


class TemplateDump(models.Model):
    """The SQL that makes an empty tenant schema, kept so that any process can open a workspace without pg_dump."""

    digest = models.CharField(max_length=64, unique=True)
    sql = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.digest[:12]
