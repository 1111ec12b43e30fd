"""The tree of tenants: one master, resellers of any depth, their customers."""

from __future__ import annotations

import pghistory
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from tronco.tenancy.access import VisibleQuerySet
from tronco.tenancy.documents import format_document

# The 27 federative units.
STATES = (
    *("AC", "AL", "AM", "AP", "BA", "CE", "DF", "ES", "GO", "MA", "MG", "MS", "MT", "PA"),
    *("PB", "PE", "PI", "PR", "RJ", "RN", "RO", "RR", "RS", "SC", "SE", "SP", "TO"),
)


@pghistory.track()
class Tenant(models.Model):
    """A master, a reseller or a customer; it owns whatever names it in `tenant`.

    `path` is `/1/7/12/`: the ids from the root to the tenant itself, so that "at or below" is a
    prefix. Limits of zero calls mean none is allowed; empty means unlimited.
    """

    class Kind(models.TextChoices):
        MASTER = "master", _("Master")
        RESELLER = "reseller", _("Reseller")
        CUSTOMER = "customer", _("Customer")

    class Status(models.TextChoices):
        ACTIVE = "active", _("Active")
        INACTIVE = "inactive", _("Inactive")
        PENDING = "pending", _("Pending")
        REMOVED = "removed", _("Removed")

    class Person(models.TextChoices):
        COMPANY = "company", _("Company")
        INDIVIDUAL = "individual", _("Individual")

    parent = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="children",
        verbose_name=_("above"),
    )
    path = models.CharField(max_length=255, unique=True, editable=False)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.ACTIVE)
    name = models.CharField(_("name"), max_length=120)
    contact = models.CharField(_("contact"), max_length=120, blank=True)
    person = models.CharField(
        _("person type"), max_length=10, choices=Person, default=Person.COMPANY
    )
    document = models.CharField(_("document (CNPJ or CPF)"), max_length=18, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    phone = models.CharField(_("telephone"), max_length=20, blank=True)
    address = models.CharField(_("address"), max_length=200, blank=True)
    city = models.CharField(_("city"), max_length=80, blank=True)
    uf = models.CharField(_("UF"), max_length=2, blank=True, choices=[(uf, uf) for uf in STATES])
    postal_code = models.CharField(
        _("postal code"),
        max_length=9,
        blank=True,
        validators=[RegexValidator(r"^\d{5}-?\d{3}\Z", _("Eight digits, as in 01310-100."))],
    )
    notes = models.TextField(_("notes"), max_length=2000, blank=True)
    max_calls = models.PositiveIntegerField(_("simultaneous calls"), null=True, blank=True)
    max_cps = models.PositiveIntegerField(
        _("calls per second"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = VisibleQuerySet.as_manager()
    tenant_path_lookup = "path"

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                name="tenancy_tenant_master_is_root",
                condition=models.Q(kind="master", parent=None)
                | (~models.Q(kind="master") & models.Q(parent__isnull=False)),
            ),
            models.UniqueConstraint(
                name="tenancy_tenant_one_master",
                fields=["kind"],
                condition=models.Q(kind="master"),
            ),
        ]
        indexes = [
            models.Index(
                fields=["path"], name="tenancy_tenant_path", opclasses=["text_pattern_ops"]
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def screen_name(self) -> str:
        """Whose screens show it (see `tronco.ui.urls`); the master has none."""
        return self.kind

    @property
    def document_text(self) -> str:
        """The CPF or CNPJ with its punctuation."""
        return format_document(self.document)

    @property
    def ancestor_ids(self) -> list[int]:
        """Ids from the root down to the tenant itself."""
        return [int(part) for part in self.path.split("/") if part]
