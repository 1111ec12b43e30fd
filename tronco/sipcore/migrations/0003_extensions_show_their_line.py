"""An extension that no number rings shows its line's: also where Asterisk decides alone.

That is an emergency call while call control is away; they shall be able to call back.
"""

from django.db import migrations

LINE = """
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
         (SELECT did.e164 FROM circuits_circuit above JOIN dids_did did
              ON did.circuit_id = above.id OR did.e164 = above.caller_number
           WHERE above.id = circuit.line_id
             AND did.tenant_id = circuit.tenant_id AND did.is_active
           ORDER BY did.e164 = above.caller_number DESC, did.id LIMIT 1),
         circuit.number) AS shown,
       -- A group's name is one among its customer's lines.
       (SELECT circuit.tenant_id || '-' || service.pickup_group FROM pbx_lineservice service
         WHERE service.circuit_id = circuit.id AND service.pickup_group <> '') AS pickup_group
  FROM circuits_circuit circuit
  JOIN centrals_central central ON central.id = circuit.central_id
  JOIN tenancy_tenant tenant ON tenant.id = circuit.tenant_id
 WHERE circuit.status <> 'disabled'
   AND tenant.status <> 'removed'
   AND central.name = current_setting('application_name');
"""
TELL = """
CREATE OR REPLACE FUNCTION ast.tell_circuit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN PERFORM pg_notify('tronco_line', OLD.number); END IF;
  IF TG_OP <> 'DELETE' THEN PERFORM pg_notify('tronco_line', NEW.number); END IF;
  IF TG_OP = 'UPDATE' AND OLD.caller_number <> NEW.caller_number THEN
    PERFORM pg_notify('tronco_line', number) FROM circuits_circuit WHERE line_id = NEW.id;
  END IF;
  RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION ast.tell_did() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  lines bigint[] := ARRAY[CASE WHEN TG_OP <> 'INSERT' THEN OLD.circuit_id END,
                          CASE WHEN TG_OP <> 'DELETE' THEN NEW.circuit_id END];
BEGIN
  PERFORM pg_notify('tronco_line', number) FROM circuits_circuit
    WHERE id = ANY (lines) OR line_id = ANY (lines);
  RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("sipcore", "0002_numbers_that_ring_nothing"),
        ("circuits", "0007_extensions"),
    ]
    operations = [migrations.RunSQL([LINE, TELL])]
