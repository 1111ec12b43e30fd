"""What Asterisk reads of circuits: views in a schema of their own, for a role that reads only them.

A view shows the circuits of the central that asks, which names itself by `application_name`. A
circuit that is suspended stays: it must reach emergency services; one that is disabled does not.
The columns are Asterisk's (`ps_endpoints`, `ps_auths`, `ps_aors`); only those we set are there.
"""

from django.db import migrations

VIEWS = """
CREATE SCHEMA ast;

CREATE VIEW ast.line AS
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
       -- A group's name is one among its customer's lines.
       (SELECT circuit.tenant_id || '-' || service.pickup_group FROM pbx_lineservice service
         WHERE service.circuit_id = circuit.id AND service.pickup_group <> '') AS pickup_group
  FROM circuits_circuit circuit
  JOIN centrals_central central ON central.id = circuit.central_id
  JOIN tenancy_tenant tenant ON tenant.id = circuit.tenant_id
 WHERE circuit.status <> 'disabled'
   AND tenant.status <> 'removed'
   AND central.name = current_setting('application_name');

-- Telephones in pages: more telephones of their circuits, with encrypted audio.
CREATE VIEW ast.page AS
SELECT phone.name, phone.ha1_md5, line.number, line.shown, line.pickup_group
  FROM circuits_pagephone phone
  JOIN circuits_circuit circuit ON circuit.id = phone.circuit_id
  JOIN ast.line line ON line.number = circuit.number
 WHERE phone.expires_at > now();

CREATE VIEW ast.ps_endpoints AS
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
       pickup_group AS named_pickup_group,
       -- Heard by whoever is put on hold (`queues.py` makes the class).
       'tronco~music' AS moh_suggest,
       'no' AS webrtc,
       NULL::text AS callerid
  FROM ast.line
UNION ALL
SELECT name, name, name, 'from-line', 'all', 'alaw,ulaw', 'auth_username', number,
       'CLI=' || ltrim(shown, '+'), 'no', 'yes', 'yes', 'yes', 'rfc4733', 'no', 'no', 'yes', 120,
       'pt_BR', NULL, pickup_group, pickup_group, 'tronco~music', 'yes',
       -- It calls itself by its name in the switch; what counts is the circuit.
       '<' || number || '>'
  FROM ast.page;

-- RFC 8760 lets a phone choose among digests, but many stop at the first they do not know: MD5 alone.
CREATE VIEW ast.ps_auths AS
SELECT number AS id,
       'digest' AS auth_type,
       number AS username,
       'MD5:' || ha1_md5 AS password_digest
  FROM ast.line
UNION ALL
SELECT name, 'digest', name, 'MD5:' || ha1_md5 FROM ast.page;

CREATE VIEW ast.ps_aors AS
SELECT number AS id,
       NULL::text AS contact,
       max_contacts,
       'yes' AS remove_existing,
       30 AS qualify_frequency,
       3.0 AS qualify_timeout,
       120 AS default_expiration,
       15 AS minimum_expiration,
       3600 AS maximum_expiration,
       NULL::text AS mailboxes
  FROM ast.line
UNION ALL
SELECT name, NULL, 1, 'yes', 30, 3.0, 60, 15, 120, NULL FROM ast.page;
"""

# The role is the server's, not the database's: another database of it may have made it already.
ROLE = """
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'tronco_asterisk') THEN
    BEGIN
      CREATE ROLE tronco_asterisk NOLOGIN;
      ALTER ROLE tronco_asterisk SET search_path = ast;
      ALTER ROLE tronco_asterisk SET statement_timeout = '3s';
      ALTER ROLE tronco_asterisk SET default_transaction_read_only = on;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END;
  END IF;
END $$;
GRANT USAGE ON SCHEMA ast TO tronco_asterisk;
GRANT SELECT ON ast.ps_endpoints, ast.ps_auths, ast.ps_aors TO tronco_asterisk;
"""

# Asterisk keeps what it read; sipcore listens and tells it what to forget. `*` means everything.
NOTIFICATIONS = """
CREATE FUNCTION ast.tell_circuit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN PERFORM pg_notify('tronco_line', OLD.number); END IF;
  IF TG_OP <> 'DELETE' THEN PERFORM pg_notify('tronco_line', NEW.number); END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER tell_switch AFTER INSERT OR UPDATE OR DELETE ON circuits_circuit
  FOR EACH ROW EXECUTE FUNCTION ast.tell_circuit();

CREATE FUNCTION ast.tell_did() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('tronco_line', number) FROM circuits_circuit
    WHERE id IN (CASE WHEN TG_OP <> 'INSERT' THEN OLD.circuit_id END,
                 CASE WHEN TG_OP <> 'DELETE' THEN NEW.circuit_id END);
  RETURN NULL;
END $$;
CREATE TRIGGER tell_switch AFTER INSERT OR UPDATE OR DELETE ON dids_did
  FOR EACH ROW EXECUTE FUNCTION ast.tell_did();

CREATE FUNCTION ast.tell_all_lines() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM pg_notify('tronco_line', '*'); RETURN NULL; END $$;
CREATE TRIGGER tell_switch AFTER UPDATE OF status ON tenancy_tenant
  FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status)
  EXECUTE FUNCTION ast.tell_all_lines();
CREATE TRIGGER tell_switch AFTER UPDATE OF name ON centrals_central
  FOR EACH ROW WHEN (OLD.name IS DISTINCT FROM NEW.name) EXECUTE FUNCTION ast.tell_all_lines();

CREATE FUNCTION ast.tell_trunks() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM pg_notify('tronco_trunk', ''); RETURN NULL; END $$;
CREATE TRIGGER tell_switch AFTER INSERT OR DELETE OR UPDATE OF
    host, port, username, password_encrypted, register, source_addresses, tech_prefix, codecs,
    carries_emergency, is_active, carrier_id
  ON routing_trunk FOR EACH STATEMENT EXECUTE FUNCTION ast.tell_trunks();
CREATE TRIGGER tell_switch AFTER UPDATE OF is_active ON routing_carrier
  FOR EACH STATEMENT EXECUTE FUNCTION ast.tell_trunks();

CREATE FUNCTION ast.tell_bans() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM pg_notify('tronco_ban', ''); RETURN NULL; END $$;
CREATE TRIGGER tell_switch AFTER INSERT OR UPDATE OR DELETE ON centrals_ban
  FOR EACH STATEMENT EXECUTE FUNCTION ast.tell_bans();

CREATE FUNCTION ast.tell_line_service() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('tronco_line', number) FROM circuits_circuit
    WHERE id = CASE WHEN TG_OP = 'DELETE' THEN OLD.circuit_id ELSE NEW.circuit_id END;
  RETURN NULL;
END $$;
CREATE TRIGGER tell_switch AFTER INSERT OR UPDATE OF pickup_group OR DELETE ON pbx_lineservice
  FOR EACH ROW EXECUTE FUNCTION ast.tell_line_service();

CREATE FUNCTION ast.tell_page() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE phone circuits_pagephone := CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
BEGIN
  PERFORM pg_notify('tronco_line', phone.name);
  PERFORM pg_notify('tronco_line', number) FROM circuits_circuit WHERE id = phone.circuit_id;
  RETURN NULL;
END $$;
CREATE TRIGGER tell_switch AFTER INSERT OR UPDATE OR DELETE ON circuits_pagephone
  FOR EACH ROW EXECUTE FUNCTION ast.tell_page();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("tenancy", "0001_initial"),
        ("centrals", "0001_initial"),
        ("circuits", "0004_page_phones_end"),
        ("dids", "0001_initial"),
        ("pbx", "0001_initial"),
        ("routing", "0001_initial"),
    ]
    operations = [migrations.RunSQL([VIEWS, ROLE, NOTIFICATIONS])]
