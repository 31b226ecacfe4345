"""Documents, read once: the same few texts come again and again."""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    StringValueNode,
    Visitor,
    parse,
    validate,
    visit,
)

from stackyard.graphql.leniency import without_empty_arguments
from stackyard.graphql.limits import DEFAULT, Limits, check

KEPT: Final = 512
LONGEST_KEPT: Final = 20_000
MOST_ERRORS: Final = 20
_ESCAPE: Final = "\\u"  # the one way to write NUL, which the language has no room for


@dataclass(slots=True)
class Document:
    """A document within the limits. It is validated when somebody known asks."""

    node: DocumentNode
    problems: Sequence[GraphQLError] | None = None

    def validate(self, schema: GraphQLSchema) -> Sequence[GraphQLError]:
        if self.problems is None:
            self.problems = validate(schema, self.node, max_errors=MOST_ERRORS)
        return self.problems

    def operation(self, name: str | None) -> OperationDefinitionNode | None:
        """Return the operation that will be carried out, or None if that is unclear."""
        operations = [
            node
            for node in self.node.definitions
            if isinstance(node, OperationDefinitionNode)
            and (name is None or (node.name and node.name.value == name))
        ]
        return operations[0] if len(operations) == 1 else None

    def root_fields(self, operation: OperationDefinitionNode) -> set[str]:
        fragments = {
            node.name.value: node.selection_set
            for node in self.node.definitions
            if isinstance(node, FragmentDefinitionNode)
        }
        return set(_names(operation.selection_set, fragments, set()))


def _names(
    selected: SelectionSetNode,
    fragments: dict[str, SelectionSetNode],
    seen: set[str],
) -> Iterator[str]:
    for node in selected.selections:
        match node:
            case FieldNode():
                yield node.name.value
            case InlineFragmentNode():
                yield from _names(node.selection_set, fragments, seen)
            case FragmentSpreadNode() if node.name.value not in seen:
                seen.add(node.name.value)
                if node.name.value in fragments:
                    inner = fragments[node.name.value]
                    yield from _names(inner, fragments, seen)


@dataclass(slots=True)
class Documents:
    """The last `KEPT` documents, parsed. Raises `GraphQLError` for what is no query."""

    limits: Limits = DEFAULT
    kept: OrderedDict[str, Document] = field(default_factory=OrderedDict)

    def read(self, text: str) -> Document:
        if text in self.kept:
            self.kept.move_to_end(text)
            return self.kept[text]
        document = Document(self._parse(text))
        if len(text) <= LONGEST_KEPT:
            self.kept[text] = document
            if len(self.kept) > KEPT:
                self.kept.popitem(last=False)
        return document

    def _parse(self, text: str) -> DocumentNode:
        if len(text) > self.limits.characters:
            most = self.limits.characters
            raise GraphQLError(f"The query is longer than {most} characters.")
        try:
            node = parse(without_empty_arguments(text), max_tokens=self.limits.tokens)
            problem = check(node, self.limits)
            if problem is None and _ESCAPE in text:
                visit(node, _NoNul())
        except GraphQLSyntaxError:
            raise
        except RecursionError:
            raise GraphQLError("The query is too deeply nested.") from None
        if problem is not None:
            raise problem
        return node


class _NoNul(Visitor):
    """Refuse the one character that nothing here can store."""

    def enter_string_value(self, node: StringValueNode, *_: object) -> None:
        if "\0" in node.value:
            raise GraphQLError(
                "The query holds a NUL character, which nothing here can store.",
                node,
                extensions={"code": "INVALID", "facts": {}},
            )
