"""The union of the tools' settings, going over from one to another, and versions."""

from typing import Any

from ariadne import MutationType, QueryType, UnionType

from stackyard.graphql.context import Info
from stackyard.kernel.ids import StackId
from stackyard.stacks import (
    MigratedTo,
    ReleasedTool,
    Stack,
    Vendor,
    VendorMigration,
    released,
    vendor_name,
)

vendor_config = UnionType("StackConfigVendor")
query = QueryType()
mutation = MutationType()
bindables = [query, mutation, vendor_config]


@vendor_config.type_resolver
def resolve_vendor_type(vendor: Vendor, *_: Any) -> str:
    return f"StackConfigVendor{vendor_name(vendor)}"


@mutation.field("stackMigrateVendor")
async def resolve_migrate(
    _root: None,
    info: Info,
    *,
    id: str,  # noqa: A002 - the contract's name
    target_vendor: str,
    config: dict[str, Any] | None = None,
) -> Stack:
    said = config or {}
    labels, terragrunt = said.get("labels"), said.get("terragrunt") or {}
    migration = VendorMigration(
        MigratedTo(target_vendor),
        labels=None if labels is None else tuple(labels),
        terragrunt_version=terragrunt.get("terragrunt_version") or None,
    )
    async with info.context.open_unit() as unit:
        return await unit.vendor_migrations.migrate(
            StackId(id), migration, by=info.context.subject
        )


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
