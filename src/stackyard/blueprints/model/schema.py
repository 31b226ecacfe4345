"""What a body may look like: the JSON schemas that are shown, and that decide.

What both kinds of bodies share is in `schema_parts.py`.
"""

from typing import Any, Final

from stackyard.blueprints.model.schema_parts import (
    FLAG,
    INPUTS,
    LABELS,
    MAPS,
    TEXT,
    VENDOR,
    attachments,
    environment,
    hooks,
    listed,
    obj,
    schedules,
    vcs,
)

DRAFT: Final = "http://json-schema.org/draft-07/schema#"
MOST_BLUEPRINT_STACKS: Final = 5
MOST_TEMPLATE_STACKS: Final = 10

_OPTIONS: Final = obj(trigger_run=FLAG, do_not_create=FLAG)
_ANY_STACK: Final = {
    "name": TEXT,
    "description": {"type": "string"},
    "labels": LABELS,
    "administrative": FLAG,
    "runner_image": TEXT,
    "secret_masking_enabled": FLAG,
    "worker_pool": TEXT,
    "key": TEXT,
    "depends_on": listed(TEXT),
    "attachments": attachments(),
    "environment": environment(),
    "hooks": hooks(),
    "vendor": VENDOR,
}
_BLUEPRINT_STACK: Final = obj(
    "name",
    "space",
    "vcs",
    "vendor",
    **_ANY_STACK,
    space=TEXT,
    allow_promotion=FLAG,
    auto_deploy=FLAG,
    auto_retry=FLAG,
    is_disabled=FLAG,
    local_preview_enabled=FLAG,
    protect_from_deletion=FLAG,
    options=_OPTIONS,
    schedules=schedules(with_delete=True, with_steps=False),
    vcs=vcs({"branch": TEXT}),
)
_REFERENCE: Final = obj(
    "value", "type", value=TEXT, type={"enum": ["branch", "tag", "sha"]}
)
_TEMPLATE_STACK: Final = obj(
    "name",
    "vcs",
    "vendor",
    "key",
    **_ANY_STACK,
    autodeploy=FLAG,
    autoretry=FLAG,
    schedules=schedules(with_delete=False, with_steps=True),
    vcs=vcs({"reference": _REFERENCE}),
)

BLUEPRINT_SCHEMA: Final[dict[str, Any]] = {
    "$schema": DRAFT,
    "title": "Blueprint",
    **obj(
        inputs=INPUTS,
        options=_OPTIONS,
        maps=MAPS,
        stack=_BLUEPRINT_STACK,
        stacks=listed(_BLUEPRINT_STACK, least=1, most=MOST_BLUEPRINT_STACKS),
    ),
    "oneOf": [{"required": ["stack"]}, {"required": ["stacks"]}],
}
TEMPLATE_SCHEMA: Final[dict[str, Any]] = {
    "$schema": DRAFT,
    "title": "Template",
    **obj(
        "stacks",
        inputs=INPUTS,
        maps=MAPS,
        stacks=listed(_TEMPLATE_STACK, least=1, most=MOST_TEMPLATE_STACKS),
    ),
}
