"""The editor of IVR menus with its simulator, and the live view of groups, in a real browser."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.pbx.making import make_menu, make_queue, make_schedule, make_voicemail
from tests.support.browser import PHONE, Browser, browser
from tests.support.web import make_user
from tests.support.world import World, make_world
from tronco.circuits.models import Circuit
from tronco.identity.models import User
from tronco.pbx.destinations import Action, TargetValues
from tronco.pbx.menu_services import MenuDraft, OptionValues, menus_save
from tronco.pbx.models import MemberState, Menu, QueueCaller
from tronco.tenancy.access import SYSTEM

__all__ = ["browser"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def world(transactional_db: None) -> World:
    return make_world()


@pytest.fixture
def user(world: World) -> User:
    return make_user(world.master, username="ana")


@pytest.fixture
def line(world: World) -> Circuit:
    return world.circuit(number="1001", description="Recepção")


@pytest.fixture
def root(world: World, line: Circuit) -> Menu:
    """A menu with a schedule, a submenu that leads back, and a line."""
    root = make_menu(world.customer, "Atendimento", schedule=make_schedule(world.customer))
    sub = MenuDraft(
        key="n1",
        name="Financeiro",
        options=(
            OptionValues("1", TargetValues(Action.CIRCUIT, circuit_id=line.pk), "Boletos"),
            OptionValues("9", TargetValues(Action.MENU, menu_id=root.pk), "Voltar"),
        ),
    )
    first = OptionValues("1", TargetValues(Action.MENU), "Financeiro", new_menu="n1")
    menus_save(
        actor=SYSTEM,
        tenant_id=world.customer.pk,
        drafts=[
            MenuDraft(
                key=f"m{root.pk}",
                name=root.name,
                menu_id=root.pk,
                schedule_id=root.schedule_id,
                options=(
                    first,
                    OptionValues("closed", TargetValues(Action.VOICEMAIL, circuit_id=line.pk)),
                ),
            ),
            sub,
        ],
    )
    return root


def choose(page: Page, select: str, text: str) -> None:
    """Choose in a select that searches, among what it offers at first."""
    page.locator(f"#{select}-ts-control").click()
    page.locator(f"#{select}-ts-dropdown .option").filter(has_text=text).first.click()
    expect(page.locator(f"#{select} + .ts-wrapper .item")).to_contain_text(text)
    expect(page.locator(f"#{select}-ts-dropdown")).to_be_hidden()


def test_a_tree_is_drawn_by_keyboard_and_saved_whole(
    world: World, user: User, line: Circuit, browser: Browser
) -> None:
    root = make_menu(world.customer, "Atendimento")
    page = browser.signed_in(user)
    page.goto(browser.url("pbx:menu_edit", root.pk))
    key = page.get_by_role("button", name="1", exact=True)
    key.focus()
    page.keyboard.press("Enter")
    action = page.locator(f"[name=m{root.pk}-1-action]")
    expect(action).to_be_focused()
    action.select_option("menu")
    page.get_by_role("button", name="Novo submenu").click()
    name = page.locator("[name=n1-name]")
    expect(name).to_be_focused()
    name.fill("Vendas")
    inner = page.locator('[data-block="n1"]')
    inner.locator('[data-pad="star"]').click()
    page.locator("[name=n1-star-action]").select_option("back")
    inner.locator('[data-pad="0"]').click()
    # Nothing said of where key 0 rings: all that was drawn comes back, with the error beside it.
    page.get_by_role("button", name="Salvar & voltar").click()
    expect(page.locator("#id_n1-0-circuit_error")).to_have_text("Diga para onde.")
    expect(page.locator("[name=n1-name]")).to_have_value("Vendas")
    browser.shot(page, "menu-edit-error")
    choose(page, "id_n1-0-circuit", "1001")
    page.get_by_role("button", name="Salvar & voltar").click()
    expect(page).to_have_url(browser.url("pbx:menu_detail", root.pk))
    made = Menu.objects.get(name="Vendas")
    assert root.options.get().menu == made
    assert {o.key: o.action for o in made.options.all()} == {"*": "back", "0": "circuit"}


def test_keys_are_removed_and_menus_opened_in_place(
    world: World, user: User, root: Menu, browser: Browser
) -> None:
    other = make_menu(world.customer, "Suporte")
    page = browser.signed_in(user)
    page.goto(browser.url("pbx:menu_edit", root.pk))
    top = page.locator(f'[data-block="m{root.pk}"]')
    expect(page.get_by_text("volta para cima")).to_be_visible()
    browser.shot(page, "menu-edit")
    top.locator('[data-pad="2"]').first.click()
    page.locator(f"[name=m{root.pk}-2-action]").select_option("menu")
    choose(page, f"id_m{root.pk}-2-menu", "Suporte")
    page.locator('[data-option="2"]').get_by_role("button", name="Abrir aqui").click()
    expect(page.locator(f"[name=m{other.pk}-name]")).to_have_value("Suporte")
    page.get_by_role("button", name="Remover a tecla 9").click()
    page.get_by_role("button", name="Salvar & voltar").click()
    expect(page).to_have_url(browser.url("pbx:menu_detail", root.pk))
    assert root.options.get(key="2").menu == other
    assert {o.key for o in Menu.objects.get(name="Financeiro").options.all()} == {"1"}


def test_the_simulator_walks_open_and_closed(user: User, root: Menu, browser: Browser) -> None:
    page = browser.signed_in(user)
    page.goto(browser.url("pbx:menu_detail", root.pk))
    walk = page.locator("#simulator")
    walk.get_by_label("Neste momento").fill("2026-11-18T10:00")
    expect(walk.get_by_text("Menu Atendimento")).to_be_visible()
    walk.get_by_role("button", name="1", exact=True).click()
    expect(walk.get_by_text("Menu Financeiro")).to_be_visible()
    # The keys of a keyboard are the keys of the telephone.
    walk.get_by_role("button", name="1", exact=True).focus()
    page.keyboard.press("1")
    expect(walk.get_by_text("Toca a linha 1001 (Recepção)")).to_be_visible()
    walk.get_by_role("button", name="Está ocupado").click()
    expect(walk.get_by_text("Menu Financeiro")).to_have_count(2)
    walk.get_by_role("button", name="Do início").click()
    expect(walk.locator(".scene")).to_have_count(1)
    page.wait_for_load_state("networkidle")
    walk.get_by_label("Neste momento").fill("2026-11-21T10:00")
    expect(walk.get_by_text("Deixa recado para a linha 1001")).to_be_visible()
    expect(walk.get_by_text("A ligação terminou.")).to_be_visible()
    browser.shot(page, "simulator")


def test_the_live_view_follows_and_pauses(
    world: World, user: User, line: Circuit, browser: Browser
) -> None:
    queue = make_queue(world.customer, "Vendas", line, world.circuit(number="1002"))
    page = browser.signed_in(user)
    page.goto(browser.url("pbx:queue_detail", queue.pk))
    expect(page.get_by_text("Ninguém está esperando.")).to_be_visible()
    now = datetime.now(UTC)
    QueueCaller.objects.create(
        call_id="node1-1.1",
        tenant=world.customer,
        queue=queue,
        central="node1",
        caller="+5511988887777",
        since=now - timedelta(seconds=75),
    )
    MemberState.objects.create(
        member=queue.members.get(circuit=line),
        tenant=world.customer,
        state="talking",
        caller="+551133334444",
        since=now,
    )
    expect(page.get_by_text("(11) 98888-7777")).to_be_visible()
    expect(page.get_by_text("(11) 3333-4444")).to_be_visible()
    page.get_by_role("button", name="Pausar 1001").click()
    member = page.locator('[data-member="1001"]')
    expect(member.get_by_text("em pausa")).to_be_visible()
    browser.shot(page, "queue-live")
    assert queue.members.get(circuit=line).is_paused
    member.get_by_role("button", name="Retomar 1001").click()
    expect(member.get_by_role("button", name="Pausar 1001")).to_be_visible()


def test_a_click_is_not_lost_to_the_live_view(
    world: World, user: User, line: Circuit, browser: Browser
) -> None:
    queue = make_queue(world.customer, "Vendas", line)
    page = browser.signed_in(user)
    page.goto(browser.url("pbx:queue_detail", queue.pk))
    pause = page.get_by_role("button", name="Pausar 1001")
    resume = page.get_by_role("button", name="Retomar 1001")
    live = browser.url("pbx:queue_live", queue.pk)
    # It is answered while the button is held down.
    pause.hover()
    page.mouse.down()
    page.wait_for_event("requestfinished", lambda request: request.url == live)
    page.mouse.up()
    expect(resume).to_be_visible()
    expect(resume).to_be_focused()
    # Let go outside of the window: the view goes on.
    resume.dispatch_event("pointerdown")
    MemberState.objects.create(
        member=queue.members.get(), tenant=world.customer, state="talking",
        caller="+551133334444", since=datetime.now(UTC),
    )  # fmt: skip
    resume.dispatch_event("pointermove", {"buttons": 0})
    expect(page.get_by_text("(11) 3333-4444")).to_be_visible()
    # It waits for an answer that does not come.
    page.route(live, lambda route: None)
    page.wait_for_event("request", lambda request: request.url == live)
    resume.click()
    expect(pause).to_be_visible()
    assert not queue.members.get().is_paused
    # The question given up is noted in the console.
    assert all("sendAbort" in one or "afterRequest" in one for one in browser.problems)
    browser.problems.clear()


def test_rows_come_and_go_and_searches_follow_the_owner(
    world: World, user: User, line: Circuit, browser: Browser
) -> None:
    world.circuit(tenant=world.customer_a, number="2001")
    page = browser.signed_in(user)
    page.goto(browser.url("pbx:queue_add"))
    choose(page, "id_tenant", "Cliente")
    page.get_by_label("Nome").fill("Vendas")
    page.get_by_role("button", name="Adicionar uma linha").click()
    page.locator("#id_member-0-circuit-ts-control").click()
    found = page.locator("#id_member-0-circuit-ts-dropdown .option")
    expect(found).to_have_count(1)
    found.click()
    page.get_by_role("button", name="Adicionar uma linha").click()
    page.get_by_role("button", name="Remover").nth(1).click()
    expect(page.locator("[data-row]")).to_have_count(1)
    page.get_by_role("button", name="Salvar & voltar").click()
    expect(page.get_by_role("link", name="Vendas", exact=True)).to_be_visible()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_voice_screens_fit_a_phone(
    world: World, user: User, line: Circuit, root: Menu, browser: Browser, dark: bool
) -> None:
    queue = make_queue(world.customer, "Vendas", line)
    schedule = root.schedule
    assert schedule is not None
    make_voicemail(line)
    addresses = [
        browser.url("pbx:schedule_detail", schedule.pk),
        browser.url("pbx:schedule_edit", schedule.pk),
        browser.url("pbx:menu_detail", root.pk),
        browser.url("pbx:menu_edit", root.pk),
        browser.url("pbx:queue_detail", queue.pk),
        browser.url("pbx:queue_edit", queue.pk),
        browser.url("pbx:line_detail", line.pk),
        browser.url("pbx:line_edit", line.pk),
        browser.url("pbx:line_pin", line.pk),
        browser.url("pbx:voicemail_list"),
    ]
    page = browser.signed_in(user, viewport=PHONE, dark=dark)
    wide = []
    for address in addresses:
        page.goto(address, wait_until="networkidle")
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > PHONE["width"]:
            wide.append((address, width))
        browser.shot(page, f"voice{address.partition('/pbx')[2].replace('/', '-')}{dark:d}")
    assert wide == []
