"""Row-level security of this folder's tables."""

from django.db import migrations

from tronco.tenancy import rls


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0002_initial"),
        ("tenancy", "0002_row_level_security"),
    ]
    operations = [
        rls.protect("catalog_tariff"),
        rls.protect("catalog_tariffevent"),
        rls.protect("catalog_tariffversion"),
        rls.protect("catalog_tariffversionevent"),
        rls.protect("catalog_plan"),
        rls.protect("catalog_planevent"),
        rls.protect("catalog_allowance"),
        rls.protect("catalog_allowanceevent"),
        rls.protect(
            "catalog_rate", using="version_id IN (SELECT id FROM catalog_tariffversion)"
        ),
    ]
