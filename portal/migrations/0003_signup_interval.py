from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("portal", "0002_signup_waits_once")]

    operations = [
        migrations.AddField(
            model_name="signup", name="interval", field=models.CharField(default="month", max_length=5)
        )
    ]
