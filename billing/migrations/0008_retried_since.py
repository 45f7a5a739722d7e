from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0007_what_is_due"),
    ]

    operations = [
        migrations.AddField(
            model_name="subscription",
            name="retried_since",
            field=models.DateTimeField(null=True),
        ),
    ]
