"""Row-level security of what sellers set up. The words of those above are read by those below, who
send them; their mail servers are not: the worker alone signs in there."""

from django.db import migrations

from tronco.tenancy import rls

ABOVE = (
    "tenant_id IN (SELECT id FROM tenancy_tenant WHERE"
    " EXISTS (SELECT FROM unnest(tronco_scopes()) AS scope WHERE scope ^@ path))"
)


class Migration(migrations.Migration):
    dependencies = [
        ("mail", "0003_templates_servers_notices"),
        ("tenancy", "0002_row_level_security"),
    ]
    operations = [
        rls.protect("mail_template"),
        rls.share("mail_template", using=ABOVE),
        rls.protect("mail_templateevent"),
        rls.protect("mail_mailserver"),
        rls.protect("mail_mailserverevent"),
        rls.protect("mail_notices"),
        rls.protect("mail_noticesevent"),
    ]
