"""Telephones in pages, for Asterisk: more telephones of their circuits, with encrypted audio."""

from django.db import migrations

VIEWS = """
DROP VIEW ast.ps_endpoints, ast.ps_auths, ast.ps_aors;

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

GRANT SELECT ON ast.ps_endpoints, ast.ps_auths, ast.ps_aors TO tronco_asterisk;
"""

NOTIFICATIONS = """
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

DROP = """
DROP TRIGGER tell_switch ON circuits_pagephone;
DROP FUNCTION ast.tell_page();
DROP VIEW ast.ps_endpoints, ast.ps_auths, ast.ps_aors, ast.page;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("sipcore", "0002_pickup_groups"),
        ("circuits", "0004_page_phones_end"),
    ]

    operations = [
        migrations.RunSQL(VIEWS, migrations.RunSQL.noop),
        migrations.RunSQL(NOTIFICATIONS, DROP),
    ]
