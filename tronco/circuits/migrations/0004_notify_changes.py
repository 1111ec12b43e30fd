"""Running processes learn at once that something here has changed."""

from django.db import migrations

from tronco.charging.notify import notify_on_change


class Migration(migrations.Migration):
    dependencies = [
        ("circuits", "0003_row_level_security"),
        ("charging", "0005_functions"),
    ]
    operations = [
        notify_on_change("circuits_circuit"),
    ]
