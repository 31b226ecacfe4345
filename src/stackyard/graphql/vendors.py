"""The union of the tools' settings, and which versions of the tools there are."""

from typing import Any

from ariadne import QueryType, UnionType

from stackyard.graphql.context import Info
from stackyard.stacks import ReleasedTool, Vendor, released, vendor_name

vendor_config = UnionType("StackConfigVendor")
query = QueryType()
bindables = [query, vendor_config]


@vendor_config.type_resolver
def resolve_vendor_type(vendor: Vendor, *_: Any) -> str:
    return f"StackConfigVendor{vendor_name(vendor)}"


@query.field("kubectlVersions")
async def resolve_kubectl(_root: None, _info: Info) -> list[str]:
    return released(ReleasedTool.KUBECTL)


@query.field("openTofuVersions")
async def resolve_opentofu(_root: None, _info: Info) -> list[str]:
    return released(ReleasedTool.OPENTOFU)


@query.field("terraformVersions")
async def resolve_terraform(_root: None, _info: Info) -> list[str]:
    return released(ReleasedTool.TERRAFORM)


@query.field("terragruntVersions")
async def resolve_terragrunt(_root: None, _info: Info) -> list[str]:
    return released(ReleasedTool.TERRAGRUNT)
