"""The variables that the platform itself gives to every run of a stack.

Their values are mostly a run's own, so only their names can be said before. What the
stack decides is shown. A stack's own variable of the same name overrides one.
"""

import json
from dataclasses import dataclass
from typing import Final

from stackyard.kernel.site import Site
from stackyard.stacks.model.stack import Stack

COMPUTED: Final = "<computed>"
_PREFIX: Final = "TF_VAR_spacelift_"
_OF_A_RUN: Final = (
    "account_name",
    "commit_branch",
    "commit_sha",
    "final_run_state",
    "graphql_endpoint",
    "run_id",
    "run_state",
    "run_trigger",
    "run_type",
    "workspace_root",
)


@dataclass(frozen=True, slots=True)
class ComputedVariable:
    id: str
    value: str


def computed_variables(stack: Stack, site: Site) -> list[ComputedVariable]:
    values = dict.fromkeys(_OF_A_RUN, COMPUTED) | {
        "local_preview": str(stack.local_preview_enabled).lower(),
        "project_root": stack.project_root or "",
        "repository": "/".join(filter(None, [stack.namespace, stack.repository])),
        "space_id": stack.space_id,
        "stack_branch": stack.branch,
        "stack_id": stack.id,
        "stack_labels": ",".join(stack.labels),
        "stack_labels_list": json.dumps(stack.labels),
    }
    tokens = ("SPACELIFT_API_TOKEN", "SPACELIFT_OIDC_TOKEN", site.registry_variable)
    return [
        *(ComputedVariable(name, COMPUTED) for name in tokens if name),
        *(ComputedVariable(_PREFIX + name, values[name]) for name in sorted(values)),
    ]
