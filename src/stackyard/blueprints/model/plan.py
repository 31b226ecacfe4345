"""One stack of a body in which everything is filled in: what there is to be made."""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from stackyard.kernel.config import ConfigInput, ConfigType
from stackyard.kernel.ids import ContextId, PolicyId, PoolId, SpaceId
from stackyard.stacks import VENDORS, Provider, StackSpec, Vendor
from stackyard_protocol.job import Hooks

# What is asked of the slices for it when there are any. Until then it is refused.
_UNSUPPORTED: Final = {
    ("attachments", "clouds"): "cloud integrations cannot be attached",
    ("environment", "stack_dependency_references"): "stacks cannot depend on others",
    ("depends_on",): "stacks cannot depend on others",
    ("schedules",): "schedules cannot be made",
}
# Our name for a setting → its names in blueprints, and in templates.
_FLAGS: Final = {
    "administrative": ("administrative",),
    "github_action_deploy": ("allow_promotion",),
    "autodeploy": ("auto_deploy", "autodeploy"),
    "autoretry": ("auto_retry", "autoretry"),
    "is_disabled": ("is_disabled",),
    "local_preview_enabled": ("local_preview_enabled",),
    "protect_from_deletion": ("protect_from_deletion",),
    "enable_well_known_secret_masking": ("secret_masking_enabled",),
}
_VENDORS: Final = {"cloudformation": "cloud_formation"}
_SETTINGS: Final = {"terragrunt_tool": "tool"}


@dataclass(frozen=True, slots=True)
class StackPlan:
    place: str
    key: str
    spec: StackSpec
    manage_state: bool
    config: tuple[ConfigInput, ...]
    contexts: tuple[tuple[ContextId, int], ...]
    policies: tuple[PolicyId, ...]
    roles: tuple[tuple[str, SpaceId], ...]
    commit: str | None = None  # the one hash it is of, where that is said
    create: bool = True
    run: bool = False
    refused: tuple[str, ...] = ()


def plan_of(
    place: str, stack: Mapping[str, Any], options: Mapping[str, Any]
) -> StackPlan:
    """Return what the stack at *place* is to be; *options* are those of all."""
    chosen = {**options, **(stack.get("options") or {})}
    attached = stack.get("attachments") or {}
    reference = stack["vcs"].get("reference") or {}
    return StackPlan(
        place=place,
        key=stack.get("key", ""),
        spec=_spec(stack),
        manage_state=_manages_state(stack["vendor"]),
        config=tuple(_config(stack.get("environment") or {})),
        contexts=tuple(
            (ContextId(one["id"]), one["priority"])
            for one in attached.get("contexts") or ()
        ),
        policies=tuple(PolicyId(one) for one in attached.get("policies") or ()),
        roles=tuple(
            (one["role_id"], SpaceId(one["space_id"]))
            for one in attached.get("roles") or ()
        ),
        commit=reference["value"] if reference.get("type") == "sha" else None,
        create=not chosen.get("do_not_create", False),
        run=chosen.get("trigger_run", False),
        refused=tuple(_refused(place, stack)),
    )


def _refused(place: str, stack: Mapping[str, Any]) -> Iterator[str]:
    for way, words in _UNSUPPORTED.items():
        found: Any = stack
        for name in way:
            found = (found or {}).get(name)
        if found:
            yield f"{place}.{'.'.join(way)}: {words} by a body yet"
    reference = stack["vcs"].get("reference") or {}
    if reference.get("type") == "tag":
        yield f"{place}.vcs.reference: name a branch or a sha: no tag is followed yet"


def _spec(stack: Mapping[str, Any]) -> StackSpec:
    vcs, space, pool = stack["vcs"], stack.get("space"), stack.get("worker_pool")
    raw = vcs["provider"] == "RAW_GIT"
    url = vcs.get("repository_url") if raw else None
    owner, name = _in_url(url) if url else (None, "")
    given = {
        ours: stack[theirs]
        for ours, names in _FLAGS.items()
        for theirs in names
        if theirs in stack
    }
    return StackSpec(
        name=stack["name"],
        description=stack.get("description") or None,
        labels=tuple(stack.get("labels") or ()),
        space_id=SpaceId(space) if space else None,
        provider=Provider.GIT if raw else Provider(vcs["provider"]),
        repository=vcs.get("repository") or name,
        repository_url=url,
        namespace=vcs.get("namespace") or owner,
        vcs_integration_id=vcs.get("id"),
        branch=_branch(vcs),
        project_root=vcs.get("project_root"),
        additional_project_globs=tuple(vcs.get("project_globs") or ()),
        runner_image=stack.get("runner_image"),
        worker_pool_id=PoolId(pool) if pool else None,
        vendor=_vendor(stack["vendor"]),
        hooks=_hooks(stack.get("hooks") or {}),
        **given,
    )


def _branch(vcs: Mapping[str, Any]) -> str:
    reference = vcs.get("reference")
    if reference is None:
        return str(vcs["branch"])
    # no branch is called like a commit: what is pushed later moves nothing
    return str(reference["value"])


def _in_url(url: str) -> tuple[str | None, str]:
    """Return the owner and the name of the repository at *url*."""
    *owner, name = urlsplit(url).path.strip("/").removesuffix(".git").split("/")
    return "/".join(owner) or None, name


def _vendor(said: Mapping[str, Any]) -> Vendor:
    [(name, settings)] = said.items()
    kept = {
        _SETTINGS.get(one, one): value
        for one, value in (settings or {}).items()
        if one != "manage_state" and value != ""
    }
    return msgspec.convert(kept, type=VENDORS[_VENDORS.get(name, name)])


def _manages_state(said: Mapping[str, Any]) -> bool:
    [settings] = said.values()
    return bool(settings.get("manage_state", True))


def _hooks(said: Mapping[str, Any]) -> Hooks:
    return Hooks(
        **{
            f"{when}_{phase}": list(commands)
            for phase, both in said.items()
            for when, commands in both.items()
        }
    )


def _config(said: Mapping[str, Any]) -> Iterator[ConfigInput]:
    for one in said.get("variables") or ():
        yield ConfigInput(
            id=one["name"],
            type=ConfigType.ENVIRONMENT_VARIABLE,
            value=one["value"],
            write_only=one.get("secret", False),
            description=one.get("description"),
        )
    for one in said.get("mounted_files") or ():
        yield ConfigInput(
            id=one["path"],
            type=ConfigType.FILE_MOUNT,
            value=base64.b64encode(one["content"].encode()).decode(),
            write_only=one.get("secret", False),
            description=one.get("description"),
        )
