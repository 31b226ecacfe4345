"""Terraform providers, their versions and the keys that sign them, in the graph."""

from collections.abc import Sequence
from typing import Any, Final

from ariadne import MutationType, ObjectType, QueryType

from stackyard.graphql.context import Info
from stackyard.kernel.ids import GpgKeyId, ProviderId, ProviderVersionId, SpaceId
from stackyard.registry.providers import (
    GpgKey,
    PlatformSpec,
    ProviderPlatform,
    ProviderSpec,
    ProviderVersion,
    ProviderVersionSpec,
    TerraformProvider,
)

query = QueryType()
mutation = MutationType()
gpg_key = ObjectType("GpgKey")
provider = ObjectType("TerraformProvider")
version = ObjectType("TerraformProviderVersion")
bindables = [query, mutation, gpg_key, provider, version]

provider.set_alias("space", "space_id")
version.set_alias("protocolVersions", "protocols")

NO_HEADERS: Final[dict[str, list[Any]]] = {"entries": []}  # the link is enough


@query.field("terraformProvider")
async def resolve_provider(
    _root: None,
    info: Info,
    *,
    id: str,  # noqa: A002 - the contract's name
) -> TerraformProvider | None:
    async with info.context.open_unit() as unit:
        return await unit.terraform_providers.find(
            ProviderId(id), by=info.context.subject
        )


@query.field("terraformProviders")
async def resolve_providers(_root: None, info: Info) -> Sequence[TerraformProvider]:
    async with info.context.open_list() as unit:
        return await unit.terraform_providers.all(by=info.context.subject)


@query.field("gpgKeys")
async def resolve_keys(_root: None, info: Info) -> Sequence[GpgKey]:
    async with info.context.open_unit() as unit:
        return await unit.gpg_keys.all(by=info.context.subject)


@mutation.field("gpgKeyCreate")
async def resolve_key_create(
    _root: None, info: Info, *, name: str, ascii_armor: str
) -> GpgKey:
    async with info.context.open_unit() as unit:
        return await unit.gpg_keys.create(name, ascii_armor, by=info.context.subject)


@mutation.field("gpgKeyRevoke")
async def resolve_key_revoke(_root: None, info: Info, *, id: str) -> GpgKey:  # noqa: A002 - the contract's name
    async with info.context.open_unit() as unit:
        return await unit.gpg_keys.revoke(GpgKeyId(id), by=info.context.subject)


@mutation.field("terraformProviderCreate")
async def resolve_create(
    _root: None,
    info: Info,
    *,
    type: str,  # noqa: A002 - the contract's name
    **given: Any,
) -> TerraformProvider:
    async with info.context.open_unit() as unit:
        return await unit.terraform_providers.create(
            type, _spec(given), by=info.context.subject
        )


@mutation.field("terraformProviderUpdate")
async def resolve_update(
    _root: None,
    info: Info,
    *,
    id: str,  # noqa: A002 - the contract's name
    **given: Any,
) -> TerraformProvider:
    async with info.context.open_unit() as unit:
        return await unit.terraform_providers.update(
            ProviderId(id), _spec(given), by=info.context.subject
        )


@mutation.field("terraformProviderSetVisibility")
async def resolve_set_visibility(
    _root: None,
    info: Info,
    *,
    id: str,  # noqa: A002 - the contract's name
    public: bool,
) -> TerraformProvider:
    async with info.context.open_unit() as unit:
        return await unit.terraform_providers.set_visibility(
            ProviderId(id), public=public, by=info.context.subject
        )


@mutation.field("terraformProviderDelete")
async def resolve_delete(
    _root: None,
    info: Info,
    *,
    id: str,  # noqa: A002 - the contract's name
) -> TerraformProvider | None:
    async with info.context.open_unit() as unit:
        return await unit.terraform_providers.delete(
            ProviderId(id), by=info.context.subject
        )


@mutation.field("terraformProviderVersionCreate")
async def resolve_version_create(
    _root: None,
    info: Info,
    *,
    provider: str,
    input: dict[str, Any],  # noqa: A002 - the contract's name
) -> dict[str, Any]:
    wanted = ProviderVersionSpec(
        number=input["number"],
        protocols=tuple(input["protocol_versions"]),
        sums_checksum=input["sha_sums_file_sha"],
        signature_checksum=input["signature_file_sha"],
        signing_key_id=GpgKeyId(input["signing_key_id"]),
    )
    async with info.context.open_unit() as unit:
        draft = await unit.provider_versions.create(
            ProviderId(provider), wanted, by=info.context.subject
        )
    link = info.context.means.provider_files.upload_link
    return {
        "version": draft,
        "sha_256_sums_upload_url": link(draft.id, draft.sums_checksum),
        "sha_256_sums_upload_headers": NO_HEADERS,
        "sha_256_sums_sig_upload_url": link(draft.id, draft.signature_checksum),
        "sha_256_sums_sig_upload_headers": NO_HEADERS,
    }


@mutation.field("terraformProviderVersionRegisterPlatform")
async def resolve_register(
    _root: None,
    info: Info,
    *,
    version: str,
    input: dict[str, Any],  # noqa: A002 - the contract's name
) -> str:
    wanted = PlatformSpec(
        os=input["os"],
        architecture=input["architecture"],
        archive_checksum=input["archive_checksum"],
        binary_checksum=input["binary_checksum"],
    )
    async with info.context.open_unit() as unit:
        platform = await unit.provider_versions.register(
            ProviderVersionId(version), wanted, by=info.context.subject
        )
    return info.context.means.provider_files.upload_link(
        platform.version_id, platform.archive_checksum
    )


@mutation.field("terraformProviderVersionRegisterPlatformV2")
async def resolve_register_with_headers(
    _root: None, info: Info, **given: Any
) -> dict[str, Any]:
    url = await resolve_register(None, info, **given)
    return {"upload_url": url, "upload_headers": NO_HEADERS}


@mutation.field("terraformProviderVersionUpdate")
async def resolve_version_update(
    _root: None, info: Info, *, version: str, description: str
) -> ProviderVersion:
    async with info.context.open_unit() as unit:
        return await unit.provider_versions.describe(
            ProviderVersionId(version), description, by=info.context.subject
        )


@mutation.field("terraformProviderVersionUploadDocs")
async def resolve_upload_docs(
    _root: None, info: Info, *, version: str, archive: str
) -> ProviderVersion:
    return await info.context.means.provider_files.document(
        ProviderVersionId(version), archive, by=info.context.subject
    )


@mutation.field("terraformProviderVersionPublish")
async def resolve_publish(_root: None, info: Info, *, version: str) -> ProviderVersion:
    return await info.context.means.provider_files.publish(
        ProviderVersionId(version), by=info.context.subject
    )


@mutation.field("terraformProviderVersionRevoke")
async def resolve_revoke(_root: None, info: Info, *, version: str) -> ProviderVersion:
    async with info.context.open_unit() as unit:
        return await unit.provider_versions.revoke(
            ProviderVersionId(version), by=info.context.subject
        )


@mutation.field("terraformProviderVersionDelete")
async def resolve_version_delete(
    _root: None, info: Info, *, version: str
) -> ProviderVersion | None:
    async with info.context.open_unit() as unit:
        return await unit.provider_versions.delete(
            ProviderVersionId(version), by=info.context.subject
        )


@provider.field("versions")
async def resolve_versions(
    root: TerraformProvider, info: Info
) -> list[ProviderVersion]:
    return await info.context.loaders.provider_versions.load(root.id)


@version.field("platforms")
async def resolve_platforms(
    root: ProviderVersion, info: Info
) -> list[ProviderPlatform]:
    return await info.context.loaders.provider_platforms.load(root.id)


@gpg_key.field("createdAt")
@version.field("createdAt")
def resolve_created_at(root: GpgKey | ProviderVersion, _info: Info) -> int:
    return int(root.created_at.timestamp())


@gpg_key.field("updatedAt")
@version.field("updatedAt")
def resolve_updated_at(root: GpgKey | ProviderVersion, _info: Info) -> int:
    return int(root.updated_at.timestamp())


@gpg_key.field("revokedAt")
def resolve_revoked_at(root: GpgKey, _info: Info) -> int | None:
    return None if root.revoked_at is None else int(root.revoked_at.timestamp())


def _spec(given: dict[str, Any]) -> ProviderSpec:
    return ProviderSpec(
        SpaceId(given["space"]),
        given.get("description"),
        tuple(given.get("labels") or ()),
    )
