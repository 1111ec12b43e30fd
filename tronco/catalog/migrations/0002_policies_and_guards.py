"""Row-level security; a published price list never changes, whoever asks.

Buyers may read prices, not write them.
"""

from django.db import migrations

from tronco.tenancy import rls

# Once a statement, over the rows it touched: an upload of 100,000 prices pays for one look-up.
# FOR SHARE makes a publication that runs at the same time wait for this transaction, or this for it.
RATE_GUARD = """
CREATE FUNCTION catalog_rate_refuse(versions bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE found record;
BEGIN
  FOR found IN
    SELECT id, status FROM catalog_tariffversion WHERE id = ANY (versions) ORDER BY id FOR SHARE
  LOOP
    IF found.status <> 'draft' THEN
      RAISE EXCEPTION 'tariff version % is %: its rates cannot change', found.id, found.status
        USING ERRCODE = 'restrict_violation', HINT = 'Copy it to a new draft and publish that.';
    END IF;
  END LOOP;
END $$;

CREATE FUNCTION catalog_rate_new_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM catalog_rate_refuse(ARRAY(SELECT DISTINCT version_id FROM new_rates));
  RETURN NULL;
END $$;

CREATE FUNCTION catalog_rate_old_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM catalog_rate_refuse(ARRAY(SELECT DISTINCT version_id FROM old_rates));
  RETURN NULL;
END $$;

CREATE FUNCTION catalog_rate_change_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM catalog_rate_refuse(
    ARRAY(SELECT version_id FROM old_rates UNION SELECT version_id FROM new_rates));
  RETURN NULL;
END $$;

CREATE TRIGGER catalog_rate_insert_guard AFTER INSERT ON catalog_rate
  REFERENCING NEW TABLE AS new_rates FOR EACH STATEMENT EXECUTE FUNCTION catalog_rate_new_guard();
CREATE TRIGGER catalog_rate_update_guard AFTER UPDATE ON catalog_rate
  REFERENCING OLD TABLE AS old_rates NEW TABLE AS new_rates
  FOR EACH STATEMENT EXECUTE FUNCTION catalog_rate_change_guard();
CREATE TRIGGER catalog_rate_delete_guard AFTER DELETE ON catalog_rate
  REFERENCING OLD TABLE AS old_rates FOR EACH STATEMENT EXECUTE FUNCTION catalog_rate_old_guard();
"""

VERSION_GUARD = """
CREATE FUNCTION catalog_version_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.status = 'draft' THEN
    RETURN coalesce(NEW, OLD);
  END IF;
  IF TG_OP = 'DELETE'
    OR NEW.status = 'draft'
    OR (OLD.status = 'withdrawn' AND NEW.status <> 'withdrawn')
    OR (NEW.tenant_id, NEW.tariff_id, NEW.number, NEW.effective_at)
       IS DISTINCT FROM (OLD.tenant_id, OLD.tariff_id, OLD.number, OLD.effective_at)
  THEN
    RAISE EXCEPTION 'tariff version % is %: it can only be withdrawn', OLD.id, OLD.status
      USING ERRCODE = 'restrict_violation', HINT = 'Copy it to a new draft and publish that.';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER catalog_version_guard BEFORE UPDATE OR DELETE ON catalog_tariffversion
  FOR EACH ROW EXECUTE FUNCTION catalog_version_guard();
"""

# A version is visible to its owner and to who buys by it: only the former writes its rates, and
# the latter does not see drafts.
OWN_VERSIONS = (
    "version_id IN (SELECT id FROM catalog_tariffversion"
    " WHERE tenant_id IN (SELECT tronco_visible_tenants()))"
)
SOLD_VERSIONS = "version_id IN (SELECT id FROM catalog_tariffversion WHERE status <> 'draft')"


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0001_initial"),
        ("tenancy", "0002_row_level_security"),
    ]
    operations = [
        rls.protect("catalog_tariff"),
        rls.protect("catalog_tariffevent"),
        rls.protect("catalog_tariffversion"),
        rls.protect("catalog_tariffversionevent"),
        rls.protect("catalog_plan"),
        rls.protect("catalog_planevent"),
        rls.protect("catalog_allowance"),
        rls.protect("catalog_allowanceevent"),
        rls.protect("catalog_rateimport"),
        rls.protect_read("catalog_rate", write_using=OWN_VERSIONS, read_using=SOLD_VERSIONS),
        migrations.RunSQL([RATE_GUARD, VERSION_GUARD]),
    ]
