"""Row-level security of this folder's tables; customers of before get their service codes."""

from django.db import migrations

from tronco.tenancy import rls

# The id makes each code its own; the rest cannot be told from it.
CODES = """
INSERT INTO customers_subscription (tenant_id, service_code, due_day)
SELECT id, (10 + floor(random() * 90))::bigint::text || lpad(id::text, 6, '0'), 10
  FROM tenancy_tenant WHERE kind = 'customer'
"""


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0001_initial"),
        ("tenancy", "0002_row_level_security"),
    ]
    operations = [
        migrations.RunSQL(CODES, migrations.RunSQL.noop),
        rls.protect("customers_subscription"),
        rls.protect("customers_subscriptionevent"),
    ]
