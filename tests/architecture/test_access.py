"""Default deny: what does not say what it needs keeps the process from starting."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from ariadne import (
    ObjectType,
    load_schema_from_path,
    make_executable_schema,
)
from graphql import GraphQLSchema, get_introspection_query, graphql_sync, parse
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from tests.architecture.test_shape import services

import stackyard.graphql.schema as graph
from stackyard.composition import LONG_LIVED
from stackyard.graphql.needs import is_open, read_needs
from stackyard.http.app import build_app
from stackyard.http.condition import Condition
from stackyard.http.health import instrumentation_app
from stackyard.http.routes import DeclaredRoute, route
from stackyard.kernel.access import Action, Subject
from stackyard.kernel.needs import (
    Rule,
    UndeclaredError,
    ensure_declared,
    needs,
    needs_of,
    services_of,
    use_cases,
)
from stackyard.kernel.site import Site
from stackyard.unit import Unit

SITE = Site("https://stackyard.example", "acme")
FOLDER = Path(graph.__file__).parent


def with_more(sdl: str, *bindables: ObjectType) -> GraphQLSchema:
    """Return our schema and more, as it is before anybody reads what it needs."""
    return make_executable_schema(
        [load_schema_from_path(FOLDER), sdl],
        *(bindable for noun in graph.NOUNS for bindable in noun.bindables),
        *bindables,
        convert_names_case=True,
    )


async def answer(_request: Request) -> Response:
    return Response()


def test_a_query_that_declares_nothing_stops_the_start() -> None:
    with pytest.raises(UndeclaredError, match=r"Query\.secrets"):
        read_needs(with_more("extend type Query { secrets: [String!]! }"))


def test_all_that_declares_nothing_is_named_at_once() -> None:
    sdl = "extend type Query { a: Int } extend type Mutation { b: Int }"
    with pytest.raises(UndeclaredError) as stopped:
        read_needs(with_more(sdl))
    assert stopped.value.names == ["Query.a", "Mutation.b"]


def test_a_field_with_its_own_resolver_that_declares_nothing_stops_the_start() -> None:
    stack = ObjectType("Stack")
    stack.set_field("secret", lambda *_: "open")
    with pytest.raises(UndeclaredError, match=r"Stack\.secret"):
        read_needs(with_more("extend type Stack { secret: String }", stack))


def test_a_root_field_has_no_parent_to_be_allowed_by() -> None:
    sdl = "extend type Query { secrets: Int @needs(rule: PARENT) }"
    with pytest.raises(UndeclaredError, match=r"Query\.secrets"):
        read_needs(with_more(sdl))


def test_a_field_that_declares_starts() -> None:
    sdl = "extend type Query { open: Int @needs(rule: ANYBODY) }"
    schema = read_needs(with_more(sdl))
    assert schema.query_type
    assert "open" in schema.query_type.fields


def test_clients_do_not_see_what_is_declared() -> None:
    result = graphql_sync(graph.build_schema(), get_introspection_query())
    said = str(result.data)
    assert result.errors is None
    assert "'needs'" not in said
    assert "'AccessRule'" not in said


@pytest.mark.parametrize("silent", [Route("/new", answer), Mount("/new", Starlette())])
def test_a_route_that_declares_nothing_stops_the_start(silent: Any) -> None:
    declared = route("/old", answer, needs=Rule.ANYBODY)
    with pytest.raises(UndeclaredError) as stopped:
        build_app([declared, silent], site=SITE)
    assert stopped.value.names == ["/new"]


def test_the_probes_declare_too() -> None:
    routes = instrumentation_app(Condition()).routes
    assert {type(one) for one in routes} == {DeclaredRoute}


class Silent:
    async def reveal(self, *, by: Subject) -> int:
        return len(by.id)

    @needs(Action.SPACE_READ)
    async def look(self, *, by: Subject) -> int:
        return len(by.id)


@dataclass(frozen=True)
class UnitWithMore(Unit):
    @cached_property
    def silent(self) -> Silent:
        return Silent()


def test_a_use_case_that_declares_nothing_stops_the_start() -> None:
    with pytest.raises(UndeclaredError) as stopped:
        ensure_declared(*services_of(UnitWithMore), *LONG_LIVED)
    assert stopped.value.names == ["Silent.reveal"]


def test_a_use_case_that_takes_no_subject_cannot_declare_an_action() -> None:
    async def reveal() -> int:
        return 1

    with pytest.raises(TypeError, match="takes no subject"):
        needs(Action.SPACE_READ)(reveal)


@pytest.mark.parametrize("service", list(services()), ids=lambda found: found.__name__)
def test_every_use_case_declares_what_it_needs(service: type) -> None:
    """Also of services that nobody builds at the start."""
    found = dict(use_cases(service))
    assert [name for name, method in found.items() if needs_of(method) is None] == []


def test_nobody_is_asked_for_introspection_and_few_fields_more() -> None:
    schema = graph.build_schema()
    opened = [
        name
        for kind in parse("query { a } mutation { b }").definitions
        for name in _names(schema, kind.operation)  # type: ignore[attr-defined]
        if is_open(schema, kind.operation, name)  # type: ignore[attr-defined]
    ]
    assert sorted(opened) == ["apiKeyUser", "debugInfo", "oauthUser", "viewer"]


def _names(schema: GraphQLSchema, operation: Any) -> list[str]:
    root = schema.get_root_type(operation)
    assert root is not None
    return [*root.fields, "__schema", "__type"]
