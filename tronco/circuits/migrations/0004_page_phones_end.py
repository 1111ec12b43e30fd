"""Telephones in pages: whose they are, and that they end with their session."""

from django.db import migrations

from tronco.tenancy import rls


class Migration(migrations.Migration):
    dependencies = [
        ("circuits", "0003_page_phones"),
        ("sessions", "0001_initial"),
    ]
    operations = [
        rls.protect("circuits_pagephone"),
        # By the database itself: a session also ends where nobody's scope is bound.
        migrations.RunSQL(
            "ALTER TABLE circuits_pagephone ADD CONSTRAINT circuits_pagephone_session"
            " FOREIGN KEY (session_id) REFERENCES django_session ON DELETE CASCADE",
            "ALTER TABLE circuits_pagephone DROP CONSTRAINT circuits_pagephone_session",
        ),
    ]
