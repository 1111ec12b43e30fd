"""IVR menus: trees saved as a whole, their editor, and the simulator that walks them."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from tests.pbx.making import make_menu, make_prompt, make_queue, make_schedule
from tests.support.web import WebClient, administrator
from tests.support.world import World, make_world
from tests.ui.cases import ResourceCase
from tronco.core.errors import Conflict, InvalidInput, NotFound
from tronco.pbx.destinations import Action, TargetValues
from tronco.pbx.line_services import line_change
from tronco.pbx.menu_services import MenuDraft, OptionValues, menu_delete, menus_save
from tronco.pbx.menu_views import Menus
from tronco.pbx.models import Menu, MenuOption
from tronco.tenancy.access import SYSTEM
from tronco.ui.resource import Resource


def block(menu: Menu, *, key: str = "", **typed: Any) -> dict[str, Any]:
    """What a browser sends of a menu in the editor; `typed` as `k5_action="hangup"`."""
    key = key or f"m{menu.pk}"
    sent: dict[str, Any] = {
        f"{key}-name": menu.name,
        f"{key}-first_digit_s": "5",
        f"{key}-next_digit_s": "2",
        f"{key}-max_tries": "3",
        f"{key}-dials_extensions": "on",
    }
    for name, value in typed.items():
        slug, _underscore, field = name.partition("_")
        inner = f"{slug.removeprefix('k')}-{field}" if field and slug != "name" else name
        sent[f"{key}-{inner}"] = str(getattr(value, "pk", value))
    return sent


def draft(menu: Menu, *options: OptionValues, **facts: Any) -> MenuDraft:
    said = {"name": menu.name, "menu_id": menu.pk, **facts}
    return MenuDraft(key=f"m{menu.pk}", options=options, **said)


def option(key: str, action: str, **target: Any) -> OptionValues:
    return OptionValues(key, TargetValues(action=action, **target))


class TestMenus(ResourceCase):
    resource = Menus

    def make(self, world: World, name: str = "Primeiro") -> Menu:
        return make_menu(world.customer, name)

    def typed(self, world: World) -> dict[str, Any]:
        return {"tenant": str(world.customer.pk), "name": "Novo"}

    def test_change_and_why_it_was(
        self, world: World, client: WebClient, screens: Resource
    ) -> None:
        menu = self.make(world)
        url = self.url(screens, "edit", menu.pk)
        assert client.get(url).status_code == 200
        sent = {
            **block(menu, k5_action="hangup"),
            "block": [f"m{menu.pk}"],
            "_reason": "pedido do cliente",
        }
        assert client.post(url, sent).status_code == 302
        assert menu.options.get().action == Action.HANGUP
        history = client.get(self.url(screens, "history", menu.pk)).content.decode()
        assert "pedido do cliente" in history


@pytest.fixture
def world(db: None) -> World:
    return make_world()


@pytest.fixture
def client(world: World) -> WebClient:
    return administrator(world)


def test_a_tree_is_saved_whole_with_menus_made_on_the_way(world: World) -> None:
    root = make_menu(world.customer)
    sub = MenuDraft(key="n1", name="Vendas", options=(option("#", Action.BACK),))
    leads = OptionValues("1", TargetValues(action=Action.MENU), "Vendas", new_menu="n1")
    own = option("2", Action.MENU, menu_id=root.pk)
    saved = menus_save(
        actor=SYSTEM, tenant_id=world.customer.pk, drafts=[draft(root, leads, own), sub]
    )
    made = saved["n1"]
    assert made.tenant == world.customer
    assert {o.key: o.menu for o in root.options.all()} == {"1": made, "2": root}
    assert made.options.get().action == Action.BACK


@pytest.mark.parametrize(
    ("key", "action", "target", "field", "code"),
    [
        ("1", Action.CIRCUIT, {}, "circuit", "circuit-missing"),
        ("1", Action.CIRCUIT, {"circuit_id": "foreign"}, "circuit", "circuit-of-another"),
        ("1", Action.NUMBER, {"number": "11988887777"}, "number", "payer-missing"),
        ("1", Action.NUMBER, {"number": "190"}, "number", "number-emergency"),
        ("1", Action.NUMBER, {"number": "123456"}, "number", "number-wrong-length"),
        ("1", Action.MENU, {"menu_id": 0}, "menu", "menu-of-another"),
        ("closed", Action.REPEAT, {}, "action", "action-unknown"),
        ("closed", Action.MENU, {"menu_id": "itself"}, "menu", "closed-leads-to-itself"),
    ],
)
def test_what_an_option_may_not_do(
    world: World, key: str, action: str, target: dict[str, Any], field: str, code: str
) -> None:
    root = make_menu(world.customer)
    named = {"foreign": world.circuit(tenant=world.customer_a).pk, "itself": root.pk}
    ids = {name: named.get(value, value) for name, value in target.items()}
    with pytest.raises(InvalidInput) as refused:
        menus_save(
            actor=SYSTEM,
            tenant_id=world.customer.pk,
            drafts=[draft(root, option(key, action, **ids), name="Outro nome")],
        )
    assert (refused.value.field, refused.value.code) == (field, code)
    assert refused.value.details["draft"] == f"m{root.pk}"
    assert refused.value.details["option"] == key
    root.refresh_from_db()
    assert root.name == "Atendimento"


def test_a_menu_that_is_led_to_stays_and_says_by_whom(world: World) -> None:
    root, sub = make_menu(world.customer), make_menu(world.customer, "Vendas")
    menus_save(
        actor=SYSTEM,
        tenant_id=world.customer.pk,
        drafts=[draft(root, option("1", Action.MENU, menu_id=sub.pk))],
    )
    with pytest.raises(Conflict, match="Atendimento 1"):
        menu_delete(actor=SYSTEM, menu_id=sub.pk)
    menu_delete(actor=SYSTEM, menu_id=root.pk)
    menu_delete(actor=SYSTEM, menu_id=sub.pk)


def test_a_menu_that_only_leads_to_itself_goes(world: World) -> None:
    root = make_menu(world.customer)
    itself = draft(root, option("1", Action.MENU, menu_id=root.pk))
    menus_save(actor=SYSTEM, tenant_id=world.customer.pk, drafts=[itself])
    menu_delete(actor=SYSTEM, menu_id=root.pk)
    assert not Menu.objects.exists()


def test_others_menus_do_not_exist(world: World) -> None:
    root = make_menu(world.customer)
    stranger = world.actor(world.reseller_b)
    with pytest.raises(NotFound):
        menus_save(actor=stranger, tenant_id=world.customer_b.pk, drafts=[draft(root)])


class TestEditor:
    def post(self, client: WebClient, menu: Menu, blocks: list[str], **sent: Any) -> Any:
        return client.post(reverse("pbx:menu_edit", args=[menu.pk]), {"block": blocks, **sent})

    def test_saves_several_menus_at_once(self, world: World, client: WebClient) -> None:
        root, line = make_menu(world.customer), world.circuit()
        new = Menu(name="Vendas")
        answer = self.post(
            client,
            root,
            [f"m{root.pk}", "n1"],
            **block(root, k1_action="menu", k1_new_menu="n1", kstar_action="repeat"),
            **block(new, key="n1", k0_action="circuit", k0_circuit=line, k0_label="Telefonista"),
        )
        assert answer.status_code == 302
        made = Menu.objects.get(name="Vendas")
        assert {o.key for o in root.options.all()} == {"1", "*"}
        assert made.options.get(key="0").circuit == line

    def test_errors_stand_beside_their_fields_and_nothing_is_lost(
        self, world: World, client: WebClient
    ) -> None:
        root = make_menu(world.customer)
        new = Menu(name="Vendas de sábado")
        answer = self.post(
            client,
            root,
            [f"m{root.pk}", "n1"],
            **{
                **block(
                    root,
                    k1_action="menu",
                    k1_new_menu="n1",
                    k2_action="number",
                    k2_number="11 98888-7777",
                    k2_label="Celular do plantão",
                ),
                f"m{root.pk}-max_tries": "99",
            },
            **block(new, key="n1", k0_action="circuit"),
        )
        page = answer.content.decode()
        assert answer.status_code == 422
        tree = answer.context["tree"]
        assert tree.root.form.errors.keys() == {"max_tries"}
        first, second = tree.root.slots
        assert first.child.title == "Vendas de sábado"
        assert first.child.slots[0].form.errors.keys() == {"circuit"}
        assert second.form.errors.keys() == {"number"}
        for kept in ("11 98888-7777", "Celular do plantão", 'value="99"', "Vendas de sábado"):
            assert kept in page
        assert not MenuOption.objects.exists()
        assert Menu.objects.count() == 1

    def test_a_name_that_is_taken_is_told_beside_the_name(
        self, world: World, client: WebClient
    ) -> None:
        root = make_menu(world.customer)
        make_menu(world.customer, "Vendas")
        answer = self.post(
            client, root, [f"m{root.pk}"], **{**block(root), f"m{root.pk}-name": "Vendas"}
        )
        assert answer.status_code == 422
        assert answer.context["tree"].root.form.errors.keys() == {"name"}

    def test_submenus_are_drawn_once_and_loops_are_marked(
        self, world: World, client: WebClient
    ) -> None:
        root, sub = make_menu(world.customer), make_menu(world.customer, "Vendas")
        menus_save(
            actor=SYSTEM,
            tenant_id=world.customer.pk,
            drafts=[
                draft(
                    root,
                    option("1", Action.MENU, menu_id=sub.pk),
                    option("2", Action.MENU, menu_id=sub.pk),
                ),
                draft(sub, option("9", Action.MENU, menu_id=root.pk)),
            ],
        )
        tree = client.get(reverse("pbx:menu_edit", args=[root.pk])).context["tree"]
        one, two = tree.root.slots
        assert one.child.menu == sub
        assert (two.child, two.seen.menu, two.is_loop) == (None, sub, False)
        assert (one.child.slots[0].seen.menu, one.child.slots[0].is_loop) == (root, True)
        page = client.get(reverse("pbx:menu_detail", args=[root.pk])).content.decode()
        assert "ti-repeat" in page

    def test_another_owners_menu_cannot_be_slipped_in(
        self, world: World, client: WebClient
    ) -> None:
        root = make_menu(world.customer)
        foreign = make_menu(world.customer_a, "Alheio")
        blocks = [f"m{root.pk}", f"m{foreign.pk}"]
        answer = self.post(client, root, blocks, **block(root), **block(foreign))
        assert answer.status_code == 404
        assert client.get(reverse("pbx:menu_block", args=[foreign.pk])).status_code == 200


class TestSimulator:
    def walk(self, client: WebClient, menu: Menu, *heard: str, at: str = "") -> Any:
        url = reverse("pbx:menu_simulator", args=[menu.pk])
        answer = client.get(url, {"heard": heard, "at": at})
        assert answer.status_code == 200
        return answer.context["simulation"]

    @pytest.fixture
    def root(self, world: World) -> Menu:
        line = world.circuit(number="1001", description="Vendas")
        line_change(actor=SYSTEM, circuit_id=line.pk, extension="21")
        queue = make_queue(world.customer, "Suporte", line)
        root = make_menu(
            world.customer,
            greeting=make_prompt(world.customer),
            schedule=make_schedule(world.customer),
        )
        drafts = [
            draft(
                root,
                option("1", Action.CIRCUIT, circuit_id=line.pk),
                option("2", Action.QUEUE, queue_id=queue.pk),
                option("closed", Action.VOICEMAIL, circuit_id=line.pk),
                schedule_id=root.schedule_id,
                greeting_id=root.greeting_id,
            )
        ]
        menus_save(actor=SYSTEM, tenant_id=world.customer.pk, drafts=drafts)
        return root

    @pytest.mark.parametrize(
        ("heard", "at", "kinds", "last"),
        [
            ((), "2026-11-18T10:00", ["ask"], "Atendimento"),
            (("1",), "2026-11-18T10:00", ["ask", "ring"], "1001"),
            (("21",), "2026-11-18T10:00", ["ask", "ring"], "1001"),
            (("1001",), "2026-11-18T10:00", ["ask", "ring"], "1001"),
            (("2",), "2026-11-18T10:00", ["ask", "queue"], "Suporte"),
            (("2", "TIMEOUT"), "2026-11-18T10:00", ["ask", "queue", "end"], ""),
            (("1", "BUSY"), "2026-11-18T10:00", ["ask", "ring", "ask"], "Atendimento"),
            (("7",), "2026-11-18T10:00", ["ask", "ask"], "Atendimento"),
            (("", "", ""), "2026-11-18T10:00", ["ask", "ask", "ask", "end"], ""),
            # Saturday, and the holiday of 20 November: closed.
            ((), "2026-11-21T10:00", ["record"], "1001"),
            ((), "2026-11-20T10:00", ["record"], "1001"),
        ],
    )
    def test_walks_as_a_call_would(
        self,
        client: WebClient,
        root: Menu,
        heard: tuple[str, ...],
        at: str,
        kinds: list[str],
        last: str,
    ) -> None:
        simulation = self.walk(client, root, *heard, at=at)
        assert [scene.kind for scene in simulation.scenes] == kinds
        assert last in simulation.scenes[-1].title

    def test_a_step_more_and_a_step_back(self, client: WebClient, root: Menu) -> None:
        url = reverse("pbx:menu_simulator", args=[root.pk])
        at = "2026-11-18T10:00"
        more = client.get(url, {"heard": ["7"], "type": "1", "at": at})
        assert more.context["inputs"] == ["7", "1"]
        back = client.get(url, {"heard": ["7", "1"], "undo": "1", "at": at})
        assert back.context["inputs"] == ["7"]
        odd = client.get(url, {"type": "<b>", "at": "ontem"})
        assert odd.status_code == 200

    def test_says_what_would_be_heard(self, client: WebClient, root: Menu) -> None:
        scenes = self.walk(client, root, "7", at="2026-11-18T10:00").scenes
        assert [sound.name for sound in scenes[0].sounds] == ["Saudação"]
        assert scenes[1].sounds[0].text == "Opção inválida."
