"""Read what clients send about stacks: nulls for empty lists, "" for nothing."""

from typing import Any, Final

import msgspec

from stackyard.kernel.ids import PoolId, SpaceId
from stackyard.stacks import (
    VENDORS,
    Provider,
    StackProblemsError,
    StackSpec,
    Terraform,
    Vendor,
)
from stackyard_protocol.job import Hooks

_LISTS: Final = ("labels", "additional_project_globs", "git_sparse_checkout_paths")
_TEXTS: Final = (
    "description",
    "namespace",
    "repository_url",
    "vcs_integration_id",
    "project_root",
    "runner_image",
)
_FLAGS: Final = (
    "administrative",
    "autodeploy",
    "autoretry",
    "github_action_deploy",
    "local_preview_enabled",
    "enable_well_known_secret_masking",
    "enable_sensitive_output_upload",
    "protect_from_deletion",
)


def spec_from(given: dict[str, Any]) -> StackSpec:
    same: dict[str, Any] = {name: given[name] for name in _FLAGS}
    same |= {name: given.get(name) or None for name in _TEXTS}
    same |= {name: tuple(given.get(name) or ()) for name in _LISTS}
    hooks = Hooks(**{name: given.get(name) or [] for name in Hooks.__struct_fields__})
    pool, space = given.get("worker_pool"), given.get("space")
    return StackSpec(
        name=given["name"],
        repository=given["repository"],
        branch=given["branch"],
        provider=Provider(given.get("provider") or Provider.GITHUB),
        space_id=SpaceId(space) if space else None,
        worker_pool_id=PoolId(pool) if pool else None,
        vendor=_vendor(given),
        is_disabled=given.get("is_disabled"),
        hooks=hooks,
        **same,
    )


def _vendor(given: dict[str, Any]) -> Vendor | None:
    chosen = {
        name: settings
        for name, settings in (given.get("vendor_config") or {}).items()
        if settings is not None
    }
    if not chosen:
        version = given.get("terraform_version")  # what old clients sent instead
        return Terraform(version=version) if version else None
    if len(chosen) > 1:
        raise StackProblemsError("vendorConfig: exactly one vendor, not several")
    [(name, settings)] = chosen.items()
    # null is the default; so is "" where something may be left out
    kept = {
        one.name: settings[one.name]
        for one in msgspec.structs.fields(VENDORS[name])
        if settings.get(one.name) is not None
        and (settings[one.name] != "" or one.required)
    }
    return msgspec.convert(kept, type=VENDORS[name])
