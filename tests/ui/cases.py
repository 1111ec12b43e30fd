"""What every resource's screens do, proved for whoever inherits: a test class brings only data.

    class TestPlans(ResourceCase):
        resource = Plans
        def make(self, world, name="Plano"): return an object the master's administrator reaches
        def typed(self, world): return {"name": "Novo", …}        what a person types to create one
        changes = {"name": "Outro"}                                what he types over it
        bulk = {"is_active": ""}                                   what he sets on a selection
        stranger(world): a tenant whose administrator must not see it (default: reseller B)

Requests run under the web processes' database role, so that row-level security is proved too.
"""

from __future__ import annotations

import csv
import io
from typing import Any

import openpyxl
import pytest
from django.db import connection, models
from django.forms.models import model_to_dict
from django.test.utils import CaptureQueriesContext

from tests.support.web import WebClient, administrator, make_user, signed_in
from tests.support.world import World, make_world
from tronco.identity.roles import Role
from tronco.tenancy.models import Tenant
from tronco.ui.bulk import as_typed
from tronco.ui.history import is_tracked
from tronco.ui.resource import Resource

MOST_QUERIES = 25


@pytest.mark.django_db
class ResourceCase:
    """The tests; see above for what a subclass says."""

    __test__ = False
    resource: type[Resource]
    changes: dict[str, Any] = {}
    bulk: dict[str, Any] = {}
    # What the list and the page show of an object made by `make`; default: its name.
    most_queries = MOST_QUERIES

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.__test__ = True

    # What a subclass says.

    def make(self, world: World, name: str = "Primeiro") -> Any:
        raise NotImplementedError

    def typed(self, world: World) -> dict[str, Any]:
        return {}

    def stranger(self, world: World) -> Tenant:
        return world.reseller_b

    # What the tests use.

    @pytest.fixture
    def world(self) -> World:
        return make_world()

    @pytest.fixture
    def client(self, world: World) -> WebClient:
        return administrator(world)

    @pytest.fixture
    def screens(self) -> Resource:
        return self.resource()

    def url(self, screens: Resource, action: str, *args: Any) -> str:
        """The address of one of the screens; without it the test has nothing to prove."""
        found = screens.url(action, *args)
        if found is None:
            pytest.skip(f"{screens.name} has no {action}")
        return found

    def typed_over(self, screens: Resource, obj: Any, changes: dict[str, Any]) -> dict[str, Any]:
        """What the browser sends when a person types `changes` over the object's form."""
        from tronco.tenancy.access import SYSTEM

        form = screens.form(instance=obj, actor=SYSTEM, initial=screens.initial(SYSTEM, obj))  # type: ignore[misc]
        stored = {**model_to_dict(obj), **screens.initial(SYSTEM, obj)}
        data = {}
        for name in form.fields:
            value = as_typed(stored.get(name))
            if value:
                data[name] = value
        data.update({name: value for name, value in changes.items() if value != ""})
        for name in (name for name, value in changes.items() if value == ""):
            data.pop(name, None)
        return data

    def count(self, screens: Resource) -> int:
        return screens.model._default_manager.count()

    # Reading.

    def test_list_shows_what_is_there(
        self, world: World, client: WebClient, screens: Resource
    ) -> None:
        obj = self.make(world)
        page = client.get(self.url(screens, "list"))
        assert page.status_code == 200
        assert f'data-key="{screens.key(obj)}"' in page.content.decode()

    def test_list_asks_the_database_as_often_for_many_rows(
        self, world: World, client: WebClient, screens: Resource
    ) -> None:
        url = self.url(screens, "list")
        self.make(world)
        client.get(url)
        with CaptureQueriesContext(
            connection,
        ) as few:
            client.get(url)
        for number in range(4):
            self.make(world, f"Outro {number}")
        with CaptureQueriesContext(connection) as many:
            client.get(url)
        assert len(many) == len(few) <= self.most_queries

    def test_list_alone_for_htmx(self, world: World, client: WebClient, screens: Resource) -> None:
        self.make(world)
        page = client.get(self.url(screens, "list"), headers={"HX-Request": "true"})
        assert page.content.decode().lstrip().startswith('<div id="list"')

    def test_every_column_can_be_shown_and_sorted(
        self, world: World, client: WebClient, screens: Resource
    ) -> None:
        self.make(world)
        columns = list(screens.table.base_columns)
        client.post(self.url(screens, "columns"), {"columns": columns, "per_page": "100"})
        for column in columns:
            page = client.get(self.url(screens, "list"), {"sort": f"-{column}"})
            assert page.status_code == 200, column

    def test_search_finds_and_does_not_find(
        self, world: World, client: WebClient, screens: Resource
    ) -> None:
        obj = self.make(world)
        url = self.url(screens, "options")
        found = client.get(url, {"q": screens.label(obj)}).json()
        assert screens.label(obj) in [item["text"] for item in found["items"]]
        assert client.get(url, {"q": "zzz-nada-disso"}).json()["items"] == []

    def test_page_shows_the_object(
        self, world: World, client: WebClient, screens: Resource
    ) -> None:
        obj = self.make(world)
        page = client.get(self.url(screens, "detail", screens.key(obj)))
        assert page.status_code == 200
        assert screens.label(obj) in page.content.decode()

    # Access.

    def test_another_tenants_row_does_not_exist(self, world: World, screens: Resource) -> None:
        obj = self.make(world)
        stranger = administrator(world, self.stranger(world))
        listed = stranger.get(self.url(screens, "list"))
        assert f'data-key="{screens.key(obj)}"' not in listed.content.decode()
        for action in ("detail", "edit", "delete", "history"):
            if url := screens.url(action, screens.key(obj)):
                assert stranger.get(url).status_code == 404, action

    def test_who_only_reads_cannot_write(self, world: World, screens: Resource) -> None:
        obj = self.make(world)
        reader = signed_in(make_user(world.master, Role.READ_ONLY))
        assert reader.get(self.url(screens, "list")).status_code == 200
        for action, args in (("add", ()), ("edit", (obj,)), ("delete", (obj,)), ("import", ())):
            if url := screens.url(action, *(screens.key(one) for one in args)):
                assert reader.get(url).status_code == 403, action
                assert reader.post(url, {}).status_code == 403, action

    def test_who_has_not_signed_in_is_sent_there(self, world: World, screens: Resource) -> None:
        answer = WebClient().get(self.url(screens, "list"))
        assert answer.status_code == 302
        assert "/sign-in/" in answer["Location"]

    # Writing.

    def test_create(self, world: World, client: WebClient, screens: Resource) -> None:
        url = self.url(screens, "add")
        before = self.count(screens)
        assert client.get(url).status_code == 200
        answer = client.post(url, self.typed(world))
        assert answer.status_code in {200, 302}, self.errors(answer)
        assert self.count(screens) == before + 1

    def test_create_with_nothing_typed_says_what_is_missing(
        self, world: World, client: WebClient, screens: Resource
    ) -> None:
        url = self.url(screens, "add")
        before = self.count(screens)
        answer = client.post(url, {})
        assert answer.status_code == 422
        assert "invalid-feedback" in answer.content.decode()
        assert self.count(screens) == before

    def test_change_and_why_it_was(
        self, world: World, client: WebClient, screens: Resource
    ) -> None:
        obj = self.make(world)
        url = self.url(screens, "edit", screens.key(obj))
        assert client.get(url).status_code == 200
        data = {**self.typed_over(screens, obj, self.changes), "_reason": "pedido do cliente"}
        answer = client.post(url, data)
        assert answer.status_code == 302, self.errors(answer)
        if is_tracked(screens.model):
            history = client.get(self.url(screens, "history", screens.key(obj))).content.decode()
            assert "pedido do cliente" in history
            assert "Pessoa administrator" in history

    def test_change_of_a_selection(
        self, world: World, client: WebClient, screens: Resource
    ) -> None:
        url = self.url(screens, "bulk_edit")
        objects = [self.make(world, "Um"), self.make(world, "Dois")]
        keys = [screens.key(obj) for obj in objects]
        assert client.post(url, {"pk": keys}).status_code == 200
        typed = {name: value for name, value in self.bulk.items() if value != ""}
        answer = client.post(url, {"pk": keys, "confirmed": "1", "_set": list(self.bulk), **typed})
        assert answer.status_code == 302, self.errors(answer)
        for obj in objects:
            obj.refresh_from_db()
            for name, value in self.bulk.items():
                stored = getattr(obj, name)
                assert as_typed(getattr(stored, "pk", stored)) == ([value] if value else [])

    def test_deleting_asks_first(self, world: World, client: WebClient, screens: Resource) -> None:
        obj = self.make(world)
        url = self.url(screens, "delete", screens.key(obj))
        assert client.get(url).status_code == 200
        assert screens.model._default_manager.filter(pk=obj.pk).exists()
        answer = client.post(url, {"name": screens.label(obj)})
        assert answer.status_code == 302, self.errors(answer)
        assert self.is_gone(screens, obj)

    def test_deleting_a_selection(self, world: World, client: WebClient, screens: Resource) -> None:
        url = self.url(screens, "bulk_delete")
        objects = [self.make(world, "Um"), self.make(world, "Dois")]
        keys = [screens.key(obj) for obj in objects]
        assert client.post(url, {"pk": keys}).status_code == 200
        assert not any(self.is_gone(screens, obj) for obj in objects)
        assert client.post(url, {"pk": keys, "confirmed": "1"}).status_code == 302
        assert all(self.is_gone(screens, obj) for obj in objects)

    def is_gone(self, screens: Resource, obj: models.Model) -> bool:
        """Whether an object is deleted; one that is only marked so says how."""
        return not screens.model._default_manager.filter(pk=obj.pk).exists()

    # Files.

    def test_export(self, world: World, client: WebClient, screens: Resource) -> None:
        obj = self.make(world)
        url = self.url(screens, "export")
        for scope in ("view", "all"):
            answer: Any = client.get(url, {"format": "csv", "scope": scope})
            text = b"".join(answer.streaming_content).decode("utf-8-sig")
            rows = list(csv.reader(io.StringIO(text), delimiter=";"))
            assert len(rows) >= 2
            assert any(screens.label(obj) in row for row in rows[1:])
            assert "</" not in text, "a column has no `value` of its own beside its `render`"
        answer = client.get(url, {"format": "xlsx", "scope": "all"})
        book = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content)))
        assert book.active is not None
        assert book.active.max_row >= 2

    def test_import_shows_first_and_keeps_after(
        self, world: World, client: WebClient, screens: Resource
    ) -> None:
        url = self.url(screens, "import")
        if not screens.has("create"):
            pytest.skip("nothing is created here")
        text = self.as_csv(self.typed(world))
        before = self.count(screens)
        assert client.get(url).status_code == 200
        preview = client.post(url, {"text": text})
        assert preview.status_code == 200, self.errors(preview)
        assert self.count(screens) == before
        assert client.post(url, {"text": text, "confirmed": "1"}).status_code == 302
        assert self.count(screens) == before + 1

    def test_import_with_one_wrong_row_keeps_nothing(
        self, world: World, client: WebClient, screens: Resource
    ) -> None:
        url = self.url(screens, "import")
        good = self.as_csv(self.typed(world))
        wrong = ";" * good.splitlines()[0].count(";")
        before = self.count(screens)
        answer = client.post(url, {"text": f"{good}\n{wrong}x", "confirmed": "1"})
        assert answer.status_code == 422
        assert "table-danger" in answer.content.decode()
        assert self.count(screens) == before

    def as_csv(self, typed: dict[str, Any]) -> str:
        """The typed values as a file: keys of related rows as #id, several values with |."""
        cells = {}
        form = self.resource.form
        assert form is not None
        for name, value in typed.items():
            declared = form.base_fields.get(name)
            related = hasattr(declared, "queryset")
            parts = value if isinstance(value, list) else [value]
            cells[name] = "|".join(f"#{part}" if related else str(part) for part in parts)
        out = io.StringIO()
        writer = csv.writer(out, delimiter=";", lineterminator="\n")
        writer.writerow(cells)
        writer.writerow(["sim" if cell == "on" else cell for cell in cells.values()])
        return out.getvalue().strip("\n")

    def errors(self, answer: Any) -> str:
        """What the page complains about, for a failing test's message."""
        context = getattr(answer, "context", None)
        form = context.get("form") if context else None
        rows = [row.errors for row in context.get("rows") or []] if context else []
        return f"{getattr(form, 'errors', '')} {context.get('errors') if context else ''} {rows}"
