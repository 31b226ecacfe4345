"""What a worker says while it carries out a leg, and what it is answered.

`POST /worker/legs/<leg>/reports` with one `Report`; bearer is the leg's token. A
report is repeated until it is answered: the same `sequence` gets the same answer, and
has its effect once. The log goes another way and never holds a report up:
`POST /worker/legs/<leg>/logs/<state version>/<chunk number>` with the masked bytes,
chunks numbered from 0, each at most `MAX_CHUNK` bytes; then
`POST /worker/legs/<leg>/logs/<state version>/end` with a `LogEnd`.
"""

from enum import StrEnum
from typing import Final, TypeAlias

from msgspec import Struct, field

MAX_CHUNK: Final = 256 * 1024


class Accepted(Struct, tag="accepted", tag_field="kind", frozen=True):
    """Sequence 0: the worker has the job and begins. Not sent in time: claim undone."""


class Entered(Struct, tag="entered", tag_field="kind", frozen=True):
    """The leg goes into this state (INITIALIZING, PLANNING, APPLYING, …)."""

    state: str


class Change(Struct, frozen=True):
    """One resource of a plan that would change; `actions` as in Terraform's JSON."""

    address: str
    type: str
    actions: list[str]
    previous_address: str | None = None


class Planned(Struct, tag="planned", tag_field="kind", frozen=True):
    """The plan is made. Its own state is entered only when the answer says how."""

    add: int
    change: int
    delete: int
    resources: int  # managed resources the plan knows, changed or not
    outputs_changed: bool
    changes: list[Change] = field(default_factory=list)


class Archived(Struct, tag="archived", tag_field="kind", frozen=True):
    """The workspace is in the store; the worker lets go of the run."""

    sha256: str
    size: int


class Output(Struct, frozen=True):
    """`value` is JSON text; None for a sensitive output that stays on the worker.

    `digest` tells one value from another all the same.
    """

    name: str
    sensitive: bool
    value: str | None
    digest: str = ""


class Resource(Struct, frozen=True):
    """One resource instance of the state.

    `attributes` is a JSON object with digests in the place of what is not to be seen.
    """

    address: str
    type: str
    name: str
    provider: str
    module: str | None = None
    mode: str = "managed"
    tainted: bool = False
    attributes: str = "{}"


class Ended(Struct, tag="ended", tag_field="kind", frozen=True):
    """The last report. `state` is FINISHED, FAILED or STOPPED."""

    state: str
    note: str | None = None
    outputs: list[Output] | None = None  # None: not known, keep what was there
    resources: list[Resource] | None = None


class Lost(Struct, tag="lost", tag_field="kind", frozen=True):
    """A restarted launcher found a leg in its journal that nobody carries out."""

    note: str


Body: TypeAlias = Accepted | Entered | Planned | Archived | Ended | Lost


class Report(Struct, frozen=True):
    """`printed` is the ordinal of the run's present state if it has printed anything.

    The bytes go another way and may come later; whoever follows the log is to know
    that they will.
    """

    sequence: int
    body: Body
    printed: int | None = None


class Next(StrEnum):
    GO_ON = "go_on"
    APPLY = "apply"  # enter APPLYING and apply the plan, here and now
    ARCHIVE = "archive"  # pack, encrypt, upload the workspace, then report Archived
    FINISH = "finish"  # nothing to apply: run after_run, then report Ended(FINISHED)
    STOP = "stop"  # stop in good order, then report Ended(STOPPED)
    LET_GO = "let_go"  # this leg is not yours any more: clean up, report nothing


class Answer(Struct, frozen=True):
    """`state` and `state_version` are the run's after this report: the log's key."""

    next: Next
    state: str
    state_version: int
    note: str | None = None


class LogEnd(Struct, frozen=True):
    """The phase has ended: so many chunks, so many bytes, masked, in all."""

    chunks: int
    size: int


class UploadUrl(Struct, frozen=True):
    """`POST /worker/legs/<leg>/workspace-url` answers with this."""

    url: str
