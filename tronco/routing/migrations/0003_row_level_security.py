"""Row-level security of this folder's tables."""

from django.db import migrations

from tronco.tenancy import rls


class Migration(migrations.Migration):
    dependencies = [
        ("routing", "0002_initial"),
        ("tenancy", "0002_row_level_security"),
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
    ]
