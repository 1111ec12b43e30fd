"""The catalogue's screens, opened as a browser would, under the web processes' database role."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from tests.catalog.conftest import make_draft
from tests.support.web import WebClient, administrator
from tests.support.world import World
from tronco.catalog.models import Allowance, Plan, Rate, Tariff, TariffVersion
from tronco.catalog.services import allowance_set
from tronco.catalog.version_services import version_publish
from tronco.core.money import MICRO
from tronco.tenancy.access import Actor

GOOD = b"5511;SAO PAULO;F;0,10;30;6;3;1\n55119;SAO PAULO;C;0,30;30;6;3;1\n"
BAD = GOOD + b"5521;RIO;F;dez;30;6;3;1\n"


@pytest.fixture
def web(world: World) -> WebClient:
    return administrator(world)


@pytest.fixture
def published(actor: Actor, tariff: Tariff) -> TariffVersion:
    version = make_draft(actor, tariff, p5511="0.10", ldi="1.00")
    return version_publish(actor=actor, version_id=version.pk)


def upload(web: WebClient, tariff: Tariff, data: bytes, **fields: str) -> Any:
    file = SimpleUploadedFile("precos.csv", data)
    values = {"how": "file", "mode": "replace", "file": file, **fields}
    return web.post(reverse("catalog:tariff_prices", args=[tariff.pk]), values)


def test_every_page_of_a_version_opens(
    web: WebClient, actor: Actor, tariff: Tariff, published: TariffVersion
) -> None:
    draft = make_draft(actor, tariff, p5511="0.20", p5521="0.10", ldi="1.00")
    rate = draft.rates.get(prefix="5511")
    pages = [
        ("plan_list", []),
        ("plan_add", []),
        ("tariff_list", []),
        ("tariff_add", []),
        ("tariff_detail", [tariff.pk]),
        ("tariff_edit", [tariff.pk]),
        ("tariff_prices", [tariff.pk]),
        ("tariff_history", [tariff.pk]),
        ("version_list", []),
        ("version_detail", [draft.pk]),
        ("version_detail", [published.pk]),
        ("version_publish", [draft.pk]),
        ("version_withdraw", [published.pk]),
        ("version_differences", [draft.pk]),
        ("version_margins", [draft.pk]),
        ("version_file", [draft.pk]),
        ("version_problems", [draft.pk]),
        ("version_delete", [draft.pk]),
        ("rate_list", []),
        ("rate_detail", [rate.pk]),
        ("rate_edit", [rate.pk]),
        ("rate_delete", [rate.pk]),
        ("allowance_list", []),
        ("allowance_add", []),
        ("quote", []),
    ]
    for name, args in pages:
        response = web.get(reverse(f"catalog:{name}", args=args))
        assert response.status_code == 200, name


def test_a_plan_is_made_changed_and_retired(web: WebClient, world: World) -> None:
    tariff = Tariff.objects.get(tenant=world.master, name="Varejo")
    values = {
        "tenant": world.master.pk,
        "name": "Controle 30",
        "kind": "control",
        "is_active": "on",
        "tariff": tariff.pk,
        "monthly_fee_u": "30,00",
        "rounding": "down",
        "decimals": "2",
    }
    response = web.post(reverse("catalog:plan_add"), values)
    plan = Plan.objects.get(name="Controle 30")
    assert response.headers["Location"] == reverse("catalog:plan_detail", args=[plan.pk])
    assert (plan.kind, plan.monthly_fee_u) == ("control", 30 * MICRO)
    values = {**values, "name": "Controle 35", "monthly_fee_u": "35,00", "kind": "prepaid"}
    response = web.post(reverse("catalog:plan_edit", args=[plan.pk]), values)
    assert response.status_code == 302, response.content
    plan.refresh_from_db()
    assert (plan.name, plan.kind, plan.monthly_fee_u) == ("Controle 35", "control", 35 * MICRO)
    web.post(reverse("catalog:plan_do", args=[plan.pk, "retire"]))
    plan.refresh_from_db()
    assert not plan.is_active


def test_an_allowance_is_added_in_minutes_or_in_reais(web: WebClient, world: World) -> None:
    plan = world.plan(world.master, "control")
    values = {"plan": plan.pk, "name": "A", "position": 1, "classes": ["local_fixed"]}
    add = reverse("catalog:allowance_add")
    assert web.post(add, {**values, "unit": "seconds", "minutes": "100"}).status_code == 302
    assert web.post(add, {**values, "unit": "money", "value_u": "5,00"}).status_code == 302
    response = web.post(add, {**values, "unit": "money", "minutes": "100"})
    assert response.status_code == 422
    assert "value_u" in response.context["form"].errors
    assert list(plan.allowances.order_by("pk").values_list("unit", "amount")) == [
        ("seconds", 6000),
        ("money", 5 * MICRO),
    ]


def test_a_file_becomes_a_draft_with_its_report(
    web: WebClient, tariff: Tariff, published: TariffVersion
) -> None:
    response = upload(web, tariff, BAD)
    draft = tariff.versions.get(status="draft")
    assert response.headers["Location"] == reverse("catalog:version_detail", args=[draft.pk])
    page = web.get(response.headers["Location"]).content.decode()
    assert "precos.csv" in page
    assert "dez" in page
    problems = web.get(reverse("catalog:version_problems", args=[draft.pk])).getvalue().decode()
    assert problems.splitlines()[1].startswith("3;D;dez;")
    # It is not published by who has not ticked that lines are left out.
    address = reverse("catalog:version_publish", args=[draft.pk])
    assert web.post(address, {"when": "now"}).status_code == 422
    assert web.post(address, {"when": "now", "accept_errors": "on"}).status_code == 302
    draft.refresh_from_db()
    assert draft.status == "published"


def test_a_file_that_is_none_is_refused_beside_its_field(web: WebClient, tariff: Tariff) -> None:
    response = upload(web, tariff, b"PK\x03\x04...")
    assert response.status_code == 422
    assert response.context["form"].errors["file"]
    response = web.post(
        reverse("catalog:tariff_prices", args=[tariff.pk]), {"how": "file", "mode": "replace"}
    )
    assert response.context["form"].errors["file"]
    assert not tariff.versions.exists()


@pytest.mark.parametrize(("how", "prices"), [("copy", 2), ("empty", 0)])
def test_new_prices_from_the_current_ones_or_from_nothing(
    web: WebClient, tariff: Tariff, published: TariffVersion, how: str, prices: int
) -> None:
    address = reverse("catalog:tariff_prices", args=[tariff.pk])
    assert web.post(address, {"how": how, "mode": "replace"}).status_code == 302
    assert tariff.versions.get(status="draft").rates.count() == prices


def test_a_downloaded_version_uploads_to_the_same(
    web: WebClient, tariff: Tariff, published: TariffVersion
) -> None:
    data = web.get(reverse("catalog:version_file", args=[published.pk])).getvalue()
    upload(web, tariff, data)
    draft = tariff.versions.get(status="draft")
    names = ("prefix", "call_class", "price_per_min", "minimum_s", "step_s", "free_under_s")
    assert list(draft.rates.values_list(*names)) == list(published.rates.values_list(*names))


def test_publishing_for_later_and_withdrawing(
    web: WebClient, actor: Actor, tariff: Tariff, published: TariffVersion
) -> None:
    draft = make_draft(actor, tariff, p5511="0.20")
    address = reverse("catalog:version_publish", args=[draft.pk])
    assert "effective_at" in web.post(address, {"when": "later"}).context["form"].errors
    past = timezone.localtime() - timedelta(days=1)
    response = web.post(address, {"when": "later", "effective_at": f"{past:%Y-%m-%dT%H:%M}"})
    assert "effective_at" in response.context["form"].errors
    coming = timezone.localtime() + timedelta(days=1)
    response = web.post(address, {"when": "later", "effective_at": f"{coming:%Y-%m-%dT%H:%M}"})
    assert response.status_code == 302
    assert web.post(reverse("catalog:version_withdraw", args=[draft.pk])).status_code == 302
    # The only prices go only after a tick.
    address = reverse("catalog:version_withdraw", args=[published.pk])
    assert web.post(address).status_code == 422
    assert web.post(address, {"leave_unpriced": "on"}).status_code == 302
    assert set(tariff.versions.values_list("status", flat=True)) == {"withdrawn"}


def test_a_copy_of_a_version_is_announced(web: WebClient, published: TariffVersion) -> None:
    address = reverse("catalog:version_do", args=[published.pk, "copy"])
    page = web.post(address, follow=True).content.decode()
    draft = TariffVersion.objects.get(tariff=published.tariff, status="draft")
    assert f'href="{reverse("catalog:version_detail", args=[draft.pk])}"' in page


def test_a_reseller_who_would_sell_below_cost_is_warned(world: World) -> None:
    reseller, web = world.actor(world.reseller_a), administrator(world, world.reseller_a)
    retail = Tariff.objects.get(tenant=world.reseller_a, name="Varejo")
    # He buys local fixed minutes at 0.05.
    draft = make_draft(reseller, retail, local_fixed="0.04")
    address = reverse("catalog:version_publish", args=[draft.pk])
    assert web.get(address).context["loss_count"] == 1
    response = web.post(address, {"when": "now"})
    assert "accept_losses" in response.context["form"].errors
    assert web.post(address, {"when": "now", "accept_losses": "on"}).status_code == 302
    plan = world.plan(world.reseller_a)
    response = web.get(reverse("catalog:plan_margins", args=[plan.pk]))
    assert response.context["count"] == 1
    assert "R$ 0,01" in response.content.decode()
    # And so he is when he makes a plan that sells by such a list.
    values = {
        "tenant": world.reseller_a.pk,
        "name": "Barato",
        "kind": "prepaid",
        "tariff": retail.pk,
        "monthly_fee_u": "0,00",
        "rounding": "down",
        "decimals": "2",
    }
    response = web.post(reverse("catalog:plan_add"), values, follow=True)
    told = [message.tags for message in response.context["messages"]]
    assert told[-2:] == ["warning", "success"]


def test_the_master_compares_with_a_list_of_costs(web: WebClient, world: World) -> None:
    sale = Tariff.objects.get(tenant=world.master, name="Atacado").versions.get()
    cost = world.carrier.cost_tariff
    assert cost is not None
    response = web.get(reverse("catalog:version_margins", args=[sale.pk]), {"cost": cost.pk})
    assert response.context["count"] == 0
    assert response.context["cost"] == cost.versions.get()


def rate_values(version: TariffVersion, **fields: Any) -> dict[str, Any]:
    return {
        "version": version.pk,
        "prefix": "5531",
        "description": "Belo Horizonte",
        "price_per_min": "0,0999",
        "minimum_s": "30",
        "step_s": "6",
        "free_under_s": "3",
        "pricing": "usual",
        "row-TOTAL_FORMS": "0",
        "row-INITIAL_FORMS": "0",
        **fields,
    }


NIGHT = {
    "pricing": "clock",
    "row-TOTAL_FORMS": "2",
    "row-0-weekdays": ["7"],
    "row-0-holidays": "on",
    "row-0-dates": "24/12, 17/02/2027",
    "row-0-price": "0,05",
    "row-0-minimum_s": "30",
    "row-0-step_s": "6",
    "row-1-begin": "21:00",
    "row-1-end": "00:00",
    "row-1-price": "0.07",
    "row-1-connect_fee": "0,01",
    "row-1-minimum_s": "60",
    "row-1-step_s": "60",
}


def test_a_price_is_added_and_changed(web: WebClient, actor: Actor, tariff: Tariff) -> None:
    draft = make_draft(actor, tariff, p5511="0.10")
    response = web.post(reverse("catalog:rate_add"), rate_values(draft))
    rate = draft.rates.get(prefix="5531")
    assert response.headers["Location"] == reverse("catalog:rate_detail", args=[rate.pk])
    assert str(rate.price_per_min) == "0.0999000000"
    edit = reverse("catalog:rate_edit", args=[rate.pk])
    assert 'value="0,0999"' in web.get(edit).content.decode()
    assert web.post(edit, rate_values(draft, **NIGHT)).status_code == 302
    rate.refresh_from_db()
    assert [(w.get("priority"), w.get("from")) for w in rate.windows or ()] == [
        (2, "00:00:00"),
        (2, "00:00:00"),
        (1, "21:00:00"),
        (0, None),
    ]
    form = web.get(edit).context["form"]
    assert form.initial["pricing"] == "clock"
    assert form.rows.initial[0]["dates"] == "24/12, 17/02/2027"
    assert form.rows.initial[1]["begin"] == "21:00"
    assert web.get(reverse("catalog:rate_detail", args=[rate.pk])).status_code == 200


# fields | field with the error
BAD_RATES = [
    ({"prefix": "abc"}, "prefix"),
    ({"prefix": ""}, "prefix"),
    ({"prefix": "5511"}, None),  # has a price already
    ({"price_per_min": "x"}, "price_per_min"),
    ({"price_per_min": ""}, "price_per_min"),
    ({"step_s": "0"}, "step_s"),
    ({"pricing": "json", "windows_json": "{"}, "windows_json"),
    ({"pricing": "json", "windows_json": ""}, "windows_json"),
    ({**NIGHT, "row-1-end": "20:00"}, None),
    ({**NIGHT, "row-0-dates": "31/02"}, None),
    ({**NIGHT, "row-0-price": ""}, None),
]


@pytest.mark.parametrize(("fields", "field"), BAD_RATES)
def test_a_price_that_cannot_be_is_told_at_its_field(
    web: WebClient, actor: Actor, tariff: Tariff, fields: dict[str, Any], field: str | None
) -> None:
    draft = make_draft(actor, tariff, p5511="0.10")
    response = web.post(reverse("catalog:rate_add"), rate_values(draft, **fields))
    assert response.status_code == 422
    assert (field or "__all__") in response.context["form"].errors
    assert draft.rates.count() == 1


def test_json_windows_of_an_expert_stay_as_he_wrote_them(
    web: WebClient, actor: Actor, tariff: Tariff
) -> None:
    draft = make_draft(actor, tariff, p5511="0.10")
    text = (
        '[{"tiers": [{"from_s": 0, "price": "0.10", "per_s": 60, "increment_s": 6},'
        ' {"from_s": 60.5, "price": "0.05", "per_s": 60, "increment_s": 6}]}]'
    )
    values = rate_values(draft, pricing="json", windows_json=text, price_per_min="")
    assert web.post(reverse("catalog:rate_add"), values).status_code == 302
    rate = draft.rates.get(prefix="5531")
    assert rate.windows is not None
    assert rate.windows[0]["tiers"][1]["from_s"] == "60.5"
    form = web.get(reverse("catalog:rate_edit", args=[rate.pk])).context["form"]
    assert form.initial["pricing"] == "json"


def test_prices_of_a_published_version_are_not_offered_for_change(
    web: WebClient, published: TariffVersion
) -> None:
    rate = published.rates.get(prefix="5511")
    page = web.get(reverse("catalog:rate_detail", args=[rate.pk])).content.decode()
    edit = reverse("catalog:rate_edit", args=[rate.pk])
    assert edit not in page
    values = rate_values(published, prefix="5511")
    assert web.post(edit, values).status_code == 422
    rate.refresh_from_db()
    assert str(rate.price_per_min) == "0.1000000000"


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("5511", ["5511", "55119"]),
        ("5511987654321", ["5511", "55119"]),
        ("+551133334444", ["5511"]),
        ("são", ["5511"]),
        ("SAO", ["5511"]),
        ("7", []),
    ],
)
def test_prices_are_searched_by_number_or_name(
    web: WebClient, actor: Actor, tariff: Tariff, search: str, found: list[str]
) -> None:
    draft = make_draft(actor, tariff, p5511="0.10", p55119="0.30", p54="1")
    Rate.objects.filter(version=draft, prefix="5511").update(description="São Paulo")
    response = web.get(reverse("catalog:rate_list"), {"version": str(draft.pk), "q": search})
    assert [row.record.prefix for row in response.context["table"].rows] == found


def quote(web: WebClient, plan: Plan, number: str, **fields: str) -> Any:
    asked: dict[str, str | int] = {
        "plan": plan.pk,
        "number": number,
        "own_ddd": "11",
        "start": "2026-11-25T10:00",
        "minutes": "1",
        "seconds": "1",
        **fields,
    }
    return web.get(reverse("catalog:quote"), asked)


def test_what_does_it_cost(web: WebClient, world: World) -> None:
    plan = world.plan(world.master)
    response = quote(web, plan, "3333-4444")
    found = response.context["quote"]
    assert (found.cost_u, found.rate.call_class) == (110_000, "local_fixed")
    assert [(step.increments, step.increment_s) for step in found.steps] == [(1, 30), (6, 6)]
    page = response.content.decode()
    assert "R$ 0,11" in page
    assert quote(web, plan, "190").context["quote"].cost_u == 0
    assert (
        quote(web, plan, "(11) 98888-7777", minutes="0", seconds="2.9")
        .context["quote"]
        .is_too_short
    )


def test_what_cannot_be_priced_is_said_at_the_number(
    web: WebClient, world: World, tariff: Tariff
) -> None:
    plan = world.plan(world.master)
    response = quote(web, plan, "12")
    assert response.status_code == 422
    assert response.context["form"].errors["number"]
    response = quote(web, plan, "3333-4444", start="2019-01-01T10:00")
    assert response.context["form"].non_field_errors()


def test_pages_of_others_do_not_exist(world: World, published: TariffVersion) -> None:
    web = administrator(world, world.reseller_b)
    plan = world.plan(world.reseller_a)
    rate = published.rates.get(prefix="5511")
    allowance = allowance_set(
        actor=world.actor(world.reseller_a),
        plan_id=plan.pk,
        name="A",
        classes=["ldi"],
        unit="seconds",
        amount=60,
    )
    for name, key in [
        ("plan_detail", plan.pk),
        ("plan_edit", plan.pk),
        ("plan_margins", plan.pk),
        ("tariff_detail", published.tariff_id),
        ("tariff_prices", published.tariff_id),
        ("version_detail", published.pk),
        ("version_publish", published.pk),
        ("version_withdraw", published.pk),
        ("version_file", published.pk),
        ("version_problems", published.pk),
        ("version_differences", published.pk),
        ("version_margins", published.pk),
        ("rate_detail", rate.pk),
        ("rate_edit", rate.pk),
        ("allowance_detail", allowance.pk),
    ]:
        assert web.get(reverse(f"catalog:{name}", args=[key])).status_code == 404, name
    assert quote(web, plan, "190").status_code == 422
    assert Allowance.objects.filter(pk=allowance.pk).exists()


def test_a_customer_has_no_catalogue(world: World) -> None:
    web = administrator(world, world.customer)
    for name in ("plan_list", "tariff_list", "version_list", "rate_list", "quote"):
        assert web.get(reverse(f"catalog:{name}")).status_code == 404, name
