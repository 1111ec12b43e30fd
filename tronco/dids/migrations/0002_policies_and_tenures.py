"""Row-level security and notices; who held a number is written down by the database itself."""

from django.db import migrations

from tronco.charging.notify import notify_on_change
from tronco.tenancy import rls

# A holder's name of before stays as it was; only the end of an open tenure may be written, once.
KEEP_TENURES = """
CREATE FUNCTION dids_keep_tenure() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.until IS NULL
       AND (to_jsonb(NEW) - 'until' - 'ended_as') = (to_jsonb(OLD) - 'until' - 'ended_as') THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'who held a number is kept: % of dids_tenure', TG_OP;
END $$;
CREATE TRIGGER keep BEFORE UPDATE OR DELETE ON dids_tenure
  FOR EACH ROW EXECUTE FUNCTION dids_keep_tenure();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON dids_tenure
  FOR EACH STATEMENT EXECUTE FUNCTION dids_keep_tenure();
"""

# Whatever changes a number (a screen, a bulk statement, a cascade), its tenure follows. As definer:
# those who sold it stand above whoever acts, and their rows may be out of his sight.
FOLLOW_HOLDERS = """
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

# A number is one in the whole installation, but each sees only his own: all that is told of the
# others is that they are there.
TAKEN = f"""
CREATE FUNCTION dids_taken(numbers text[]) RETURNS SETOF text LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT raw FROM dids_did WHERE raw = ANY (numbers)
    UNION SELECT e164 FROM dids_did WHERE e164 = ANY (numbers);
$$;
REVOKE ALL ON FUNCTION dids_taken(text[]), dids_follow_holder() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION dids_taken(text[]) TO {rls.WEB_ROLE};
"""


class Migration(migrations.Migration):
    dependencies = [
        ("dids", "0001_initial"),
        ("tenancy", "0002_row_level_security"),
        ("charging", "0002_policies_and_functions"),
    ]
    operations = [
        rls.protect("dids_numberrange"),
        rls.protect("dids_numberrangeevent"),
        rls.protect("dids_did"),
        rls.protect("dids_didevent"),
        rls.protect("dids_closeddestination"),
        rls.protect("dids_closeddestinationevent"),
        rls.protect("dids_tenure"),
        rls.protect("dids_didregistration"),
        notify_on_change("dids_did"),
        notify_on_change("dids_closeddestination"),
        migrations.RunSQL([KEEP_TENURES, FOLLOW_HOLDERS, TAKEN]),
    ]
