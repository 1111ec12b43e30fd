"""Row-level security of this folder's tables; changes are told to running processes."""

from django.db import migrations

from tronco.charging.notify import notify_on_change
from tronco.tenancy import rls


class Migration(migrations.Migration):
    dependencies = [
        ("callingcards", "0001_initial"),
        ("tenancy", "0002_row_level_security"),
        ("charging", "0002_policies_and_functions"),
    ]
    operations = [
        rls.protect("callingcards_cardseries"),
        rls.protect("callingcards_cardseriesevent"),
        rls.protect("callingcards_card"),
        rls.protect("callingcards_cardevent"),
        notify_on_change("callingcards_cardseries"),
        notify_on_change("callingcards_card"),
    ]
