"""What a worker is told to do: everything one leg of a run needs, and nothing else.

A *leg* is one stay of a run on a worker. A tracked run that waits for a person has
two: the first plans and archives the workspace, the second applies on whichever
worker takes it.
"""

from enum import StrEnum
from typing import Final, Literal, TypeAlias

from msgspec import Struct, field


class LegKind(StrEnum):
    PLAN = "plan"  # init, plan; goes on to apply if the answer says so
    REPLAN = "replan"  # restore the workspace, plan for the job's targets only
    APPLY = "apply"  # restore the workspace, apply exactly that plan
    TASK = "task"  # init unless skipped, then one shell command
    DESTROY = "destroy"  # init, then destroy everything the state knows
    TEST = "test"  # init, plan, apply, and destroy all of it again


# They go on where an earlier leg of the run left off.
CONTINUING: Final = frozenset({LegKind.REPLAN, LegKind.APPLY})


class Sanitize(StrEnum):
    """Which values of resources are only known by their digests outside the worker."""

    TEXTS = "texts"  # every text, and whatever the tool calls sensitive
    SENSITIVE = "sensitive"  # only what the tool calls so
    NOTHING = "nothing"


class EnvVar(Struct, frozen=True):
    """`secret` values are masked in the log. `ro_`/`wo_` prefixes are still on."""

    name: str
    value: str
    secret: bool = False


class MountedFile(Struct, frozen=True):
    """A file below the workspace root. `content` is base64."""

    path: str
    content: str
    secret: bool = False


class Archive(Struct, tag="archive", tag_field="kind", frozen=True):
    """A gzipped tar of the code, at a signed URL.

    `in_folder`: every member lies in one folder that is not of the code.
    `file_key`: opens the files that are sealed (`sealed_file.py`), in base64.
    """

    url: str
    sha256: str
    in_folder: bool = False
    file_key: str = ""

    def __repr__(self) -> str:
        """Leave out the url and the key: each is a grant."""
        return f"Archive(sha256={self.sha256!r})"


class GitClone(Struct, tag="git", tag_field="kind", frozen=True):
    """A public https repository, cloned by the worker inside its sandbox."""

    url: str
    commit: str


Source: TypeAlias = Archive | GitClone


class Hooks(Struct, frozen=True):
    before_init: list[str] = field(default_factory=list)
    after_init: list[str] = field(default_factory=list)
    before_plan: list[str] = field(default_factory=list)
    after_plan: list[str] = field(default_factory=list)
    before_apply: list[str] = field(default_factory=list)
    after_apply: list[str] = field(default_factory=list)
    before_perform: list[str] = field(default_factory=list)
    after_perform: list[str] = field(default_factory=list)
    before_destroy: list[str] = field(default_factory=list)
    after_destroy: list[str] = field(default_factory=list)
    after_run: list[str] = field(default_factory=list)


class Tool(Struct, frozen=True):
    """Which binary runs. `version` None: whatever the worker has."""

    name: Literal["terraform", "tofu"] = "terraform"
    version: str | None = None


class StateBackend(Struct, frozen=True):
    """Managed state over Terraform's HTTP backend; the token is in the environment."""

    address: str
    username: str
    password: str


class SavedWorkspace(Struct, frozen=True):
    """What an earlier leg archived: encrypted to the pool, digest of the ciphertext."""

    url: str
    sha256: str


class Job(Struct, frozen=True):
    run: str
    leg: str
    kind: LegKind
    stack: str
    run_type: str
    api: str  # base URL of the control plane
    leg_token: str  # bearer for /worker/legs/<leg>/…
    state_version: int  # ordinal of the state that the leg begins in
    source: Source
    environment: list[EnvVar]
    files: list[MountedFile]
    hooks: Hooks
    tool: Tool
    project_root: str = ""
    state_backend: StateBackend | None = None
    workspace: SavedWorkspace | None = None
    oidc_token: str = ""  # by which clouds know the run
    command: str | None = None
    skip_init: bool = False
    expects_failure: bool = False  # of a test: what its code makes of it is to fail
    targets: list[str] = field(default_factory=list)
    sanitize: Sanitize = Sanitize.TEXTS
    mask_well_known: bool = False
    upload_sensitive_outputs: bool = False
    version: Literal[1] = 1

    def __repr__(self) -> str:
        """Say which job it is; what is in it stays out of logs and tracebacks."""
        return f"Job(run={self.run!r}, leg={self.leg!r})"
