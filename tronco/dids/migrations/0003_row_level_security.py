"""Row-level security of this folder's tables."""

from django.db import migrations

from tronco.tenancy import rls


class Migration(migrations.Migration):
    dependencies = [
        ("dids", "0002_initial"),
        ("tenancy", "0002_row_level_security"),
    ]
    operations = [
        rls.protect("dids_did"),
        rls.protect("dids_didevent"),
    ]
