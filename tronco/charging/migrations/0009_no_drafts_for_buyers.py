"""Who buys by a price list reads its published versions, and not what its seller is drafting."""

from django.db import migrations

from tronco.tenancy import rls

TABLE = "catalog_tariffversion"
BOUGHT = "tariff_id IN (SELECT tariff_id FROM catalog_plan)"
BEFORE = rls.share(TABLE, using=BOUGHT)


class Migration(migrations.Migration):
    dependencies = [
        ("charging", "0008_plans_by_key"),
        ("catalog", "0005_published_is_immutable"),
    ]
    operations = [
        migrations.RunSQL(BEFORE.reverse_sql, BEFORE.sql),
        rls.share(TABLE, using=f"status <> 'draft' AND {BOUGHT}"),
    ]
