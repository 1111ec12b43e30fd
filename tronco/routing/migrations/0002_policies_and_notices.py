"""Row-level security of this folder's tables; changes are told to running processes."""

from django.db import migrations

from tronco.charging.notify import notify_on_change
from tronco.tenancy import rls

# The others are measurements that sipcore writes every few seconds.
TRUNK_SETTINGS = (
    "carrier_id", "name", "host", "port", "username", "password_encrypted", "register",
    "source_addresses", "number_format", "tech_prefix", "codecs", "max_calls",
    "carries_emergency", "is_active",
)


class Migration(migrations.Migration):
    dependencies = [
        ("routing", "0001_initial"),
        ("tenancy", "0002_row_level_security"),
        ("charging", "0002_policies_and_functions"),
    ]
    operations = [
        rls.protect("routing_carrier"),
        rls.protect("routing_carrierevent"),
        rls.protect("routing_trunk"),
        rls.protect("routing_trunkevent"),
        rls.protect("routing_route"),
        rls.protect("routing_routeevent"),
        rls.protect("routing_routestep"),
        rls.protect("routing_routestepevent"),
        rls.protect("routing_routeassignment"),
        rls.protect("routing_routeassignmentevent"),
        notify_on_change("routing_carrier"),
        notify_on_change("routing_trunk", columns=TRUNK_SETTINGS),
        notify_on_change("routing_route"),
        notify_on_change("routing_routestep"),
        notify_on_change("routing_routeassignment"),
    ]
