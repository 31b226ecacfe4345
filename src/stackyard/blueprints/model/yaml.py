"""Bodies as data: the part of YAML 1.2 that is JSON, and within limits.

`on` and `no` are texts here, and so is what looks like a date. References (`*x`) could
make much out of little, and tags (`!!x`) something else than JSON: neither is taken.
"""

import re
from collections.abc import Hashable
from typing import Any, Final

import yaml

from stackyard.blueprints.errors import BodyProblemsError

LONGEST: Final = 256 * 1024  # once everything is filled in
DEEPEST: Final = 32
MOST_EVENTS: Final = 10_000
_TAGS: Final = {None, "tag:yaml.org,2002:str"}  # `!!str 5` is what `"5"` is


class _Loader(yaml.CSafeLoader):  # type: ignore[misc]  # it has no types
    """Knows of true, false, null and numbers; everything else plain is text."""

    def construct_mapping(
        self,
        node: yaml.MappingNode,
        deep: bool = False,  # noqa: FBT001, FBT002 - theirs
    ) -> dict[Hashable, Any]:
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or not key.tag.endswith(":str"):
                raise yaml.MarkedYAMLError(None, None, "a key must be text", _at(key))
            if key.value in seen:
                raise yaml.MarkedYAMLError(None, None, "a key is there twice", _at(key))
            seen.add(key.value)
        made: dict[Hashable, Any] = super().construct_mapping(node, deep=deep)
        return made


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"[-+]?(?:0|[1-9][0-9]{0,18})", "-+0123456789"),
    (
        "float",
        r"[-+]?(?:(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+)",
        "-+.0123456789",
    ),
):
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), list(_first)
    )


def read_yaml(body: str) -> Any:
    """Return what the body says, or raise `BodyProblemsError`.

    An error quotes nothing of the body: there may be secrets in it by now.
    """
    try:
        _check_limits(body)
        return yaml.load(body, _Loader)  # noqa: S506 - a safe loader of our own
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"line {mark.line + 1}: " if mark else ""
        raise BodyProblemsError(f"{where}not YAML: {_words(error)}") from None
    except (yaml.YAMLError, ValueError):
        raise BodyProblemsError("not YAML: it has characters that are none") from None


def _check_limits(body: str) -> None:
    if len(body) > LONGEST:
        raise BodyProblemsError(f"more than {LONGEST} characters")
    depth = 0
    for count, event in enumerate(yaml.parse(body, yaml.CSafeLoader)):
        if isinstance(event, yaml.AliasEvent):
            raise BodyProblemsError(
                f"line {event.start_mark.line + 1}: references to anchors are not taken"
            )
        if getattr(event, "tag", None) not in _TAGS:
            raise BodyProblemsError(
                f"line {event.start_mark.line + 1}: no tags are taken but !!str"
            )
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise BodyProblemsError(f"nested more than {DEEPEST} deep")
        if count > MOST_EVENTS:
            raise BodyProblemsError(f"more than {MOST_EVENTS} values")


def _words(error: yaml.MarkedYAMLError) -> str:
    """Return the parser's own words, without what it quotes in them."""
    return re.sub(r"\s*'[^']*'", "", error.problem or "it cannot be read")


def _at(node: yaml.Node) -> yaml.Mark:
    return node.start_mark
