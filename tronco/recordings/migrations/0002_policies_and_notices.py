"""Row-level security of this folder's tables; what changes whose calls are recorded is told."""

from django.db import migrations

from tronco.charging.notify import notify_on_change
from tronco.tenancy import rls


class Migration(migrations.Migration):
    dependencies = [
        ("recordings", "0001_initial"),
        ("charging", "0002_policies_and_functions"),
    ]
    operations = [
        rls.protect("recordings_policy"),
        rls.protect("recordings_policyevent"),
        rls.protect("recordings_rule"),
        rls.protect("recordings_ruleevent"),
        rls.protect("recordings_recording"),
        rls.protect("recordings_recordingevent"),
        rls.protect("recordings_listening"),
        rls.protect("recordings_listeningevent"),
        notify_on_change("recordings_policy", columns=("is_allowed", "announces", "is_full")),
        notify_on_change("recordings_rule"),
    ]
