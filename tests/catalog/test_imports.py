"""Files into drafts: what is taken, what is left out, what changes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from tests.catalog.conftest import make_draft
from tests.catalog.test_sheet import versions
from tests.support.world import World
from tronco.catalog.differences import count_differences
from tronco.catalog.imports import rates_import
from tronco.catalog.layout import FileRejected
from tronco.catalog.models import RateImport, Tariff
from tronco.catalog.rates import RateValues, compile_rate
from tronco.catalog.sheet import Issue, write_sheet
from tronco.catalog.version_services import (
    rate_set,
    version_create,
    version_discard,
    version_publish,
)
from tronco.core.errors import Conflict
from tronco.tenancy.access import Actor

CURRENT = {"p5511": "0.10", "p55119": "0.30", "p5521": "0.20", "ldi": "1.00"}
FILE = (
    b"prefix;class;description;price_per_min;active\n"
    b"5511;;Capital;0,10;1\n"  # unchanged
    b"55119;;;0,33;1\n"  # changed
    b"5521;;;;0\n"  # inactive
    b"5531;;BH;0,40;1\n"  # new
    b"5541;;;much;1\n"  # wrong
)


def upload(actor: Actor, tariff: Tariff, data: bytes = FILE, **options: Any) -> RateImport:
    return rates_import(
        actor=actor, tariff_id=tariff.pk, file_name="precos.csv", data=data, **options
    )


@pytest.fixture
def priced(actor: Actor, tariff: Tariff) -> Tariff:
    version_publish(actor=actor, version_id=make_draft(actor, tariff, **CURRENT).pk)
    return tariff


def test_a_file_that_is_the_whole_list(actor: Actor, priced: Tariff) -> None:
    made = upload(actor, priced)
    assert (made.lines, made.taken, made.inactive, made.errors) == (5, 3, 1, 1)
    prices = {rate.prefix: rate.price_per_min for rate in made.version.rates.all()}
    assert prices == {
        "5511": Decimal("0.10"), "55119": Decimal("0.33"), "5531": Decimal("0.40"),
    }  # fmt: skip
    assert made.version.source == "precos.csv"
    assert made.version.status == "draft"
    old = priced.versions.get(number=1)
    counts = count_differences(old_id=old.pk, new_id=made.version_id)
    assert counts == {"new": 1, "changed": 1, "removed": 2, "unchanged": 1}


def test_a_file_that_changes_the_list_in_effect(actor: Actor, priced: Tariff) -> None:
    made = upload(actor, priced, mode="merge")
    prices = {str(rate): rate.price_per_min for rate in made.version.rates.all()}
    assert len(prices) == 4
    assert "5521" not in prices
    old = priced.versions.get(number=1)
    counts = count_differences(old_id=old.pk, new_id=made.version_id)
    assert counts == {"new": 1, "changed": 1, "removed": 1, "unchanged": 2}


def test_merging_into_an_empty_list_takes_the_file(actor: Actor, tariff: Tariff) -> None:
    assert upload(actor, tariff, mode="merge").version.rates.count() == 3


def test_left_out_lines_are_kept_for_the_report(actor: Actor, priced: Tariff) -> None:
    made = upload(actor, priced)
    issue = Issue.from_json(RateImport.objects.get(pk=made.pk).issues[0])
    assert (issue.line, issue.column, issue.value) == (6, "D", "much")
    assert issue.fault.code == "price-format"
    assert "much" in issue.fault.message


def test_left_out_lines_are_not_published_unseen(actor: Actor, priced: Tariff) -> None:
    made = upload(actor, priced)
    with pytest.raises(Conflict) as refused:
        version_publish(actor=actor, version_id=made.version_id)
    assert refused.value.code == "import-has-errors"
    version_publish(actor=actor, version_id=made.version_id, accept_errors=True)


def test_a_file_without_one_good_line_still_tells_its_errors(actor: Actor, tariff: Tariff) -> None:
    made = upload(actor, tariff, b"5511;X;F;;30;6;3;1\n;;;;;;;\n")
    assert (made.taken, made.errors, len(made.issues)) == (0, 2, 2)
    with pytest.raises(Conflict) as refused:
        version_publish(actor=actor, version_id=made.version_id, accept_errors=True)
    assert refused.value.code == "version-empty"


def test_a_refused_file_leaves_nothing(actor: Actor, tariff: Tariff) -> None:
    with pytest.raises(FileRejected):
        upload(actor, tariff, b"PK\x03\x04")
    assert not tariff.versions.exists()


def test_a_discarded_import_leaves_nothing(actor: Actor, priced: Tariff) -> None:
    made = upload(actor, priced)
    version_discard(actor=actor, version_id=made.version_id)
    assert not RateImport.objects.exists()
    assert priced.versions.count() == 1


def test_odd_characters_arrive_as_they_are(actor: Actor, tariff: Tariff) -> None:
    odd = '=back\\slash \\N \\. "quotes" ; ç – \u2028 中'
    rates = [RateValues(prefix="5511", description=odd, price_per_min=Decimal("0.1"))]
    made = upload(actor, tariff, "".join(write_sheet(rates)).encode())
    assert made.version.rates.get().description == odd


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rates=versions())
def test_export_and_import_give_the_same_version(
    world: World, actor: Actor, tariff: Tariff, rates: list[RateValues]
) -> None:
    first = version_create(actor=actor, tariff_id=tariff.pk)
    for values in rates:
        rate_set(actor=actor, version_id=first.pk, values=values)
    file = "".join(write_sheet(first.rates.order_by("pk").iterator()))
    second = upload(actor, tariff, file.encode()).version
    counts = count_differences(old_id=first.pk, new_id=second.pk)
    assert counts == {"new": 0, "changed": 0, "removed": 0, "unchanged": len(rates)}
    again = "".join(write_sheet(second.rates.order_by("pk").iterator()))
    assert again == file
    for rate in second.rates.all():
        compile_rate(rate)
    for version in (first, second):
        version_discard(actor=actor, version_id=version.pk)
