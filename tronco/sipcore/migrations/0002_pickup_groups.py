"""Lines of one pick-up group take each other's calls: Asterisk is told the groups, and of changes.

A group's name is one among its customer's lines, so the customer is part of it.
"""

from django.db import migrations

VIEWS = """
CREATE OR REPLACE VIEW ast.line AS
SELECT circuit.number,
       circuit.ha1_md5,
       circuit.max_contacts,
       circuit.codecs,
       coalesce(
         (SELECT did.e164 FROM dids_did did
           WHERE did.tenant_id = circuit.tenant_id AND did.is_active
             AND (did.circuit_id = circuit.id OR did.e164 = circuit.caller_number)
           ORDER BY did.e164 = circuit.caller_number DESC, did.id LIMIT 1),
         circuit.number) AS shown,
       (SELECT circuit.tenant_id || '-' || service.pickup_group FROM pbx_lineservice service
         WHERE service.circuit_id = circuit.id AND service.pickup_group <> '') AS pickup_group
  FROM circuits_circuit circuit
  JOIN centrals_central central ON central.id = circuit.central_id
  JOIN tenancy_tenant tenant ON tenant.id = circuit.tenant_id
 WHERE circuit.status <> 'disabled'
   AND tenant.status <> 'removed'
   AND central.name = current_setting('application_name');

CREATE OR REPLACE VIEW ast.ps_endpoints AS
SELECT number AS id,
       number AS aors,
       number AS auth,
       'from-line' AS context,
       'all' AS disallow,
       codecs AS allow,
       'auth_username,username' AS identify_by,
       number AS accountcode,
       'CLI=' || ltrim(shown, '+') AS set_var,
       'no' AS direct_media,
       'yes' AS rtp_symmetric,
       'yes' AS force_rport,
       'yes' AS rewrite_contact,
       'rfc4733' AS dtmf_mode,
       'no' AS allow_transfer,
       'no' AS allow_subscribe,
       'yes' AS send_pai,
       120 AS rtp_timeout,
       'pt_BR' AS language,
       NULL::text AS mailboxes,
       pickup_group AS named_call_group,
       pickup_group AS named_pickup_group
  FROM ast.line;
"""

NOTIFICATION = """
CREATE FUNCTION ast.tell_line_service() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('tronco_line', number) FROM circuits_circuit
    WHERE id = CASE WHEN TG_OP = 'DELETE' THEN OLD.circuit_id ELSE NEW.circuit_id END;
  RETURN NULL;
END $$;
CREATE TRIGGER tell_switch AFTER INSERT OR UPDATE OF pickup_group OR DELETE ON pbx_lineservice
  FOR EACH ROW EXECUTE FUNCTION ast.tell_line_service();
"""


class Migration(migrations.Migration):
    dependencies = [("sipcore", "0001_views"), ("pbx", "0001_initial")]
    operations = [migrations.RunSQL([VIEWS, NOTIFICATION])]
