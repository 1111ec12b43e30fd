"""Row-level security of this folder's tables; changes are told to running processes."""

from django.db import migrations

from tronco.charging.notify import notify_on_change
from tronco.tenancy import rls


class Migration(migrations.Migration):
    dependencies = [
        ("circuits", "0001_initial"),
        ("tenancy", "0002_row_level_security"),
        ("charging", "0002_policies_and_functions"),
    ]
    operations = [
        rls.protect("circuits_circuit"),
        rls.protect("circuits_circuitevent"),
        rls.protect("circuits_registration"),
        rls.protect("circuits_latencysample"),
        notify_on_change("circuits_circuit"),
    ]
