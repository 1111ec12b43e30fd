"""Financeiro › Extrato: every movement of the balances behind one's lines, all of them at once."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from tronco.charging.filters import StatementFilters
from tronco.charging.models import LedgerEntry
from tronco.charging.tables import StatementTable
from tronco.circuits import selectors
from tronco.circuits.models import Circuit
from tronco.ui import filters, tables
from tronco.ui.forms import SearchSelect
from tronco.ui.resource import Resource


class PostingTable(StatementTable):
    line = tables.Column(verbose_name=_("Circuit"), order_by="line")
    tenant = tables.RelatedColumn(verbose_name=_("Customer"), order_by="tenant__name")

    class Meta(StatementTable.Meta):
        fields = ("at", "line", "tenant", *StatementTable.Meta.fields[1:])
        default = ("at", "line", *StatementTable.Meta.fields[1:])


class PostingFilters(StatementFilters):
    circuit = filters.ModelChoiceFilter(
        method="filter_circuit",
        label=_("Circuit"),
        queryset=Circuit.objects.all(),
        widget=SearchSelect("circuits:circuit_options"),
    )

    def filter_circuit(self, rows: Any, name: str, value: Circuit) -> Any:
        """What moved the balance that the circuit spends."""
        return rows.filter(account=value.account_id)


class Postings(Resource):
    model, table, filters = LedgerEntry, PostingTable, PostingFilters
    app, name, noun = "circuits", "posting", "circuits"
    title = _("Statement")
    icon = "file-invoice"
    help = _("Every movement of the balances, the newest first; none can be changed or deleted.")
    empty = _("Credit, debits and calls appear here.")
    counted = False

    def queryset(self, actor: Any) -> Any:
        return selectors.list_postings(actor=actor)
