"""When a queued message is tried again."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('mail', '0002_row_level_security'),
        ('tenancy', '0003_search'),
    ]

    operations = [
        migrations.AddField(
            model_name='email',
            name='next_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='next attempt'),
        ),
        migrations.AlterField(
            model_name='email',
            name='attachment',
            field=models.BinaryField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name='email',
            name='kind',
            field=models.CharField(choices=[('voicemail', 'Voicemail')], max_length=20, verbose_name='kind'),
        ),
        migrations.AlterField(
            model_name='email',
            name='sent_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='sent at'),
        ),
        migrations.AddIndex(
            model_name='email',
            index=models.Index(condition=models.Q(('state', 'queued')), fields=['next_at'], name='mail_email_due'),
        ),
    ]
