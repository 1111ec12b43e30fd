"""The calls of a number are found by it; most calls are to none of ours."""

from django.db import migrations

INDEX = """
CREATE INDEX calls_cdr_did ON calls_cdr (did_id, started_at) WHERE did_id IS NOT NULL;
"""


class Migration(migrations.Migration):
    dependencies = [("calls", "0004_linked_calls")]
    operations = [migrations.RunSQL(INDEX, "DROP INDEX calls_cdr_did;")]
