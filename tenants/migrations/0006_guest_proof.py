from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0005_test_sides'),
    ]

    operations = [
        migrations.AddField(
            model_name='tenant',
            name='guest_proof',
            field=models.CharField(choices=[('auto', 'Auto'), ('always', 'Always'), ('never', 'Never')], db_default='auto', default='auto', max_length=6),
        ),
    ]
