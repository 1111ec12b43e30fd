"""Row-level security: the role, the scope's functions, and the tree itself."""

from django.db import migrations

from tronco.tenancy import rls

BELOW = "path ^@ ANY (tronco_scopes())"
# Joins up the tree (whose reseller, whose brand) read the ancestors' rows, and only those.
ABOVE = "EXISTS (SELECT FROM unnest(tronco_scopes()) AS scope WHERE scope ^@ path)"


class Migration(migrations.Migration):
    dependencies = [("tenancy", "0001_initial")]
    operations = [
        migrations.RunSQL([rls.CREATE_FUNCTIONS, rls.CREATE_ROLE]),
        rls.protect_read("tenancy_tenant", write_using=BELOW, read_using=ABOVE),
        rls.protect("tenancy_tenantevent", using=BELOW),
    ]
