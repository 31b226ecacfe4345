"""Ask the whole server for anything in anybody's name, and say how it answered."""

import base64
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
from graphql import (
    GraphQLField,
    GraphQLNamedType,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)
from scripts.access_matrix import (
    DENIED,
    EMPTY,
    FOUND_BY,
    LEGEND,
    MISSING,
    NO,
    NULL,
    OWN,
    WHO,
    YES,
)

from stackyard.graphql.needs import field_needs, fields_of
from stackyard.graphql.schema import build_schema
from stackyard.http.authentication import CSRF_HEADER
from stackyard.kernel.actions import Action
from stackyard.kernel.needs import Need, Rule, asking
from tests.support.calls import ARGUMENTS, INSTEAD, ROOTS, ROUTES, Request
from tests.support.whole import whole
from tests.support.world import World, filled

SCHEMA: Final = build_schema()
FIELDS: Final = {f"{owner}.{name}": one for owner, name, one in fields_of(SCHEMA)}
_GONE: Final = object()  # what it is part of was not there
_DEEPEST: Final = 3


@dataclass(frozen=True)
class Answer:
    """An error's class and words, or a value."""

    error: str = ""
    words: str = ""
    value: Any = None
    asked: frozenset[Need] = frozenset()


@dataclass
class Asking:
    world: World
    client: httpx.AsyncClient
    answers: dict[tuple[str, str], Answer] = field(default_factory=dict)
    said: dict[str, Answer] = field(default_factory=dict)
    together: dict[tuple[str, str], dict[str, Answer]] = field(default_factory=dict)

    async def field(
        self, full: str, who: str, names: Mapping[str, str] | None = None
    ) -> Answer:
        """Return the answer; what is asked of the world as it is, is asked once."""
        if names is not None:
            return await self._ask(full, who, names)
        if (full, who) not in self.answers:
            self.answers[full, who] = await self._ask(full, who, self.world.names)
        return self.answers[full, who]

    async def _ask(self, full: str, who: str, names: Mapping[str, str]) -> Answer:
        query, path = query_of(full)
        body = {"query": filled(query, names)}
        async with self.world.whole.database.rewound():
            with asking() as asked:
                response = await self.client.post(
                    "/graphql", json=body, headers=self.world.headers[who]
                )
        said = response.json()
        if "errors" in said:
            first = said["errors"][0]
            return Answer(_class_of(first), first["message"], asked=frozenset(asked))
        return Answer(value=_dig(said["data"], path), asked=frozenset(asked))

    def names_what_is_at_home(self, full: str) -> bool:
        query, _path = query_of(full)
        world = self.world
        return filled(query, world.names) != filled(query, world.with_ghosts)

    async def outcome(self, full: str, who: str) -> str:
        answer = await self._part(full, who)
        if answer.error:
            return answer.error
        if who == "root":
            return YES
        if self._did_nothing(full, answer):
            return NULL
        reference = await self._reference(full)
        return self._compare(answer.value, reference.value)

    async def _part(self, full: str, who: str) -> Answer:
        """Return the answer to one field, which may have been asked with others.

        Fields that are seen by whoever sees what they are part of come in one answer,
        unless one of them is an error: then each is asked by itself.
        """
        owner = full.partition(".")[0]
        if not _goes_with_others(full):
            return await self.field(full, who)
        if (owner, who) not in self.together:
            self.together[owner, who] = await self._all_of(owner, who)
        found = self.together[owner, who]
        return found[full] if found else await self.field(full, who)

    async def _all_of(self, owner: str, who: str) -> dict[str, Answer]:
        names = [one for one in FIELDS if one.startswith(f"{owner}.")]
        names = [one for one in names if _goes_with_others(one)]
        parts = [f"p{n}: {_asked(one)}" for n, one in enumerate(names)]
        above = [_called(one, None) for one in FOUND_BY[owner]]
        query = " { ".join(["", *above, " ".join(parts)]) + " }" * (len(above) + 1)
        path = [one.partition(".")[2] for one in FOUND_BY[owner]]
        async with self.world.whole.database.rewound():
            response = await self.client.post(
                "/graphql",
                json={"query": filled(query, self.world.names)},
                headers=self.world.headers[who],
            )
        said = response.json()
        if "errors" in said:
            first = said["errors"][0]
            above_all = len(first.get("path") or ()) <= len(path)
            same = Answer(_class_of(first), first["message"])
            return dict.fromkeys(names, same) if above_all else {}
        return {
            one: Answer(value=_dig(said["data"], [*path, f"p{number}"]))
            for number, one in enumerate(names)
        }

    def _did_nothing(self, full: str, answer: Answer) -> bool:
        """Say whether it was not even asked about what is done to a thing: none is."""
        needs = field_needs(FIELDS[full])
        of_a_thing = full.startswith("Mutation.") and needs <= set(Action)
        return of_a_thing and needs.isdisjoint(answer.asked)

    async def _reference(self, full: str) -> Answer:
        if full not in self.said:
            self.said[full] = await self._part(full, "root")
        return self.said[full]

    def _compare(self, value: Any, reference: Any) -> str:
        if value is _GONE or (value is None and reference is not None):
            return NULL
        if value in ("", []) and reference not in ("", []):
            return EMPTY
        if self._is_home(reference) and not self._is_home(value):
            return OWN if '"id"' in json.dumps(value) else EMPTY
        return YES

    def _is_home(self, value: Any) -> bool:
        text = json.dumps(value, default=str)
        return any(f'"{one}"' in text for one in self.world.at_home)

    async def route(self, name: str, who: str) -> str:
        method, _, path = name.partition(" ")
        request = ROUTES.get(name) or Request(re.sub(r"\{[^}]*\}", "x", path))
        names = self.world.names
        headers = {**request.headers, **self.world.headers[who]}
        if who == "crossed":
            headers.pop(CSRF_HEADER, None)
        if request.basic and "authorization" in headers:
            headers["authorization"] = _basic(headers["authorization"])
        async with self.world.whole.database.rewound():
            response = await self.client.request(
                method,
                filled(request.url, names),
                content=filled(request.body.decode(), names).encode(),
                headers=headers,
            )
        return _class_of_response(response)


@asynccontextmanager
async def everybody(url: str, folder: Path) -> AsyncIterator[Asking]:
    async with whole(url, folder) as server:
        world = await World(server).build()
        async with server.client() as client:
            yield Asking(world, client)


def table(text: str) -> dict[str, dict[str, str]]:
    """Read the page: what is asked → who asks → the outcome."""
    rows: dict[str, dict[str, str]] = {}
    for line in text.splitlines():
        if line.startswith("| `"):
            name, _needs, *outcomes = [cell.strip() for cell in line.split("|")[1:-1]]
            rows[name.strip("`")] = dict(zip(WHO, outcomes, strict=True))
    assert {said for row in rows.values() for said in row.values()} <= set(LEGEND)
    return rows


def query_of(full: str) -> tuple[str, list[str]]:
    """Return a document that asks for one field, and where its answer lies."""
    owner, _, _name = full.partition(".")
    chain = [full] if owner in {"Query", "Mutation"} else [*FOUND_BY[owner], full]
    asked = [_called(one, INSTEAD.get(full)) for one in chain]
    inner = selection(get_named_type(FIELDS[full].type))
    text = " { ".join(asked) + inner + " }" * (len(chain) - 1)
    operation = "mutation " if owner == "Mutation" else ""
    return f"{operation}{{ {text} }}", [one.partition(".")[2] for one in chain]


def _called(full: str, instead: str | None) -> str:
    owner, _, name = full.partition(".")
    if owner in {"Query", "Mutation"}:
        assert name in ROOTS, f"say in tests/support/calls.py how {full} is called"
        said = (instead if owner == "Query" else None) or ROOTS[name]
    else:
        said = ARGUMENTS.get(full, "")
    return f"{name}({said})" if said else name


def _goes_with_others(full: str) -> bool:
    part = full.partition(".")[0] not in {"Query", "Mutation"}
    return part and full not in INSTEAD and field_needs(FIELDS[full]) == {Rule.PARENT}


def _asked(full: str) -> str:
    return _called(full, None) + selection(get_named_type(FIELDS[full].type))


def selection(kind: GraphQLNamedType, depth: int = 0) -> str:
    """Select ids, as deep as need be to find some."""
    if is_leaf_type(kind):
        return ""
    if not isinstance(kind, GraphQLObjectType) or depth == _DEEPEST:
        return " { __typename }"
    if "id" in kind.fields:
        return " { id }"
    for name, one in kind.fields.items():
        inner = get_named_type(one.type)
        if isinstance(inner, GraphQLObjectType) and not wants(one):
            return f" {{ {name}{selection(inner, depth + 1)} }}"
    return " { __typename }"


def wants(one: GraphQLField) -> bool:
    return any(is_required_argument(given) for given in one.args.values())


def _dig(value: Any, path: list[str]) -> Any:
    for number, key in enumerate(path):
        if isinstance(value, list):
            value = value[0] if value else None
        if value is None:
            return _GONE if number else None
        value = value[key]
    return value


def _class_of(error: dict[str, Any]) -> str:
    message = error["message"]
    if "denied" in message:
        return DENIED
    if "unauthorized" in message:
        return NO
    if "no policy engine" in message:
        return YES  # it was let in
    code = error.get("extensions", {}).get("code")
    if code == "NOT_FOUND" or message == "not found" or "no such" in message:
        return MISSING
    return f"{code}: {message}"


def _class_of_response(response: httpx.Response) -> str:
    status, text = response.status_code, response.text
    if response.headers.get("content-type", "").startswith("text/html"):
        return YES  # a page that says how it is: no data is in it
    if status in {401, 403}:
        assert "unauthorized" in text or status == httpx.codes.UNAUTHORIZED, text
        return DENIED if "denied" in text else NO
    if status in {404, 410}:
        return MISSING
    if status in {409, 423} or status < httpx.codes.BAD_REQUEST:
        return YES  # it was let in; what it asked may not be possible now
    if status == httpx.codes.BAD_REQUEST:
        return YES  # nobody was refused before what they sent was looked at
    return f"{status}: {text}"


def _basic(bearer: str) -> str:
    token = bearer.removeprefix("Bearer ")
    return "Basic " + base64.b64encode(f"x:{token}".encode()).decode()
