"""Batches never scan a table, whatever its size was when their plans were made."""

from django.db import migrations

from tronco.charging.sql import functions


class Migration(migrations.Migration):
    dependencies = [("charging", "0007_ladder_as_arrays")]

    operations = [functions("afford", "reserve", "settle", "restore")]
