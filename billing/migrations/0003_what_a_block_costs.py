from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0002_debts_and_clock'),
    ]

    operations = [
        migrations.AddField(
            model_name='subscription',
            name='block_cents',
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name='subscription',
            name='paid_cents',
            field=models.PositiveBigIntegerField(db_default=0, default=0),
        ),
    ]
