from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("portal", "0003_signup_interval")]

    operations = [
        migrations.AddField(
            model_name="signup",
            name="contested",
            field=models.BooleanField(db_default=False, default=False),
        )
    ]
