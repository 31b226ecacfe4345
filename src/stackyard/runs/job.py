"""Build what a worker is told: everything a leg needs, and nothing else. Pure."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from stackyard.kernel.config import ConfigValue
from stackyard.kernel.site import Site
from stackyard.runs.leg import Leg
from stackyard.runs.model import Run
from stackyard.runs.states import RunType
from stackyard.stacks import Configuration, Project, RuntimeConfig
from stackyard_protocol.job import (
    EnvVar,
    Hooks,
    Job,
    LegKind,
    MountedFile,
    Sanitize,
    SavedWorkspace,
    Source,
    StateBackend,
    Tool,
)


@dataclass(frozen=True, slots=True)
class Grants:
    """The secrets made for this leg, and where they are good."""

    base_url: str
    account: str
    leg_token: str
    run_token: str
    oidc_token: str


def build_job(  # noqa: PLR0913 - the parts of a job, named
    *,
    run: Run,
    leg: Leg,
    stack: Project,
    config: Configuration,
    overrides: Mapping[str, str] = MappingProxyType({}),
    source: Source,
    workspace: SavedWorkspace | None,
    grants: Grants,
) -> Job:
    vendor = (run.runtime_config or RuntimeConfig()).over(stack.vendor)
    return Job(
        run=run.id,
        leg=leg.id,
        kind=leg.kind,
        stack=stack.id,
        run_type=run.type,
        api=grants.base_url,
        leg_token=grants.leg_token,
        state_version=leg.state_version,
        source=source,
        environment=_overridden(
            environment(run, stack, config.values, grants), overrides
        ),
        files=[
            MountedFile(path=one.id, content=one.value, secret=one.secret)
            for one in config.values
            if one.is_file
        ],
        hooks=Hooks(**config.hooks),
        tool=Tool(name=stack.tool_name(vendor), version=stack.tool_version(vendor)),
        project_root=project_root(run, stack),
        state_backend=_backend(stack, grants),
        workspace=workspace,
        oidc_token=grants.oidc_token,
        command=run.command,
        targets=run.targets if leg.kind is LegKind.REPLAN else [],
        skip_init=run.skip_init,
        expects_failure=run.expects_failure,
        sanitize=_sanitize(stack),
        mask_well_known=stack.enable_well_known_secret_masking,
        upload_sensitive_outputs=stack.enable_sensitive_output_upload,
    )


def scope_of(run: Run, leg: Leg, stack: Project) -> Literal["read", "write"]:
    """Return whether the leg may change things in a cloud, or only look.

    A tracked run that waits for people only looks until they have spoken.
    """
    if run.type is RunType.PROPOSED:
        return "read"
    plans = run.type is RunType.TRACKED and leg.kind is not LegKind.APPLY
    waits = not (stack.autodeploy or run.force_apply)
    return "read" if plans and waits else "write"


def project_root(run: Run, stack: Project) -> str:
    runtime = run.runtime_config
    return (runtime and runtime.project_root) or stack.project_root or ""


def environment(
    run: Run, stack: Project, config: Sequence[ConfigValue], grants: Grants
) -> list[EnvVar]:
    """Return the computed variables, then what people set, which overrides them."""
    computed = {
        f"TF_VAR_spacelift_{name}": value
        for name, value in {
            "account_name": grants.account,
            "commit_branch": run.branch,
            "commit_sha": str((run.commit or {}).get("hash") or ""),
            "graphql_endpoint": f"{grants.base_url}/graphql",
            "local_preview": str(stack.local_preview_enabled).lower(),
            "project_root": project_root(run, stack),
            "repository": "/".join(filter(None, [stack.namespace, stack.repository])),
            "run_id": run.id,
            "run_trigger": run.triggered_by or "",
            "run_type": run.type,
            "space_id": stack.space_id,
            "stack_branch": stack.branch,
            "stack_id": stack.id,
            "stack_labels": ",".join(stack.labels),
            "stack_labels_list": json.dumps(stack.labels),
        }.items()
    }
    own = [
        EnvVar(name=one.id, value=one.value, secret=one.secret)
        for one in config
        if not one.is_file
    ]
    registry = Site(grants.base_url, grants.account).registry_variable
    return [
        *(EnvVar(name=name, value=value) for name, value in computed.items()),
        *(
            EnvVar(name=name, value=grants.run_token, secret=True)
            for name in ("SPACELIFT_API_TOKEN", registry)
            if name
        ),
        *own,
    ]


def _sanitize(stack: Project) -> Sanitize:
    """Return what the worker hides of resources before it tells of them."""
    if "feature:disable_resource_sanitization" in stack.labels:
        return Sanitize.NOTHING
    smart = getattr(stack.vendor, "use_smart_sanitization", False)
    return Sanitize.SENSITIVE if smart else Sanitize.TEXTS


def _overridden(variables: list[EnvVar], overrides: Mapping[str, str]) -> list[EnvVar]:
    """Let *overrides* win. One is a secret if what it takes the place of was one."""
    secret = {one.name for one in variables if one.secret}
    own = [
        EnvVar(name=name, value=value, secret=name in secret)
        for name, value in overrides.items()
    ]
    return [*(one for one in variables if one.name not in overrides), *own]


def _backend(stack: Project, grants: Grants) -> StateBackend | None:
    if not stack.manages_state:
        return None
    return StateBackend(
        address=f"{grants.base_url}/state/{stack.id}",
        username="run",
        password=grants.run_token,
    )
