from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0003_what_a_block_costs'),
    ]

    operations = [
        migrations.AddField(
            model_name='subscription',
            name='credit_cents',
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
    ]
