"""A resolver's context with only what a test needs; touching the rest is an error."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any, cast

from stackyard.graphql.context import Context, Means
from stackyard.graphql.loaders import Loaders
from stackyard.kernel.access import Subject
from stackyard.kernel.caller import Place
from stackyard.kernel.site import Site
from stackyard.unit import OpenUnit
from stackyard.vcs import Contents, Pushes


def small_context(
    open_unit: Callable[[], AbstractAsyncContextManager[Any]],
    subject: Subject,
    *,
    contents: Contents | None = None,
    pushes: Pushes | None = None,
) -> Context:
    opener = cast("OpenUnit", open_unit)
    means = Means(
        state_files=cast("Any", None),
        state_links=cast("Any", None),
        log_files=cast("Any", None),
        provider_files=cast("Any", None),
        contents=cast("Contents", contents),
        pushes=cast("Pushes", pushes),
        heads=cast("Any", None),
        local_workspaces=cast("Any", None),
        module_code=cast("Any", None),
        evaluations=cast("Any", None),
        audit_webhook=cast("Any", None),
        key_exchange=cast("Any", None),
        site=Site("http://stackyard.test", "acme"),
        clock=lambda: datetime(2030, 1, 1, tzinfo=UTC),
    )
    loaders = Loaders(opener, subject)
    return Context(opener, opener, subject, loaders, means, {}, Place(""))
