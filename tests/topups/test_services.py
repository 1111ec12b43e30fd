"""Requests for credit as tables and stories: who asks, who decides, what is posted, who is told."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image

from tests.charging.test_concurrency import at_once
from tests.support.smtp import own_mail_server
from tests.support.world import World, make_world
from tests.topups.making import A_PDF, a_photo, asker, make_topup
from tronco.charging.invariants import check_all
from tronco.charging.models import Account, LedgerEntry
from tronco.core.errors import Conflict, InvalidInput, NotAllowed, NotFound, TroncoError
from tronco.core.money import MICRO
from tronco.identity.roles import Role
from tronco.mail.models import Email, Notices
from tronco.mail.tasks import deliver_due
from tronco.tenancy.access import SYSTEM, Actor
from tronco.tenancy.models import Tenant
from tronco.topups import services
from tronco.topups.models import Receipt, TopUp
from tronco.topups.receipts import JPEG, MOST_BYTES, PDF, PNG, read_receipt
from tronco.topups.selectors import count_waiting, list_topups


@pytest.fixture
def world(db: None) -> World:
    world = make_world()
    for tenant in Tenant.objects.all():
        Tenant.objects.filter(pk=tenant.pk).update(email=f"t{tenant.pk}@exemplo.com.br")
    return world


def balance(account: Account) -> int:
    return Account.objects.get(pk=account.pk).balance_u // MICRO


def approve(actor: Actor, topup: TopUp, reais: int | None = None, reason: str = "") -> TopUp:
    amount_u = None if reais is None else reais * MICRO
    return services.topup_approve(actor=actor, topup_id=topup.pk, amount_u=amount_u, reason=reason)


def postings(topup: TopUp) -> int:
    return LedgerEntry.objects.filter(source=f"topup:{topup.pk}").count()


# Asking.


def test_a_request_and_its_approval_are_told_in_both_directions(
    world: World, settings: Any
) -> None:
    account = world.circuit(tenant=world.customer_a, number="1133334444", balance_u=0).account
    topup = make_topup(world, account)
    for _again in range(2):
        services.topup_tell_asked(topup_id=topup.pk)
    seller = world.actor(world.reseller_a, Role.FINANCE)
    assert count_waiting(actor=seller) == 1
    approve(seller, topup, 30, "Chegaram só 30")
    assert count_waiting(actor=seller) == 0
    with own_mail_server(settings) as server:
        assert deliver_due(0) == 2
    told = {message["To"]: message for message in server.taken}
    to_seller = told[f"t{world.reseller_a.pk}@exemplo.com.br"]
    assert to_seller["Subject"] == "Cliente A pede R$ 50,00 de crédito"
    to_customer = told[f"t{world.customer_a.pk}@exemplo.com.br"]
    assert to_customer["Subject"] == "R$ 30,00 de crédito para 1133334444"
    text = to_customer.get_body(("plain",)).get_content()
    assert "Chegaram só 30" in text
    assert f"/topups/{topup.pk}/" in text
    entry = LedgerEntry.objects.get(source=f"topup:{topup.pk}")
    assert (entry.amount_u, entry.kind, entry.actor) == (30 * MICRO, "credit", seller.name)
    assert entry.key.endswith(f"topup:{topup.pk}")
    topup.refresh_from_db()
    assert (topup.status, topup.credited_u, topup.decided_by) == (
        "approved", 30 * MICRO, seller.name,
    )  # fmt: skip
    assert topup.decided_at is not None


def test_what_was_taken_back_at_once_is_not_told(world: World) -> None:
    account = world.circuit(tenant=world.customer_a).account
    topup = make_topup(world, account)
    services.topup_cancel(actor=asker(world, account), topup_id=topup.pk)
    assert services.topup_tell_asked(topup_id=topup.pk) is False
    assert not Email.objects.exists()


@pytest.mark.parametrize(
    ("language", "asked", "refused"),
    [
        ("pt-br", "Cliente A pede R$ 50,00 de crédito", "Seu pedido de crédito foi recusado"),
        ("en", "Cliente A asks for R$ 50,00 of credit", "Your request for credit was refused"),
    ],
)
def test_letters_speak_their_readers_language(
    world: World, language: str, asked: str, refused: str
) -> None:
    for tenant in (world.customer_a, world.reseller_a):
        Notices.objects.create(tenant=tenant, language=language)
    topup = make_topup(world, world.circuit(tenant=world.customer_a).account)
    services.topup_tell_asked(topup_id=topup.pk)
    services.topup_refuse(actor=SYSTEM, topup_id=topup.pk, reason="Pix não localizado")
    assert [email.subject for email in Email.objects.order_by("pk")] == [asked, refused]


@pytest.mark.parametrize(
    ("place", "role", "whose", "refusal"),
    [
        ("customer_a", Role.CUSTOMER_ADMINISTRATOR, "customer_a", None),
        ("customer_a", Role.EXTENSION_USER, "customer_a", NotAllowed),
        ("customer_a", Role.CUSTOMER_ADMINISTRATOR, "customer", InvalidInput),
        ("reseller_a", Role.ADMINISTRATOR, "reseller_a", None),
        ("reseller_a", Role.FINANCE, "reseller_a", None),
        ("reseller_a", Role.SUPPORT, "reseller_a", NotAllowed),
        # Who sells to him posts; he does not ask in his name.
        ("reseller_a", Role.ADMINISTRATOR, "customer_a", InvalidInput),
        ("reseller_a", Role.ADMINISTRATOR, "reseller_a1", InvalidInput),
        ("master", Role.ADMINISTRATOR, "reseller_a", NotAllowed),
    ],
)
def test_who_asks_for_whom(
    world: World, place: str, role: Role, whose: str, refusal: type[Exception] | None
) -> None:
    owner = getattr(world, whose)
    if owner.kind == Tenant.Kind.RESELLER:
        account = world.reseller_account(owner)
    else:
        account = world.circuit(tenant=owner).account
    actor = world.actor(getattr(world, place), role)
    words: dict[str, Any] = {"actor": actor, "account_id": account.pk, "amount_u": MICRO}
    if refusal is None:
        assert services.topup_ask(**words).tenant == owner
        return
    with pytest.raises(refusal):
        services.topup_ask(**words)
    assert not TopUp.objects.exists()


@pytest.mark.parametrize(
    ("amount_u", "code"),
    [
        (0, "amount-invalid"),
        (-MICRO, "amount-invalid"),
        (1, "amount-invalid"),
        (12_345, "amount-invalid"),
        (10_000, ""),
        (100_000 * MICRO, ""),
        (100_000 * MICRO + 10_000, "amount-too-large"),
        (2**70, "amount-invalid"),
    ],
)
def test_amounts(world: World, amount_u: int, code: str) -> None:
    account = world.circuit().account
    words: dict[str, Any] = {
        "actor": asker(world, account),
        "account_id": account.pk,
        "amount_u": amount_u,
    }
    if not code:
        assert services.topup_ask(**words).amount_u == amount_u
        return
    with pytest.raises(InvalidInput) as refused:
        services.topup_ask(**words)
    assert (refused.value.code, refused.value.field) == (code, "amount_u")


@pytest.mark.parametrize(
    ("plan", "limit_u", "may"),
    [
        ("prepaid", 0, True),
        ("control", 50 * MICRO, True),
        ("postpaid", 50 * MICRO, True),
        ("postpaid", None, False),
    ],
)
def test_an_account_without_a_limit_needs_no_credit(
    world: World, plan: str, limit_u: int | None, may: bool
) -> None:
    account = world.circuit(plan=plan, limit_u=limit_u, balance_u=0).account
    if not may:
        with pytest.raises(InvalidInput):
            make_topup(world, account)
        return
    approve(SYSTEM, make_topup(world, account))
    assert balance(account) == 50


def test_one_waits_at_a_time_and_ten_a_day_are_enough(world: World) -> None:
    account, other = world.circuit().account, world.circuit().account
    for _number in range(services.MOST_A_DAY):
        topup = make_topup(world, account)
        with pytest.raises(Conflict) as refused:
            make_topup(world, account)
        assert refused.value.code == "topup-waits"
        services.topup_cancel(actor=asker(world, account), topup_id=topup.pk)
    with pytest.raises(Conflict) as refused:
        make_topup(world, account)
    assert refused.value.code == "topup-too-often"
    make_topup(world, other)


# Deciding.


@pytest.mark.parametrize(
    ("whose", "place", "role", "refusal"),
    [
        ("customer_a", "reseller_a", Role.ADMINISTRATOR, None),
        ("customer_a", "reseller_a", Role.FINANCE, None),
        ("customer_a", "reseller_a", Role.SUPPORT, NotAllowed),
        ("customer_a", "master", Role.FINANCE, None),
        ("customer_a", "reseller_b", Role.ADMINISTRATOR, NotFound),
        ("customer_a", "reseller_a1", Role.ADMINISTRATOR, NotFound),
        ("customer_a", "customer_a", Role.CUSTOMER_ADMINISTRATOR, NotAllowed),
        ("reseller_a1", "reseller_a", Role.FINANCE, None),
        ("reseller_a1", "reseller_a1", Role.ADMINISTRATOR, NotAllowed),
        ("reseller_a", "reseller_a", Role.ADMINISTRATOR, NotAllowed),
    ],
)
def test_who_decides(
    world: World, whose: str, place: str, role: Role, refusal: type[Exception] | None
) -> None:
    owner = getattr(world, whose)
    is_reseller = owner.kind == Tenant.Kind.RESELLER
    account = world.reseller_account(owner) if is_reseller else world.circuit(tenant=owner).account
    before = balance(account)
    topup = make_topup(world, account)
    actor = world.actor(getattr(world, place), role)
    if refusal is None:
        approve(actor, topup)
        assert balance(account) == before + 50
        return
    with pytest.raises(refusal):
        approve(actor, topup)
    with pytest.raises(refusal):
        services.topup_refuse(actor=actor, topup_id=topup.pk, reason="não")
    topup.refresh_from_db()
    assert (topup.status, balance(account), postings(topup)) == ("pending", before, 0)


# Each row: what was done first, what is tried then, what comes of it: nothing new, or a refusal.
@pytest.mark.parametrize(
    ("first", "then", "code"),
    [
        ("approve", "approve", ""),
        ("approve", "approve-less", "topup-decided"),
        ("approve", "refuse", "topup-decided"),
        ("approve", "cancel", "topup-decided"),
        ("refuse", "refuse", ""),
        ("refuse", "approve", "topup-decided"),
        ("refuse", "cancel", "topup-decided"),
        ("cancel", "cancel", ""),
        ("cancel", "approve", "topup-decided"),
        ("cancel", "refuse", "topup-decided"),
    ],
)
def test_decided_is_decided(world: World, first: str, then: str, code: str) -> None:
    account = world.circuit(balance_u=0).account
    topup = make_topup(world, account)

    def do(what: str) -> None:
        seller = world.actor(world.master)
        if what.startswith("approve"):
            approve(seller, topup, 20 if what == "approve-less" else None, "menos")
        elif what == "refuse":
            services.topup_refuse(actor=seller, topup_id=topup.pk, reason="não")
        else:
            services.topup_cancel(actor=asker(world, account), topup_id=topup.pk)

    do(first)
    state = TopUp.objects.values().get()
    told = Email.objects.count()
    if code:
        with pytest.raises(Conflict) as refused:
            do(then)
        assert refused.value.code == code
    else:
        do(then)
    assert TopUp.objects.values().get() == state
    assert Email.objects.count() == told
    assert balance(account) == (50 if first == "approve" else 0)


@pytest.mark.parametrize(
    ("reais", "reason", "field"),
    [(51, "x", "amount_u"), (0, "x", "amount_u"), (20, " ", "reason"), (20, "x" * 201, "reason")],
)
def test_what_is_credited_is_what_was_asked_for_or_less(
    world: World, reais: int, reason: str, field: str
) -> None:
    topup = make_topup(world, world.circuit().account)
    with pytest.raises(InvalidInput) as refused:
        approve(SYSTEM, topup, reais, reason)
    assert refused.value.field == field
    assert postings(topup) == 0


def test_only_who_asked_takes_it_back(world: World) -> None:
    account = world.circuit(tenant=world.customer_a).account
    topup = make_topup(world, account)
    for actor in (world.actor(world.reseller_a), world.actor(world.master), SYSTEM):
        with pytest.raises(NotAllowed):
            services.topup_cancel(actor=actor, topup_id=topup.pk)
    services.topup_cancel(actor=asker(world, account), topup_id=topup.pk)


def test_each_level_counts_what_waits_for_itself(world: World) -> None:
    for owner in (world.customer, world.customer_a, world.customer_a1):
        make_topup(world, world.circuit(tenant=owner).account)
    make_topup(world, world.reseller_account(world.reseller_a1))
    counts = {
        name: count_waiting(actor=world.actor(getattr(world, name)))
        for name in ("master", "reseller_a", "reseller_a1", "reseller_b")
    }
    assert counts == {"master": 1, "reseller_a": 2, "reseller_a1": 1, "reseller_b": 0}
    assert list_topups(actor=world.actor(world.master)).count() == 4
    some = Actor(
        name="Fulana",
        scopes=(world.customer_a.path,),
        may=world.actor(world.reseller_a, Role.FINANCE).may,
    )
    assert count_waiting(actor=some) == 1


# At once.


def test_many_decide_at_once_and_it_is_posted_once(transactional_db: None) -> None:
    world = make_world()
    account = world.circuit(balance_u=0).account
    topup = make_topup(world, account)

    def refuse() -> Any:
        return services.topup_refuse(actor=SYSTEM, topup_id=topup.pk, reason="não")

    results = at_once(
        *(
            lambda job=job: outcome(job)
            for job in [lambda: approve(SYSTEM, topup), refuse, lambda: approve(SYSTEM, topup)] * 5
        )
    )
    topup.refresh_from_db()
    won = topup.status
    assert set(results) == {won, "topup-decided"}
    assert (postings(topup), balance(account)) == ((1, 50) if won == "approved" else (0, 0))
    assert check_all() == []


def test_many_ask_at_once_and_one_waits(transactional_db: None) -> None:
    world = make_world()
    account = world.circuit().account
    results = at_once(*(lambda: outcome(lambda: make_topup(world, account)) for _ in range(8)))
    assert TopUp.objects.count() == 1
    assert results.count("pending") == 1
    assert set(results) <= {"pending", "topup-waits", "invalid-input"}


def outcome(job: Any) -> str:
    try:
        return str(job().status)
    except TroncoError as error:
        return error.code


# Receipts.


@pytest.mark.parametrize(
    ("data", "kept"),
    [
        (A_PDF, PDF),
        (a_photo("JPEG"), JPEG),
        (a_photo("PNG"), PNG),
        (a_photo("MPO"), JPEG),
        (b"", ""),
        (b"MZ\x90\x00 program", ""),
        (b"<html><script>alert(1)</script>", ""),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", ""),
        (b"GIF89a" + b"\0" * 40, ""),
        (a_photo("JPEG")[:200], ""),
        (A_PDF[:30], ""),
        (A_PDF + b"\0" * MOST_BYTES, ""),
        (a_photo("PNG", (13_000, 2)), ""),
        (a_photo("PNG", (5_001, 5_000)), ""),
        (a_photo("JPEG", (8_001, 8_000)), ""),
    ],
)
def test_a_receipt_is_what_its_content_says(data: bytes, kept: str) -> None:
    if not kept:
        with pytest.raises(InvalidInput) as refused:
            read_receipt(data)
        assert refused.value.field == "receipt_file"
        return
    paper = read_receipt(data)
    assert paper.media_type == kept
    if kept != PDF:
        assert b"script" not in paper.content
        assert b"Flores" not in paper.content
        assert Image.open(io.BytesIO(paper.content)).size == (60, 40)


def test_a_photo_taken_sideways_stands_upright(world: World) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    out = io.BytesIO()
    Image.new("RGB", (60, 40)).save(out, "JPEG", exif=exif)
    account = world.circuit().account
    make_topup(world, account, receipt=out.getvalue())
    kept = Receipt.objects.get()
    assert Image.open(io.BytesIO(bytes(kept.content))).size == (40, 60)
    assert kept.tenant == account.tenant
