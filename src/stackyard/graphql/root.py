from importlib.metadata import PackageNotFoundError, version
from typing import Final

from ariadne import QueryType

from stackyard.graphql.context import Info

# The release of the self-hosted product whose API is spoken here. The command line
# hides what is newer than the version it hears; ours would hide nearly everything.
SPOKEN: Final = "6.0.0"

query = QueryType()
bindables = [query]


@query.field("debugInfo")
async def resolve_debug_info(_root: None, _info: Info) -> dict[str, str]:
    """Say our own version behind the `+`, where no comparison looks."""
    own = _version().replace("+", ".")
    return {"self_hosted_version": f"{SPOKEN}+stackyard.{own}"}


def _version() -> str:
    try:
        return version("stackyard")
    except PackageNotFoundError:  # a checkout that was not installed
        return "0.0.0"
