"""Authenticators of our own, whose secrets are encrypted; django-otp kept them readable."""

import django.db.models.deletion
import tronco.identity.models
from django.conf import settings
from django.db import migrations, models

from tronco.core.secrets import encrypt

BEFORE = "otp_totp_totpdevice"


def bring(apps, schema_editor):
    """Bring what django-otp kept, and drop its table: a copy of the secrets would remain."""
    connection = schema_editor.connection
    if BEFORE not in connection.introspection.table_names():
        return
    authenticators = apps.get_model("identity", "Authenticator").objects
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT user_id, name, confirmed, drift, last_t, key FROM {BEFORE}")
        for *facts, key in cursor.fetchall():
            known = dict(zip(("user_id", "name", "confirmed", "drift", "last_t"), facts, strict=True))
            kept = encrypt(key, key=settings.SECRET_KEY)
            authenticators.create(secret_encrypted=kept, **known)
        cursor.execute(f"DROP TABLE {BEFORE}")
        cursor.execute("DELETE FROM django_migrations WHERE app = 'otp_totp'")


class Migration(migrations.Migration):

    dependencies = [
        ('identity', '0005_given_customers'),
    ]

    operations = [
        migrations.CreateModel(
            name='Authenticator',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='The human-readable name of this device.', max_length=64)),
                ('confirmed', models.BooleanField(default=True, help_text='Is this device ready for use?')),
                ('throttling_failure_timestamp', models.DateTimeField(blank=True, default=None, help_text='A timestamp of the last failed verification attempt. Null if last attempt succeeded.', null=True)),
                ('throttling_failure_count', models.PositiveIntegerField(default=0, help_text='Number of successive failed attempts.')),
                ('created_at', models.DateTimeField(auto_now_add=True, help_text='The date and time when this device was initially created in the system.', null=True)),
                ('last_used_at', models.DateTimeField(blank=True, help_text='The most recent date and time this device was used.', null=True)),
                ('secret_encrypted', models.TextField(default=tronco.identity.models.new_secret)),
                ('drift', models.SmallIntegerField(default=0)),
                ('last_t', models.BigIntegerField(default=-1)),
                ('user', models.ForeignKey(help_text='The user that this device belongs to.', on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'authenticator',
                'verbose_name_plural': 'authenticators',
            },
        ),
        migrations.RunPython(bring, migrations.RunPython.noop),
    ]
