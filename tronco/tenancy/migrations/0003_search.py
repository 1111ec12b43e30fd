"""Searching without accents."""

from django.contrib.postgres.operations import UnaccentExtension
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("tenancy", "0002_row_level_security")]
    operations = [UnaccentExtension()]
