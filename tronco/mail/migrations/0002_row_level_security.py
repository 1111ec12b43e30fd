"""Row-level security of this folder's tables."""

from django.db import migrations

from tronco.tenancy import rls


class Migration(migrations.Migration):
    dependencies = [
        ("mail", "0001_initial"),
        ("tenancy", "0002_row_level_security"),
    ]
    operations = [
        rls.protect("mail_email"),
    ]
