"""How large a document may be. Counted as it would be carried out.

Fragments are weighed once and multiplied, so that a short document that spreads them
into millions of fields is refused in the time it takes to read it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)


@dataclass(frozen=True, slots=True)
class Limits:
    characters: int = 1_000_000
    tokens: int = 10_000
    depth: int = 20
    fields: int = 5_000
    aliases: int = 200
    roots: int = 50


DEFAULT: Final = Limits()


@dataclass(frozen=True, slots=True)
class Weight:
    """What a selection amounts to, fragments spread out."""

    depth: int = 0
    fields: int = 0
    aliases: int = 0
    roots: int = 0

    def beside(self, other: "Weight") -> "Weight":
        return Weight(
            max(self.depth, other.depth),
            self.fields + other.fields,
            self.aliases + other.aliases,
            self.roots + other.roots,
        )


def check(document: DocumentNode, limits: Limits) -> GraphQLError | None:
    """Return what is too much about the document, if anything is."""
    scale = _Scale(
        {
            node.name.value: node
            for node in document.definitions
            if isinstance(node, FragmentDefinitionNode)
        }
    )
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode):
            weight = scale.selection(node.selection_set)
            for name in ("depth", "fields", "aliases", "roots"):
                found, most = getattr(weight, name), getattr(limits, name)
                if found > most:
                    return GraphQLError(_SAID[name].format(found=found, most=most))
    return None


_SAID: Final = {
    "depth": "The query is {found} levels deep; {most} are allowed.",
    "fields": "The query asks for {found} fields; {most} are allowed.",
    "aliases": "The query has {found} aliases; {most} are allowed.",
    "roots": "The query has {found} fields at the top; {most} are allowed.",
}


@dataclass(slots=True)
class _Scale:
    fragments: Mapping[str, FragmentDefinitionNode]
    known: dict[str, Weight] = field(default_factory=dict)

    def selection(self, selected: SelectionSetNode | None) -> Weight:
        total = Weight()
        for node in selected.selections if selected else ():
            match node:
                case FieldNode():
                    total = total.beside(self._field(node))
                case InlineFragmentNode():
                    total = total.beside(self.selection(node.selection_set))
                case FragmentSpreadNode():
                    total = total.beside(self._fragment(node.name.value))
        return total

    def _field(self, node: FieldNode) -> Weight:
        inner = self.selection(node.selection_set)
        return Weight(
            inner.depth + 1,
            inner.fields + 1,
            inner.aliases + (node.alias is not None),
            1,
        )

    def _fragment(self, name: str) -> Weight:
        if name not in self.known:
            # a circle weighs nothing here; validation refuses it with a better text
            self.known[name] = Weight()
            if name in self.fragments:
                self.known[name] = self.selection(self.fragments[name].selection_set)
        return self.known[name]
