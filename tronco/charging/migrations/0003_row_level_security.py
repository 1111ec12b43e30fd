"""Row-level security of this folder's tables."""

from django.db import migrations

from tronco.tenancy import rls


class Migration(migrations.Migration):
    dependencies = [
        ("charging", "0002_initial"),
        ("tenancy", "0002_row_level_security"),
        ("catalog", "0003_row_level_security"),
    ]
    operations = [
        rls.protect("charging_account"),
        rls.protect("charging_accountevent"),
        rls.protect("charging_ledgerentry"),
        rls.protect("charging_bucket"),
        rls.protect("charging_authorization"),
        rls.protect("charging_hold"),
        # What one buys may be read: the plans of one's own accounts and their price lists.
        rls.share("catalog_plan", using="id IN (SELECT plan_id FROM charging_account)"),
        rls.share("catalog_allowance", using="plan_id IN (SELECT plan_id FROM charging_account)"),
        rls.share("catalog_tariff", using="id IN (SELECT tariff_id FROM catalog_plan)"),
        rls.share("catalog_tariffversion", using="tariff_id IN (SELECT tariff_id FROM catalog_plan)"),
    ]
