"""Running processes learn at once that something here has changed."""

from django.db import migrations

from tronco.charging.notify import notify_on_change

# The others are measurements that sipcore writes every few seconds.
TRUNK_SETTINGS = (
    "carrier_id", "name", "host", "port", "username", "password_encrypted", "register",
    "source_addresses", "number_format", "tech_prefix", "codecs", "max_calls",
    "carries_emergency", "is_active",
)


class Migration(migrations.Migration):
    dependencies = [
        ("routing", "0004_least_cost"),
        ("charging", "0005_functions"),
    ]
    operations = [
        notify_on_change("routing_carrier"),
        notify_on_change("routing_trunk", columns=TRUNK_SETTINGS),
        notify_on_change("routing_route"),
        notify_on_change("routing_routestep"),
        notify_on_change("routing_routeassignment"),
    ]
