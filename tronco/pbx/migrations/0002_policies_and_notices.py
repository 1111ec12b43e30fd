"""Row-level security of this folder's tables; changes are told to running processes."""

from django.db import migrations

from tronco.charging.notify import notify_on_change
from tronco.tenancy import rls


class Migration(migrations.Migration):
    dependencies = [
        ("pbx", "0001_initial"),
        ("tenancy", "0002_row_level_security"),
        ("charging", "0002_policies_and_functions"),
    ]
    operations = [
        rls.protect("pbx_prompt"),
        rls.protect("pbx_promptevent"),
        rls.protect("pbx_schedule"),
        rls.protect("pbx_scheduleevent"),
        rls.protect("pbx_schedulewindow"),
        rls.protect("pbx_schedulewindowevent"),
        rls.protect("pbx_holiday"),
        rls.protect("pbx_holidayevent"),
        rls.protect("pbx_menu"),
        rls.protect("pbx_menuevent"),
        rls.protect("pbx_menuoption"),
        rls.protect("pbx_menuoptionevent"),
        rls.protect("pbx_queue"),
        rls.protect("pbx_queueevent"),
        rls.protect("pbx_queuemember"),
        rls.protect("pbx_queuememberevent"),
        rls.protect("pbx_memberstate"),
        rls.protect("pbx_queuecaller"),
        rls.protect("pbx_lineservice"),
        rls.protect("pbx_lineserviceevent"),
        rls.protect("pbx_portalcaller"),
        rls.protect("pbx_portalcallerevent"),
        rls.protect("pbx_voicemail"),
        notify_on_change("pbx_prompt"),
        notify_on_change("pbx_schedule"),
        notify_on_change("pbx_schedulewindow"),
        notify_on_change("pbx_holiday"),
        notify_on_change("pbx_menu"),
        notify_on_change("pbx_menuoption"),
        notify_on_change("pbx_queue"),
        notify_on_change("pbx_queuemember"),
        notify_on_change("pbx_lineservice"),
        notify_on_change("pbx_portalcaller"),
    ]
