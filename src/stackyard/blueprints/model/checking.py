"""What is wrong with a body, by its schema: the place, and what to do. No value is
quoted, since it may be a secret."""

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from stackyard.blueprints.model.expressions import has_hole

MOST: Final = 20
_KINDS: Final = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "object": "a mapping",
    "string": "text: quote it",
}


def _unique(
    _validator: Any,
    wanted: bool,  # noqa: FBT001 - theirs
    values: Any,
    _schema: Any,
) -> Iterator[ValidationError]:
    """The library compares each with each once they are not all of one kind."""
    texts = [one for one in values if isinstance(one, str)]
    if wanted and len(set(texts)) < len(texts):
        yield ValidationError("not unique")


_Validator: Final = extend(Draft7Validator, {"uniqueItems": _unique})


def schema_problems(body: Any, schema: dict[str, Any]) -> list[str]:
    """Return what is wrong. Of what an expression decides nothing is said."""
    found: list[str] = []
    for error in _Validator(schema).iter_errors(body):
        if _is_open(error):
            continue
        if error.validator == "oneOf" and not isinstance(error.instance, dict):
            continue  # which is said already
        place = place_of(error.absolute_path)
        found.append(f"{place}: {_said(error)}" if place else _said(error))
        if len(found) == MOST:
            return [*found, "and more"]
    return found


def _is_open(error: ValidationError) -> bool:
    """Whether it is still to be filled in; what is around it is there already."""
    whole = isinstance(error.instance, str) or error.validator == "uniqueItems"
    return whole and has_hole(error.instance)


def place_of(way: Any) -> str:
    return ".".join(str(step) for step in way)


def _said(error: ValidationError) -> str:
    say = _WORDS.get(str(error.validator))
    return say(error) if say else "is not as the schema says"


def _type(error: ValidationError) -> str:
    kinds = error.validator_value
    kinds = [kinds] if isinstance(kinds, str) else kinds
    return "must be " + " or ".join(_KINDS[kind] for kind in kinds)


def _missing(error: ValidationError) -> str:
    # the library says one error for each; its message quotes the schema only
    name = re.match(r"'(\w+)'", error.message)
    return f"needs {name[1] if name else 'more'}"


def _unknown(error: ValidationError) -> str:
    known = sorted(error.schema["properties"])
    extra = sorted(set(error.instance) - set(known))
    return f"has no {', '.join(extra)}: only {', '.join(known)}"


def _one_of(error: ValidationError) -> str:
    names = [" and ".join(one["required"]) for one in error.validator_value]
    return f"needs one of {', '.join(names)}, and only one"


def _count(words: str) -> Callable[[ValidationError], str]:
    return lambda error: words.format(error.validator_value)


_WORDS: Final[dict[str, Callable[[ValidationError], str]]] = {
    "additionalProperties": _unknown,
    "enum": lambda error: f"must be one of {', '.join(error.validator_value)}",
    "maxItems": _count("has at most {}"),
    "maxProperties": _count("has at most {} of these"),
    "minItems": _count("has at least {}"),
    "minLength": lambda _: "must not be empty",
    "minProperties": _count("needs {} of these"),
    "minimum": _count("must be {} or more"),
    "maximum": _count("must be {} or less"),
    "oneOf": _one_of,
    "pattern": lambda _: "must be five fields of a cron schedule",
    "required": _missing,
    "type": _type,
    "uniqueItems": lambda _: "must not name the same thing twice",
}


def duplicates(values: list[str]) -> Iterator[str]:
    seen: set[str] = set()
    for value in values:
        if value in seen:
            yield value
        seen.add(value)
