"""What answers in the demonstration: schedules, a menu, a group, line services, the voice portal.

And who calls there now and then, so that the screens live: visits, which the telephones play.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date, time
from typing import Any

from tronco.callingcards.models import CardSeries
from tronco.callingcards.services import NewCard, cards_generate, series_create
from tronco.catalog.models import Plan
from tronco.circuits.models import Circuit
from tronco.core.errors import Unavailable
from tronco.core.money import MICRO
from tronco.demo.carriers import ANSWERING_CARRIER
from tronco.demo.lines import Lines
from tronco.demo.people import People
from tronco.dids.closed import Closed
from tronco.dids.models import Did
from tronco.dids.services import DidFields, did_create
from tronco.pbx.destinations import Action, TargetValues
from tronco.pbx.line_services import line_change, pin_set
from tronco.pbx.menu_services import MenuDraft, OptionValues, menus_save
from tronco.pbx.models import Menu, Queue, Schedule
from tronco.pbx.prompt_services import prompt_create
from tronco.pbx.queue_services import MemberValues, queue_create
from tronco.pbx.schedule_services import HolidayValues, WindowValues, schedule_create
from tronco.pbx.services import portal_caller_create
from tronco.tenancy.access import SYSTEM
from tronco.tenancy.models import Tenant

RECEPTION, BOOKING, CONSULTING = "1135550111", "1135550112", "1135550113"
BAKERY = "1135550101"
FREIGHT, FREIGHT_MONEY = "5135550121", "5135550122"
ESTATE, ESTATE_RENT = "3135550151", "3135550152"
# Numbers of their own, as carriers send them.
CLINIC_NUMBER = "551135550110"
BAKERY_NUMBER = "551135550109"
FREIGHT_NUMBER = "555135550120"
PORTAL_NUMBER = "553135550150"
VOICEMAIL_NUMBER = "551135550118"
TEST_NUMBER = "551135550108"
CARD_NUMBER = "551135550107"
SERIES = "Cartão Aroeira R$ 20"
PORTAL_CALLER = "31987550150"


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody who calls a number from `caller` and types `keys`, one group after the other."""

    number: str
    keys: tuple[str, ...] = ()
    caller: str = ""
    weight: int = 10


def voice_load(people: People, lines: Lines, plans: Mapping[str, Plan]) -> None:
    """Make all that answers, and the numbers that lead there."""
    _cards(people.master, plans["pre"], seller=people.tenants["padaria"])
    _clinic(people.tenants["clinica"], lines.circuits)
    _bakery(people.tenants["padaria"], lines.circuits)
    _freight(people.tenants["rota"], lines.circuits)
    _estate(people.tenants["morada"], lines.circuits)


def visits_load() -> list[dict[str, Any]]:
    """Return who calls, for the telephones.

    The portal's PIN is a new one, and so is the calling card: what they were is kept nowhere else.
    """
    line = Circuit.objects.get(number=ESTATE)
    pin = pin_set(actor=SYSTEM, circuit_id=line.pk).pin
    series = CardSeries.objects.get(name=SERIES)
    (card,) = cards_generate(actor=SYSTEM, series_id=series.pk, count=1, activate=True)
    return [asdict(visit) for visit in _visits(pin, card)]


def _visits(pin: str, card: NewCard) -> Iterator[Visit]:
    yield Visit(CLINIC_NUMBER, ("1",), weight=20)
    yield Visit(CLINIC_NUMBER, ("2", "1"))
    yield Visit(CLINIC_NUMBER, ("2", "9", "1"), weight=5)
    yield Visit(CLINIC_NUMBER, ("7", "0"), weight=5)
    yield Visit(FREIGHT_NUMBER, weight=30)
    yield Visit(BAKERY_NUMBER, weight=10)
    yield Visit(VOICEMAIL_NUMBER, weight=2)
    yield Visit(TEST_NUMBER, weight=2)
    yield Visit(PORTAL_NUMBER, (f"{pin}#", "1135554444#"), caller=PORTAL_CALLER, weight=6)
    yield Visit(CARD_NUMBER, (f"{card.number}#", f"{card.pin}#", "1135554444#"), weight=6)
    # Not on the list: refused, and to be seen among the refused calls.
    yield Visit(PORTAL_NUMBER, caller="11955550666", weight=2)


def _cards(master: Tenant, plan: Plan, *, seller: Tenant) -> None:
    """A series of calling cards, some sold and some still in the drawer, and their number."""
    series = series_create(
        actor=SYSTEM,
        tenant_id=master.pk,
        plan_id=plan.pk,
        name=SERIES,
        prefix="77",
        digits=12,
        face_value_u=20 * MICRO,
        valid_days=90,
    )
    cards_generate(actor=SYSTEM, series_id=series.pk, count=12, activate=True)
    cards_generate(actor=SYSTEM, series_id=series.pk, count=20)
    _number(seller, CARD_NUMBER, mode=Did.Mode.CARD, description="Cartão telefônico")


def _clinic(owner: Tenant, lines: dict[str, Circuit]) -> None:
    """A menu with a submenu, a group for bookings, and voicemail at night."""
    schedule = _hours(
        owner,
        "Atendimento da clínica",
        WindowValues((0, 1, 2, 3, 4), time(7, 30), time(19)),
        WindowValues((5,), time(8), time(12)),
    )
    services = {RECEPTION: "10", BOOKING: "11", CONSULTING: "12"}
    for number, extension in services.items():
        line_change(
            actor=SYSTEM,
            circuit_id=lines[number].pk,
            extension=extension,
            pickup_group="clinica",
            voicemail=number == RECEPTION,
            voicemail_email="recados@clinica.example.com.br" if number == RECEPTION else "",
        )
    queue = _queue(
        owner,
        "Agendamento",
        (lines[RECEPTION], lines[BOOKING]),
        extension="20",
        strategy=Queue.Strategy.LONGEST_IDLE,
        overflow=TargetValues(Action.VOICEMAIL, circuit_id=lines[RECEPTION].pk),
        max_wait_s=90,
    )
    menu = _clinic_menu(owner, schedule, queue, lines)
    _number(owner, CLINIC_NUMBER, mode=Did.Mode.MENU, menu_id=menu.pk, description="URA")
    _number(
        owner,
        VOICEMAIL_NUMBER,
        mode=Did.Mode.VOICEMAIL,
        circuit_id=lines[RECEPTION].pk,
        description="Recados",
    )
    _number(owner, TEST_NUMBER, mode=Did.Mode.TEST, description="Teste de áudio")


def _clinic_menu(
    owner: Tenant, schedule: Schedule, queue: Queue, lines: dict[str, Circuit]
) -> Menu:
    greeting = _say(
        owner,
        "Saudação da clínica",
        "Clínica Bem Cuidar. Para marcar uma consulta, tecle 1. Para resultados de exames, tecle 2."
        " Para falar com a recepção, tecle zero, ou disque o ramal.",
    )
    results = _say(
        owner,
        "Resultados",
        "Para exames de sangue, tecle 1. Para imagens, tecle 2. Para voltar, tecle 9.",
    )
    online = _say(
        owner, "Resultados na internet", "Os resultados de imagens estão no nosso site. Obrigado."
    )
    reception = TargetValues(Action.CIRCUIT, circuit_id=lines[RECEPTION].pk)
    site = TargetValues(Action.PROMPT, prompt_id=online) if online else reception
    saved = menus_save(
        actor=SYSTEM,
        tenant_id=owner.pk,
        drafts=[
            MenuDraft(
                key="n1",
                name="Atendimento",
                greeting_id=greeting,
                schedule_id=schedule.pk,
                payer_id=lines[RECEPTION].pk,
                options=(
                    OptionValues("1", TargetValues(Action.QUEUE, queue_id=queue.pk), "Consultas"),
                    OptionValues("2", TargetValues(Action.MENU), "Exames", new_menu="n2"),
                    OptionValues("0", reception, "Recepção"),
                    OptionValues("timeout", reception),
                    OptionValues(
                        "closed", TargetValues(Action.VOICEMAIL, circuit_id=lines[RECEPTION].pk)
                    ),
                ),
            ),
            MenuDraft(
                key="n2",
                name="Resultados de exames",
                greeting_id=results,
                payer_id=lines[RECEPTION].pk,
                options=(
                    OptionValues(
                        "1",
                        TargetValues(Action.CIRCUIT, circuit_id=lines[CONSULTING].pk),
                        "Sangue",
                    ),
                    OptionValues("2", site, "Imagens"),
                    OptionValues("9", TargetValues(Action.BACK), "Voltar"),
                ),
            ),
        ],
    )
    return saved["n1"]


def _bakery(owner: Tenant, lines: dict[str, Circuit]) -> None:
    """A number that rings the counter while it is open, and says so when it is not."""
    schedule = _hours(
        owner, "Balcão aberto", WindowValues((0, 1, 2, 3, 4, 5, 6), time(6), time(21, 30))
    )
    closed = _say(
        owner,
        "Padaria fechada",
        "A Padaria Trigo da Vila abre todos os dias às seis da manhã. Até já.",
    )
    line_change(
        actor=SYSTEM,
        circuit_id=lines[BAKERY].pk,
        extension="30",
        no_answer="11987550101",
        ring_s=20,
    )
    _number(
        owner,
        BAKERY_NUMBER,
        mode=Did.Mode.RING,
        circuit_id=lines[BAKERY].pk,
        schedule_id=schedule.pk,
        description="Encomendas",
        closed=Closed(Action.PROMPT, prompt_id=closed) if closed else Closed(),
    )


def _freight(owner: Tenant, lines: dict[str, Circuit]) -> None:
    """A group that is busy all day, and goes on to another line."""
    queue = _queue(
        owner,
        "Central de cargas",
        (lines[FREIGHT], lines[FREIGHT_MONEY]),
        extension="40",
        strategy=Queue.Strategy.LINEAR,
        overflow=TargetValues(Action.CIRCUIT, circuit_id=lines[FREIGHT_MONEY].pk),
        max_wait_s=60,
        welcome_id=_say(
            owner, "Boas-vindas", "Rota Sul Transportes. Já vamos atender a sua ligação."
        ),
    )
    _number(
        owner,
        FREIGHT_NUMBER,
        mode=Did.Mode.QUEUE,
        queue_id=queue.pk,
        caller_tag="Cargas",
        description="Central de cargas",
    )


def _estate(owner: Tenant, lines: dict[str, Circuit]) -> None:
    """The voice portal of an estate agency, whose brokers call from their mobiles."""
    line_change(
        actor=SYSTEM,
        circuit_id=lines[ESTATE].pk,
        extension="50",
        busy=ESTATE_RENT,
        offline="31987550151",
    )
    telephones = ((PORTAL_CALLER, "Corretora Tânia"), ("31987550152", "Corretor Davi"))
    for number, description in telephones:
        portal_caller_create(
            actor=SYSTEM, circuit_id=lines[ESTATE].pk, number=number, description=description
        )
    _number(owner, PORTAL_NUMBER, mode=Did.Mode.PORTAL, description="Portal de voz")


def _hours(owner: Tenant, name: str, *windows: WindowValues) -> Schedule:
    """A schedule with the holiday of the state of São Paulo and Christmas Eve."""
    return schedule_create(
        actor=SYSTEM,
        tenant_id=owner.pk,
        name=name,
        windows=windows,
        holidays=(
            HolidayValues(date(2026, 7, 9), "Revolução Constitucionalista", every_year=True),
            HolidayValues(date(2026, 12, 24), "Véspera de Natal", every_year=True),
        ),
    )


def _queue(
    owner: Tenant, name: str, members: tuple[Circuit, ...], *, overflow: TargetValues, **facts: Any
) -> Queue:
    return queue_create(
        actor=SYSTEM,
        tenant_id=owner.pk,
        name=name,
        overflow=overflow,
        members=[MemberValues(line.pk, place) for place, line in enumerate(members)],
        announce_every_s=30,
        **facts,
    )


def _number(owner: Tenant, raw: str, *, closed: Closed | None = None, **fields: Any) -> None:
    told: DidFields = {"supplier": ANSWERING_CARRIER, **fields}  # type: ignore[typeddict-item]
    did_create(actor=SYSTEM, tenant_id=owner.pk, raw=raw, closed=closed, **told)


def _say(owner: Tenant, name: str, text: str) -> int | None:
    """A prompt spoken by the synthesiser; without one the menus are silent."""
    try:
        return prompt_create(actor=SYSTEM, tenant_id=owner.pk, name=name, text=text).pk
    except Unavailable:
        return None
