from importlib.metadata import PackageNotFoundError, version

from ariadne import QueryType

from stackyard.graphql.context import Info

query = QueryType()
bindables = [query]


@query.field("debugInfo")
async def resolve_debug_info(_root: None, _info: Info) -> dict[str, str]:
    return {"self_hosted_version": _version()}


def _version() -> str:
    try:
        return version("stackyard")
    except PackageNotFoundError:  # a checkout that was not installed
        return "0.0.0"
