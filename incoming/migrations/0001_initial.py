import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import incoming.models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("rooms", "0003_changes_and_reads"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="IncomingWebhook",
            fields=[
                (
                    "id",
                    models.CharField(
                        default=incoming.models.new_incoming_id,
                        max_length=24,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("name", models.CharField(max_length=80)),
                ("token_hash", models.BinaryField(max_length=32, unique=True)),
                ("unseen_token", models.BinaryField(max_length=500, null=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("last_used_at", models.DateTimeField(null=True)),
                (
                    "bot",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "room",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="incoming_webhooks",
                        to="rooms.room",
                    ),
                ),
            ],
            options={"ordering": ["created_at", "id"]},
        ),
    ]
