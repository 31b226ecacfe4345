"""What stacks manage in the graph: Terraform's kinds, since workers run no other."""

from typing import Any

from ariadne import ObjectType, UnionType

from stackyard.graphql.context import Info
from stackyard.runs import Run
from stackyard.stacks import Stack
from stackyard.state import (
    ManagedEntity,
    Module,
    StackOutput,
    StackResource,
    entities,
)

stack = ObjectType("Stack")
entity = ObjectType("ManagedEntity")
vendor = UnionType("EntityVendor")
terraform = UnionType("TerraformEntity")
output = ObjectType("TerraformOutput")
output.set_alias("hash", "digest")
resource = ObjectType("TerraformResource")
resource.set_alias("values", "attributes")
bindables = [stack, entity, vendor, terraform, output, resource]

# Engines that are not built yet: what they would say of everything today.
for _field in ("drifted", "thirdPartyMetadata"):
    entity.set_field(_field, lambda *_: None)


@vendor.type_resolver
def resolve_vendor_type(_vendor: dict[str, Any], *_: Any) -> str:
    return "EntityVendorTerraform"


@terraform.type_resolver
def resolve_terraform_type(thing: StackResource | StackOutput | Module, *_: Any) -> str:
    match thing:
        case StackResource():
            return "TerraformResource"
        case StackOutput():
            return "TerraformOutput"
        case Module():
            return "TerraformModule"


@stack.field("entities")
async def resolve_entities(root: Stack, info: Info) -> list[ManagedEntity]:
    loaders = info.context.loaders
    resources = await loaders.resources.load(root.id)
    return entities(resources, await loaders.outputs.load(root.id))


@entity.field("vendor")
def resolve_vendor(root: ManagedEntity, _info: Info) -> dict[str, Any]:
    return {"terraform": root.thing}


@entity.field("creator")
async def resolve_creator(root: ManagedEntity, info: Info) -> Run | None:
    known = root.creator_id
    return await info.context.loaders.some_runs.load(known) if known else None


@entity.field("updater")
async def resolve_updater(root: ManagedEntity, info: Info) -> Run | None:
    known = root.updater_id
    return await info.context.loaders.some_runs.load(known) if known else None
