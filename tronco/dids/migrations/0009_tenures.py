"""Holders are written down by the database itself; who asks whether a number is taken is told."""

from django.db import migrations

# Whatever changes a number (a screen, a bulk statement, a cascade), its tenure follows. As definer:
# those who sold it stand above whoever acts, and their rows may be out of his sight.
TENURES = """
CREATE FUNCTION dids_follow_holder() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    was_held boolean := TG_OP <> 'INSERT' AND OLD.state = 'in_use';
    is_held boolean := TG_OP <> 'DELETE' AND NEW.state = 'in_use';
BEGIN
    IF was_held AND is_held AND OLD.tenant_id = NEW.tenant_id AND OLD.e164 = NEW.e164 THEN
        RETURN NULL;
    END IF;
    IF was_held THEN
        UPDATE dids_tenure
           SET until = now(),
               ended_as = CASE WHEN is_held THEN 'transferred'
                               WHEN TG_OP = 'DELETE' THEN 'deleted'
                               WHEN NEW.state = 'ported_out' THEN 'ported_out'
                               ELSE 'given_back' END
         WHERE id = (SELECT max(id) FROM dids_tenure
                      WHERE e164 = OLD.e164 AND tenant_id = OLD.tenant_id AND until IS NULL);
    END IF;
    IF is_held THEN
        INSERT INTO dids_tenure (tenant_id, e164, holder, document, sellers, since, ended_as)
        SELECT t.id, NEW.e164, t.name, t.document,
               (SELECT coalesce(jsonb_agg(a.name ORDER BY length(a.path)), '[]')
                  FROM tenancy_tenant a WHERE t.path ^@ a.path AND a.id <> t.id),
               now(), ''
          FROM tenancy_tenant t WHERE t.id = NEW.tenant_id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER follow_holder AFTER INSERT OR DELETE OR UPDATE OF state, tenant_id, e164 ON dids_did
  FOR EACH ROW EXECUTE FUNCTION dids_follow_holder();
"""
DROP_TENURES = "DROP TRIGGER follow_holder ON dids_did; DROP FUNCTION dids_follow_holder;"

# Numbers that were held before tenures were kept: since the history shows their present holder.
BACKFILL = """
INSERT INTO dids_tenure (tenant_id, e164, holder, document, sellers, since, ended_as)
SELECT t.id, d.e164, t.name, t.document,
       (SELECT coalesce(jsonb_agg(a.name ORDER BY length(a.path)), '[]')
          FROM tenancy_tenant a WHERE t.path ^@ a.path AND a.id <> t.id),
       coalesce(
         (SELECT min(e.pgh_created_at) FROM dids_didevent e
           WHERE e.pgh_obj_id = d.id AND e.pgh_created_at > coalesce(
             (SELECT max(o.pgh_created_at) FROM dids_didevent o
               WHERE o.pgh_obj_id = d.id AND o.tenant_id <> d.tenant_id), '-infinity')),
         d.created_at),
       ''
  FROM dids_did d JOIN tenancy_tenant t ON t.id = d.tenant_id
 WHERE d.state = 'in_use';
"""

# A number is one in the whole installation, but each sees only his own: all that is told of the
# others is that they are there.
TAKEN = """
CREATE FUNCTION dids_taken(numbers text[]) RETURNS SETOF text LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT raw FROM dids_did WHERE raw = ANY (numbers)
    UNION SELECT e164 FROM dids_did WHERE e164 = ANY (numbers);
$$;
REVOKE ALL ON FUNCTION dids_taken(text[]), dids_follow_holder() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION dids_taken(text[]) TO tronco_web;
"""


class Migration(migrations.Migration):
    dependencies = [("dids", "0008_reserved_for")]
    operations = [
        migrations.RunSQL(BACKFILL, migrations.RunSQL.noop),
        migrations.RunSQL(TENURES, DROP_TENURES),
        migrations.RunSQL(TAKEN, "DROP FUNCTION dids_taken;"),
    ]
