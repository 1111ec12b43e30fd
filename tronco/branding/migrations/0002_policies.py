"""Row-level security. A brand is read by those below its seller, at its domain by anybody, and its
logo by whoever names it by its hash."""

from django.db import migrations

from tronco.tenancy import rls

READ = (
    "domain <> ''"
    " OR EXISTS (SELECT FROM unnest(tronco_scopes()) AS scope WHERE scope ^@ path)"
    " OR (logo_hash <> '' AND logo_hash = current_setting('tronco.logo', true))"
)


class Migration(migrations.Migration):
    dependencies = [
        ("branding", "0001_initial"),
        ("tenancy", "0002_row_level_security"),
    ]
    operations = [
        rls.protect("branding_brand"),
        rls.share("branding_brand", using=READ),
        rls.protect("branding_brandevent"),
    ]
