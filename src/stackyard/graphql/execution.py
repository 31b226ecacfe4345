"""Carry out one request to the graph. Knows nothing of HTTP.

The answer is always an object with `data`, and `errors` if there are any: existing
clients take any other shape for a broken server.
"""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    execute,
)

from stackyard.graphql.context import Context, Means
from stackyard.graphql.documents import Document, Documents
from stackyard.graphql.errors import foreseen, is_absence, present
from stackyard.graphql.leniency import with_empty_lists
from stackyard.graphql.loaders import Loaders
from stackyard.graphql.needs import is_open
from stackyard.kernel.access import NOBODY
from stackyard.kernel.caller import Caller
from stackyard.kernel.errors import UnauthorizedError, UnavailableError
from stackyard.unit import OpenUnit

SECONDS: Final = 60.0
Answer = dict[str, Any]


class TooSlowError(UnavailableError):
    """The request took too long and was given up."""


@dataclass(frozen=True, slots=True)
class Graph:
    schema: GraphQLSchema
    open_unit: OpenUnit
    means: Means
    documents: Documents = field(default_factory=Documents)
    seconds: float = SECONDS
    open_list: OpenUnit | None = None  # if lists are read elsewhere

    async def answer(
        self,
        query: str,
        *,
        variables: dict[str, Any] | None = None,
        operation_name: str | None = None,
        caller: Caller,
    ) -> Answer:
        """Return `data`, and `errors` if there are any."""
        try:
            document = self.documents.read(query)
        except GraphQLError as error:
            return _refused(present(error))
        operation = document.operation(operation_name)
        if caller.subject is NOBODY and not self._is_open(document, operation):
            return _refused(foreseen(caller.refusal or UnauthorizedError()))
        problems = document.validate(self.schema)
        if problems:
            return _refused(*(present(problem) for problem in problems))
        if operation is not None and variables:
            variables = with_empty_lists(self.schema, operation, variables)
        result = await self._execute(document, variables, operation_name, caller)
        if isinstance(result, UnavailableError):
            return _refused(foreseen(result))
        return _answer(result, operation)

    def _is_open(
        self, document: Document, operation: OperationDefinitionNode | None
    ) -> bool:
        """Introspection, too, is for those we know."""
        return operation is not None and all(
            is_open(self.schema, operation.operation, name)
            for name in document.root_fields(operation)
        )

    async def _execute(
        self,
        document: Document,
        variables: dict[str, Any] | None,
        operation_name: str | None,
        caller: Caller,
    ) -> ExecutionResult | UnavailableError:
        try:
            async with asyncio.timeout(self.seconds):
                result = execute(
                    self.schema,
                    document.node,
                    context_value=Context(
                        self.open_unit,
                        self.open_list or self.open_unit,
                        caller.subject,
                        Loaders(
                            self.open_unit, caller.subject, open_list=self.open_list
                        ),
                        self.means,
                        caller.headers,
                        caller.place,
                    ),
                    variable_values=variables,
                    operation_name=operation_name,
                )
                return await result if isinstance(result, Awaitable) else result
        except TimeoutError:
            return TooSlowError(seconds=self.seconds)


def _refused(*errors: Answer) -> Answer:
    return {"data": None, "errors": list(errors)}


def _answer(
    result: ExecutionResult, operation: OperationDefinitionNode | None
) -> Answer:
    errors: Sequence[GraphQLError] = result.errors or ()
    if operation is not None and operation.operation is OperationType.QUERY:
        errors = [one for one in errors if not _only_absent(one, result.data)]
    said = [present(error) for error in errors]
    return {"data": result.data} | ({"errors": said} if said else {})


def _only_absent(error: GraphQLError, data: Any) -> bool:
    """Say whether the null that stands in the answer says it all.

    Queries answer null for what does not exist; only where the schema forbids a null
    there, and so a larger part is lost, is it an error.
    """
    if not is_absence(error) or error.path is None:
        return False
    place = data
    for key in error.path:
        if place is None:
            return False
        place = place[key]
    return place is None
