"""Built-in repositories: `repo…` and `revisionCreate`."""

import base64
from typing import Any

from ariadne import EnumType, MutationType, ObjectType, QueryType

from stackyard.graphql.context import Info
from stackyard.kernel.errors import NotFoundError
from stackyard.kernel.ids import RepoId, SpaceId, StackId
from stackyard.spaces import Space
from stackyard.vcs import (
    Commit,
    FileAction,
    FileChange,
    FileRevision,
    NewRevision,
    Repository,
    RepositoryNotFoundError,
    RepositoryPage,
    RepositorySettings,
    VcsChecks,
)

query = QueryType()
mutation = MutationType()
repo = ObjectType("Repo")
connection = ObjectType("RepoConnection")
file = ObjectType("RepoFile")
revision = ObjectType("Revision")

bindables = [
    query,
    mutation,
    repo,
    connection,
    file,
    revision,
    EnumType("VCSChecks", VcsChecks),
    EnumType("RevisionFileAction", FileAction),
]

revision.set_alias("sha", "hash")
revision.set_alias("id", "hash")
file.set_alias("filePath", "path")
file.set_alias("fileMode", "mode")


@query.field("repo")
async def resolve_repo(_root: None, info: Info, *, id: str) -> Repository | None:  # noqa: A002 - the contract's name
    async with info.context.open_unit() as unit:
        return await unit.repositories.find(RepoId(id), by=info.context.subject)


@query.field("repos")
async def resolve_repos(
    _root: None,
    info: Info,
    *,
    space_id: str,
    first: int | None = None,
    after: str | None = None,
) -> RepositoryPage:
    async with info.context.open_unit() as unit:
        return await unit.repositories.page(
            SpaceId(space_id), first=first, after=after, by=info.context.subject
        )


@query.field("repoFileHistory")
async def resolve_file_history(
    _root: None, info: Info, *, repo_id: str, file_path: str, first: int | None = None
) -> dict[str, Any] | None:
    try:
        revisions = await info.context.means.contents.file_history(
            RepoId(repo_id), file_path, first=first, by=info.context.subject
        )
    except NotFoundError:
        return None
    return {"edges": [{"node": revision} for revision in revisions]}


@mutation.field("repoCreate")
async def resolve_repo_create(
    _root: None,
    info: Info,
    *,
    input: dict[str, Any],  # noqa: A002 - the contract's name
) -> Repository:
    async with info.context.open_unit() as unit:
        return await unit.repositories.create(
            SpaceId(input["space_id"]), _settings(input), by=info.context.subject
        )


@mutation.field("repoUpdate")
async def resolve_repo_update(
    _root: None,
    info: Info,
    *,
    id: str,  # noqa: A002 - the contract's name
    input: dict[str, Any],  # noqa: A002 - the contract's name
) -> Repository:
    async with info.context.open_unit() as unit:
        return await unit.repositories.update(
            RepoId(id), _settings(input), by=info.context.subject
        )


@mutation.field("repoDelete")
async def resolve_repo_delete(_root: None, info: Info, *, id: str) -> bool:  # noqa: A002 - the contract's name
    try:
        async with info.context.open_unit() as unit:
            await unit.repositories.delete(RepoId(id), by=info.context.subject)
    except RepositoryNotFoundError:  # clients delete twice, and mean no harm
        return True
    return True


@mutation.field("revisionCreate")
async def resolve_revision_create(
    _root: None,
    info: Info,
    *,
    input: dict[str, Any],  # noqa: A002 - the contract's name
) -> Commit:
    files = [FileChange.parse(**given) for given in input.get("files") or ()]
    wanted = NewRevision(
        repo_id=RepoId(input["repo_id"]),
        message=input["message"],
        description=input.get("description") or "",
        author_name=input["author_name"],
        author_email=input.get("author_email") or "",
        files=files,
    )
    return await info.context.means.pushes.create_revision(
        wanted, by=info.context.subject
    )


@repo.field("space")
async def resolve_space(repository: Repository, info: Info) -> Space:
    return await info.context.loaders.spaces.load(repository.space_id)


@repo.field("stacks")
async def resolve_stacks(repository: Repository, info: Info) -> list[StackId]:
    return await info.context.loaders.stacks_in.load(repository.id)


@repo.field("createdAt")
def resolve_created_at(repository: Repository, _info: Info) -> int:
    return int(repository.created_at.timestamp())


@repo.field("updatedAt")
def resolve_updated_at(repository: Repository, _info: Info) -> int:
    return int(repository.updated_at.timestamp())


@connection.field("edges")
def resolve_edges(page: RepositoryPage, _info: Info) -> list[dict[str, Repository]]:
    return [{"node": repository} for repository in page.items]


@connection.field("pageInfo")
def resolve_page_info(page: RepositoryPage, _info: Info) -> dict[str, Any]:
    return {
        "end_cursor": page.end_cursor,
        "has_next_page": page.has_next,
        "has_previous_page": page.has_previous,
    }


@file.field("sizeBytes")
def resolve_size(found: FileRevision, _info: Info) -> int | None:
    return None if found.content is None else found.content.size


@file.field("revision")
def resolve_revision(found: FileRevision, _info: Info) -> dict[str, str]:
    return {"hash": found.sha, "author_name": found.author_name}


@file.field("content")
def resolve_content(found: FileRevision, _info: Info) -> dict[str, Any] | None:
    if found.content is None:
        return None
    shown = found.content.shown
    return {
        "sha_256_hash": found.content.sha256,
        "content": None if shown is None else base64.b64encode(shown).decode(),
        "size_bytes": found.content.size,
        "is_encrypted": shown is None,
    }


def _settings(given: dict[str, Any]) -> RepositorySettings:
    return RepositorySettings(
        name=given["name"],
        description=given.get("description"),
        labels=tuple(given.get("labels") or ()),
        vcs_checks=given.get("vcs_checks") or VcsChecks.INDIVIDUAL,
    )
