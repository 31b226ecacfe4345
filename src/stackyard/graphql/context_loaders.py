"""What lists join in about what stacks share."""

from functools import cached_property

from stackyard.contexts import ContextElement
from stackyard.graphql.batches import Batches, nothing
from stackyard.graphql.loader import Loader
from stackyard.kernel.ids import ContextId, StackId
from stackyard.stacks import AttachedContext, Given


class ContextLoaders(Batches):
    @cached_property
    def given(self) -> Loader[StackId, list[Given]]:
        return self._loader(
            lambda u, keys: u.stack_contexts.given(keys, by=self._by), lambda _: []
        )

    @cached_property
    def attached_contexts(self) -> Loader[StackId, list[AttachedContext]]:
        return self._loader(
            lambda u, keys: u.stack_contexts.of(keys, by=self._by), lambda _: []
        )

    @cached_property
    def stacks_having(self) -> Loader[ContextId, list[AttachedContext]]:
        return self._loader(
            lambda u, keys: u.stack_contexts.having(keys, by=self._by), lambda _: []
        )

    @cached_property
    def context_elements(self) -> Loader[tuple[ContextId, str], ContextElement | None]:
        return self._loader(
            lambda u, keys: u.context_config.some(keys, by=self._by), nothing
        )

    @cached_property
    def context_config(self) -> Loader[ContextId, list[ContextElement]]:
        return self._loader(
            lambda u, keys: u.context_config.of(keys, by=self._by), lambda _: []
        )
