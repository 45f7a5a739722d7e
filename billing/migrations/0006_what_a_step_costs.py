from django.db import migrations, models

# What was reported before the price was kept with it: at the price of today, as the page has said until now.
BACKFILL = """
    UPDATE billing_usagereport step
    SET block_cents = bought.block_cents, subscription_id = coalesce(bought.subscription_id, '')
    FROM billing_subscription bought WHERE bought.tenant_id = step.tenant_id
"""


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0005_metered_since"),
    ]

    operations = [
        migrations.AddField(
            model_name="usagereport",
            name="block_cents",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="usagereport",
            name="subscription_id",
            field=models.CharField(db_default="", default="", max_length=64),
        ),
        migrations.RunSQL(BACKFILL, migrations.RunSQL.noop),
        migrations.RemoveConstraint(model_name="usagereport", name="billing_usage_step_once"),
        migrations.AddConstraint(
            model_name="usagereport",
            constraint=models.UniqueConstraint(
                fields=("tenant", "subscription_id", "month", "block_cents", "before"),
                name="billing_usage_step_once",
            ),
        ),
        migrations.RemoveField(model_name="connectionpeak", name="blocks"),
    ]
