"""Row-level security of this folder's tables."""

from django.db import migrations

from tronco.tenancy import rls

OWN = "tenant_id IN (SELECT tronco_visible_tenants())"


class Migration(migrations.Migration):
    dependencies = [
        ("centrals", "0001_initial"),
        ("tenancy", "0002_row_level_security"),
    ]
    operations = [
        # Every phone must know its central; only the master may change one.
        rls.protect_read("centrals_central", write_using=OWN, read_using="true"),
        rls.protect("centrals_centralevent"),
        rls.protect("centrals_ban"),
    ]
