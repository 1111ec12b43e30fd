"""Which customers a user was given is seen by his own; what he reaches is told to all."""

from django.db import migrations

from tronco.tenancy import rls

# Asked before his scope is bound: the web role sees no tenant until then.
REACH = f"""
CREATE FUNCTION identity_reach(wanted bigint)
RETURNS TABLE (path text, kind text, is_open boolean, is_narrowed boolean, given text[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT own.path, own.kind,
    NOT EXISTS (
      SELECT FROM tenancy_tenant above
      WHERE above.id = ANY (string_to_array(trim(both '/' FROM own.path), '/')::bigint[])
        AND above.status IN ('inactive', 'removed')),
    EXISTS (SELECT FROM identity_user_customers any_given WHERE any_given.user_id = u.id),
    ARRAY (
      SELECT customer.path FROM identity_user_customers one
      JOIN tenancy_tenant customer ON customer.id = one.tenant_id
      WHERE one.user_id = u.id AND customer.path ^@ own.path ORDER BY customer.path)
  FROM identity_user u JOIN tenancy_tenant own ON own.id = u.tenant_id
  WHERE u.id = wanted AND u.is_active
$$;
REVOKE ALL ON FUNCTION identity_reach(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION identity_reach(bigint) TO {rls.WEB_ROLE};
"""


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0001_initial"),
        ("tenancy", "0002_row_level_security"),
    ]
    operations = [
        migrations.RunSQL(REACH),
        rls.protect("identity_user_customers"),
        rls.protect("identity_givencustomerevent"),
    ]
