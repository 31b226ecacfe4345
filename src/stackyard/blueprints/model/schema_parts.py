"""The pieces of which both schemas are made. Plain data, in the words of draft 7."""

from typing import Any, Final, TypeAlias

Schema: TypeAlias = dict[str, Any]

TEXT: Final[Schema] = {"type": "string", "minLength": 1}
FLAG: Final[Schema] = {"type": "boolean"}
PROVIDERS: Final = (
    "GITHUB",
    "GITLAB",
    "BITBUCKET_DATACENTER",
    "BITBUCKET_CLOUD",
    "GITHUB_ENTERPRISE",
    "SHOWCASE",
    "AZURE_DEVOPS",
    "SPACELIFT",
    "RAW_GIT",
)
EARLIEST: Final = 1_600_000_000
LATEST: Final = 253_402_300_799  # the last second of the year 9999
_SCALAR: Final[Schema] = {"type": ["string", "number", "boolean"]}
_COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
_NUMBER: Final[Schema] = {"type": "number"}


def obj(*required: str, **properties: Schema) -> Schema:
    """Return the schema of a mapping with these keys and no others."""
    made: Schema = {"type": "object", "properties": properties}
    if required:
        made["required"] = list(required)
    return made | {"additionalProperties": False}


def listed(one: Schema, *, least: int = 0, most: int | None = None) -> Schema:
    made: Schema = {"type": "array", "items": one}
    made |= {"minItems": least} if least else {}
    return made | ({"maxItems": most} if most else {})


LABELS: Final = listed(TEXT) | {"uniqueItems": True}
MAPS: Final[Schema] = {
    "type": "object",
    "additionalProperties": {"type": "object", "additionalProperties": _SCALAR},
}

_STRING_RULES: Final = obj(
    required=FLAG,
    min_length=_COUNT,
    max_length=_COUNT,
    length_equal=_COUNT,
    pattern={"type": "string"},
)
_NUMBER_RULES: Final = obj(
    required=FLAG,
    greater_than=_NUMBER,
    greater_than_or_equal=_NUMBER,
    less_than=_NUMBER,
    less_than_or_equal=_NUMBER,
    not_equal=_NUMBER,
    step={"type": "integer", "minimum": 1},
)


def _for(kinds: list[str], **then: Schema) -> Schema:
    condition = {"properties": {"type": {"enum": kinds}}, "required": ["type"]}
    return {"if": condition, "then": {"properties": then}}


INPUTS: Final = listed(
    obj(
        "id",
        "name",
        id=TEXT,
        name=TEXT,
        description={"type": "string"},
        type={
            "enum": [
                "short_text",
                "long_text",
                "secret",
                "number",
                "float",
                "boolean",
                "select",
            ]
        },
        default=_SCALAR,
        options=listed(TEXT, least=1),
        validations={"type": "object"},
    )
    | {
        "allOf": [
            _for(["number", "float"], validations=_NUMBER_RULES),
            _for(["boolean", "select"], validations=obj(required=FLAG)),
            _for(["short_text", "long_text", "secret"], validations=_STRING_RULES),
            {
                "if": {
                    "properties": {"type": {"enum": ["select"]}},
                    "required": ["type"],
                },
                "then": {"required": ["options"]},
            },
            {
                "if": {"not": {"required": ["type"]}},
                "then": {"properties": {"validations": _STRING_RULES}},
            },
        ]
    }
)

VENDOR: Final[Schema] = obj(
    terraform=obj(
        "manage_state",
        manage_state=FLAG,
        version={"type": "string"},
        workspace={"type": "string"},
        use_smart_sanitization=FLAG,
        workflow_tool={"enum": ["TERRAFORM_FOSS", "CUSTOM", "OPEN_TOFU"]},
    ),
    terragrunt=obj(
        terraform_version={"type": "string"},
        terragrunt_version={"type": "string"},
        use_run_all=FLAG,
        use_smart_sanitization=FLAG,
        terragrunt_tool={
            "enum": ["TERRAFORM_FOSS", "OPEN_TOFU", "MANUALLY_PROVISIONED"]
        },
    ),
    ansible=obj("playbook", playbook=TEXT),
    cloudformation=obj(
        "entry_template_file",
        "template_bucket",
        "stack_name",
        "region",
        entry_template_file=TEXT,
        template_bucket=TEXT,
        stack_name=TEXT,
        region=TEXT,
    ),
    kubernetes=obj("namespace", namespace={"type": "string"}),
    pulumi=obj("stack_name", "login_url", stack_name=TEXT, login_url=TEXT),
) | {"minProperties": 1, "maxProperties": 1}


def vcs(commit: dict[str, Schema]) -> Schema:
    """Return how code is found; *commit* is the one key that says which of it."""
    raw = {"properties": {"provider": {"enum": ["RAW_GIT"]}}, "required": ["provider"]}
    return obj(
        *commit,
        "provider",
        **commit,
        provider={"enum": list(PROVIDERS)},
        repository=TEXT,
        repository_url=TEXT,
        id=TEXT,
        namespace=TEXT,
        project_root=TEXT,
        project_globs=listed(TEXT),
    ) | {
        "if": raw,
        "then": {"required": ["repository_url"]},
        "else": {"required": ["repository"]},
    }


def attachments() -> Schema:
    aws = {"id": TEXT, "read": FLAG, "write": FLAG}
    return obj(
        contexts=listed(obj("id", "priority", id=TEXT, priority=_COUNT)),
        policies=listed(TEXT),
        roles=listed(obj("role_id", "space_id", role_id=TEXT, space_id=TEXT)),
        clouds=obj(
            aws=obj("id", "read", "write", **aws),
            azure=obj(
                "id", "read", "write", "subscription_id", **aws, subscription_id=TEXT
            ),
        ),
    )


def environment() -> Schema:
    return obj(
        variables=listed(
            obj(
                "name",
                "value",
                name=TEXT,
                value={"type": "string"},
                description={"type": "string"},
                secret=FLAG,
            )
        ),
        mounted_files=listed(
            obj(
                "path",
                "content",
                path=TEXT,
                content={"type": "string"},
                description={"type": "string"},
                secret=FLAG,
            )
        ),
        stack_dependency_references=listed(
            obj(
                "name",
                "from_stack",
                "output",
                name=TEXT,
                from_stack=TEXT,
                output=TEXT,
                trigger_always=FLAG,
            )
        ),
    )


def hooks() -> Schema:
    both = obj(before=listed(TEXT), after=listed(TEXT))
    phases = dict.fromkeys(("apply", "init", "plan", "perform", "destroy"), both)
    return obj(**phases, run=obj(after=listed(TEXT)))


def schedules(*, with_delete: bool, with_steps: bool) -> Schema:
    """*with_steps*: whether the times may say `*/n` and `a,b,c` as well."""
    field = r"(\*|\d+|\d+-\d+|\d+/\d+)"
    if with_steps:
        field = r"((\*|\d+|\d+-\d+)(/\d+)?|\d+(,\d+)*)"
    cron = {"type": "string", "pattern": f"^{field}( {field}){{4}}$"}
    moment = {"type": "integer", "minimum": EARLIEST, "maximum": LATEST}
    when = {"timestamp_unix": moment}
    drift = obj(
        "cron",
        "reconcile",
        cron=listed(cron, least=1),
        reconcile=FLAG,
        ignore_state=FLAG,
        timezone=TEXT,
    )
    task = obj(
        "command", command=TEXT, cron=listed(cron, least=1), timezone=TEXT, **when
    ) | {"oneOf": [{"required": ["cron"]}, {"required": ["timestamp_unix"]}]}
    delete = obj("timestamp_unix", delete_resources=FLAG, **when)
    kinds = {"drift": drift, "tasks": listed(task)}
    return obj(**kinds | ({"delete": delete} if with_delete else {}))
