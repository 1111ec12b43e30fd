"""Row-level security of requests for credit and their receipts."""

from django.db import migrations

from tronco.tenancy import rls


class Migration(migrations.Migration):
    dependencies = [("topups", "0001_initial")]
    operations = [
        rls.protect("topups_topup"),
        rls.protect("topups_topupevent"),
        rls.protect("topups_receipt"),
    ]
