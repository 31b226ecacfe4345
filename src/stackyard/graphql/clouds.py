"""Integrations with AWS and with Azure in the graph, and which projects have them.

What is alike for both is written once, and bound for each.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from ariadne import MutationType, ObjectType, QueryType

from stackyard.clouds import (
    AttachedCloud,
    AwsIntegration,
    AwsSpec,
    AzureIntegration,
    AzureSpec,
    CloudIntegration,
    CloudSpec,
    NewAzureSpec,
    Use,
    trust_statement,
)
from stackyard.graphql.context import Info
from stackyard.kernel.ids import AttachmentId, CloudId, SpaceId, StackId

query = QueryType()
mutation = MutationType()
aws = ObjectType("AwsIntegration")
azure = ObjectType("AzureIntegration")
bindables = [query, mutation, aws, azure]

Maybe: TypeAlias = CloudIntegration | None


@dataclass(frozen=True, slots=True)
class CloudFields:
    """What is asked of the integrations of every cloud alike."""

    kind: type[CloudIntegration]

    async def find(self, _root: None, info: Info, *, id: str) -> Maybe:  # noqa: A002 - the contract's name
        by = info.context.subject
        async with info.context.open_unit() as unit:
            return await unit.clouds.find(self.kind, CloudId(id), by=by)

    async def named(self, _root: None, info: Info, *, name: str) -> Maybe:
        by = info.context.subject
        async with info.context.open_unit() as unit:
            return await unit.clouds.named(self.kind, name, by=by)

    async def every(self, _root: None, info: Info) -> Sequence[CloudIntegration]:
        by = info.context.subject
        async with info.context.open_list() as unit:
            return await unit.clouds.all(self.kind, by=by)

    async def create(self, _root: None, info: Info, **given: Any) -> CloudIntegration:
        by = info.context.subject
        async with info.context.open_unit() as unit:
            return await unit.clouds.create(self.kind, _spec(given), by=by)

    async def update(
        self,
        _root: None,
        info: Info,
        *,
        id: str,  # noqa: A002 - the contract's name
        **given: Any,
    ) -> CloudIntegration:
        by = info.context.subject
        async with info.context.open_unit() as unit:
            return await unit.clouds.update(self.kind, CloudId(id), _spec(given), by=by)

    async def delete(self, _root: None, info: Info, *, id: str) -> Maybe:  # noqa: A002 - the contract's name
        by = info.context.subject
        async with info.context.open_unit() as unit:
            return await unit.clouds.delete(self.kind, CloudId(id), by=by)

    async def attach(
        self,
        _root: None,
        info: Info,
        *,
        id: str,  # noqa: A002 - the contract's name
        stack: str,
        **given: Any,
    ) -> AttachedCloud:
        by = info.context.subject
        async with info.context.open_unit() as unit:
            return await unit.cloud_attachments.attach(
                self.kind, CloudId(id), StackId(stack), _use(given), by=by
            )

    async def update_attachment(
        self,
        _root: None,
        info: Info,
        *,
        id: str,  # noqa: A002 - the contract's name
        **given: Any,
    ) -> AttachedCloud:
        by = info.context.subject
        async with info.context.open_unit() as unit:
            return await unit.cloud_attachments.update(
                self.kind, AttachmentId(id), _use(given), by=by
            )

    async def detach(
        self,
        _root: None,
        info: Info,
        *,
        id: str,  # noqa: A002 - the contract's name
    ) -> AttachedCloud | None:
        by = info.context.subject
        async with info.context.open_unit() as unit:
            return await unit.cloud_attachments.detach(
                self.kind, AttachmentId(id), by=by
            )


def _bind(noun: str, kind: type[CloudIntegration], owner: ObjectType) -> None:
    """Answer the root fields that begin with *noun*, and those of the type *owner*."""
    fields = CloudFields(kind)
    query.set_field(noun, fields.find)
    query.set_field(f"{noun}ByName", fields.named)
    query.set_field(f"{noun}s", fields.every)
    mutation.set_field(f"{noun}Create", fields.create)
    mutation.set_field(f"{noun}Update", fields.update)
    mutation.set_field(f"{noun}Delete", fields.delete)
    mutation.set_field(f"{noun}Attach", fields.attach)
    mutation.set_field(f"{noun}AttachmentUpdate", fields.update_attachment)
    mutation.set_field(f"{noun}Detach", fields.detach)
    owner.set_alias("space", "space_id")
    owner.set_field("attachedStack", resolve_attached)
    owner.set_field("attachedStacks", resolve_all_attached)


async def resolve_attached(
    root: CloudIntegration,
    info: Info,
    *,
    id: str,  # noqa: A002 - the contract's name
) -> AttachedCloud | None:
    """Return what somebody attached: the provider takes what it gets for its own."""
    for one in await info.context.loaders.projects_in_clouds.load(root.id):
        if one.stack_id == id and not one.is_autoattached:
            return one
    return None


async def resolve_all_attached(
    root: CloudIntegration, info: Info
) -> list[AttachedCloud]:
    return await info.context.loaders.projects_in_clouds.load(root.id)


_bind("awsIntegration", AwsIntegration, aws)
_bind("azureIntegration", AzureIntegration, azure)


@aws.field("externalIdForStack")
async def resolve_external_id(
    root: AwsIntegration,
    info: Info,
    *,
    stack_id: str,
    write: bool | None = None,
    **_read: bool | None,
) -> dict[str, str]:
    """Whoever may write is asked for as such, also when reading as well."""
    async with info.context.open_unit() as unit:
        external_id = await unit.clouds.external_id(
            root, StackId(stack_id), write=write is not False, by=info.context.subject
        )
    statement = trust_statement(
        external_id, aws_account=info.context.means.reach.aws_account
    )
    return {"external_id": external_id, "assume_role_policy_statement": statement}


def _spec(given: dict[str, Any]) -> CloudSpec:
    """Return what is wanted; the arguments have the names of a spec's fields."""
    space = given.pop("space", None)
    common: dict[str, Any] = given | {
        "labels": tuple(given["labels"]),
        "space_id": SpaceId(space) if space else None,
    }
    if "role_arn" in given:
        return AwsSpec(**common)
    common["default_subscription_id"] = given.get("default_subscription_id") or None
    return (NewAzureSpec if "tenant_id" in given else AzureSpec)(**common)


def _use(given: dict[str, Any]) -> Use:
    return Use(
        read=given.get("read") is not False,
        write=given.get("write") is not False,
        subscription_id=given.get("subscription_id"),
    )
