"""The legs of a conversation are found by the id of its first call."""

from django.db import migrations

INDEX = """
CREATE INDEX calls_cdr_linked ON calls_cdr ((explanation ->> 'linked'))
  WHERE explanation ->> 'linked' IS NOT NULL;
"""


class Migration(migrations.Migration):
    dependencies = [("calls", "0003_rollups")]
    operations = [migrations.RunSQL(INDEX, "DROP INDEX calls_cdr_linked;")]
