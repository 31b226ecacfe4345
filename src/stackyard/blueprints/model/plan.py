"""One stack of a body in which everything is filled in: what there is to be made."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from stackyard.blueprints.model.chain import keys_above, references_of
from stackyard.blueprints.model.planned import CloudPlan, clouds_of, schedules_of
from stackyard.kernel.config import ConfigInput, ConfigType
from stackyard.kernel.ids import ContextId, PolicyId, PoolId, SpaceId
from stackyard.stacks import (
    VENDORS,
    Errand,
    Provider,
    ReferenceSpec,
    StackSpec,
    Timing,
    TrackedCommit,
    Vendor,
)
from stackyard_protocol.job import Hooks

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
    clouds: tuple[CloudPlan, ...]
    schedules: tuple[tuple[Errand, Timing], ...]
    depends_on: tuple[str, ...]  # by their keys
    references: tuple[tuple[str, ReferenceSpec], ...]
    commit: TrackedCommit | None = None  # the one that it stays at
    create: bool = True
    run: bool = False
    follows_tag: bool = False


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
        clouds=tuple(clouds_of(attached.get("clouds") or {})),
        schedules=tuple(schedules_of(stack.get("schedules") or {})),
        depends_on=keys_above(stack),
        references=tuple(references_of(stack)),
        commit=_commit(reference),
        create=not chosen.get("do_not_create", False),
        run=chosen.get("trigger_run", False),
        follows_tag=reference.get("type") == "tag",
    )


def pinned(plan: StackPlan, commit: Mapping[str, Any]) -> StackPlan:
    """Return the plan of a stack that stays at *commit*, whatever is pushed.

    Its branch is called like the commit: no branch is, so nothing moves it.
    """
    spec = replace(plan.spec, branch=commit["hash"])
    return replace(plan, spec=spec, commit=TrackedCommit(**commit))


def plan_problems(plans: Sequence[StackPlan]) -> list[str]:
    """Return what cannot be done of what is to be made."""
    keys = {plan.key for plan in plans}
    found = [
        f"{plan.place}.vcs.reference: name a branch or a sha: no tag is followed yet"
        for plan in plans
        if plan.follows_tag
    ]
    return found + [
        f"{plan.place}: depends on {above}, which is not to be made"
        for plan in plans
        for above in plan.depends_on
        if above not in keys
    ]


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
    return str(reference["value"])


def _commit(reference: Mapping[str, Any]) -> TrackedCommit | None:
    if reference.get("type") != "sha":
        return None
    return TrackedCommit(reference["value"])


def _in_url(url: str) -> tuple[str | None, str]:
    """Return the owner and the name of the repository at *url*."""
    try:
        path = urlsplit(url).path
    except ValueError:
        path = ""  # what is wrong with it is said where a stack is made of it
    *owner, name = path.strip("/").removesuffix(".git").split("/")
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
