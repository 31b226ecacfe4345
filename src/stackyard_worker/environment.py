"""A run's environment, built from nothing.

Five layers, the later ones win: our defaults; what the operator passes through; what
the job brings, after `${NAME}` has been filled in; what hooks of earlier phases have
exported; what only the phase knows. `ro_` and `wo_` in front of a name keep a
variable to the phases that read or to the one that writes, which is applying.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from stackyard_protocol.job import EnvVar, Job, StateBackend
from stackyard_worker.host import Host

PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

_WRITING: Final = frozenset({"APPLYING"})
_REFERENCE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_DEFAULTS: Final = {
    "LANG": "C.UTF-8",
    "CHECKPOINT_DISABLE": "1",  # no call home
    "TF_IN_AUTOMATION": "1",
    "TF_INPUT": "0",
}
# Set by the shell itself: exporting them again would carry over a wrong folder.
_OF_THE_SHELL: Final = frozenset({"PWD", "OLDPWD", "SHLVL", "_"})


@dataclass(frozen=True, slots=True)
class Place:
    """Where things are, seen from inside the sandbox."""

    workspace: str
    home: str
    temporary: str
    tools: tuple[str, ...]


def build(
    job: Job,
    host: Host,
    place: Place,
    exported: Mapping[str, str | None],
    *,
    state: str,
) -> dict[str, str]:
    """Return the variables for a phase; *exported* None: a hook has unset it."""
    writing = state in _WRITING
    given = _defaults(place) | passed_through(host, writing=writing)
    if job.oidc_token:
        given["SPACELIFT_OIDC_TOKEN"] = job.oidc_token
    own = _selected(job.environment, writing=writing)
    merged = given | own
    filled = given | {name: _filled(value, merged) for name, value in own.items()}
    if job.state_backend is not None:
        filled |= _state_access(job.state_backend)
    for name, value in exported.items():
        if value is None:
            filled.pop(name, None)
        else:
            filled[name] = value
    return filled | {
        "TF_VAR_spacelift_run_state": state,
        "TF_VAR_spacelift_workspace_root": place.workspace,
    }


def passed_through(host: Host, *, writing: bool = False) -> dict[str, str]:
    """Return what the operator lets in of the launcher's own environment."""
    variables = [
        EnvVar(name=name, value=host.environ[bare])
        for name in host.pass_env
        if (bare := _bare(name)) in host.environ
    ]
    return _selected(variables, writing=writing)


def secrets(job: Job, host: Host) -> list[str]:
    """Return every value that must not show in the log."""
    found = [variable.value for variable in job.environment if variable.secret]
    found += [host.environ[name] for name in host.mask_env if name in host.environ]
    found.append(job.leg_token)
    if job.oidc_token:
        found.append(job.oidc_token)
    if job.state_backend is not None:
        found.append(job.state_backend.password)
    return found


def unusable(environment: Iterable[str]) -> list[str]:
    """Return the names that no shell can export; Terraform would allow a dash."""
    return sorted(name for name in environment if not _NAME.match(name))


def exports(before: Mapping[str, str], dump: bytes) -> dict[str, str | None]:
    """Return what a phase has changed, from an `env -0` at its end."""
    after: dict[str, str] = {}
    for entry in dump.split(b"\0"):
        name, equals, value = entry.decode(errors="surrogateescape").partition("=")
        if equals and _NAME.match(name) and name not in _OF_THE_SHELL:
            after[name] = value
    changed: dict[str, str | None] = {
        name: value for name, value in after.items() if before.get(name) != value
    }
    gone = (name for name in before if name not in after and _NAME.match(name))
    return changed | dict.fromkeys(gone)


def _defaults(place: Place) -> dict[str, str]:
    return {
        "PATH": ":".join([*place.tools, PATH]),
        "HOME": place.home,
        "TMPDIR": place.temporary,
        **_DEFAULTS,
    }


def _selected(variables: Iterable[EnvVar], *, writing: bool) -> dict[str, str]:
    """Keep what is meant for this phase; the more exact name wins."""
    wanted = "wo_" if writing else "ro_"
    plain = {
        variable.name: variable.value
        for variable in variables
        if not variable.name.startswith(("ro_", "wo_"))
    }
    prefixed = {
        _bare(variable.name): variable.value
        for variable in variables
        if variable.name.startswith(wanted)
    }
    return plain | prefixed


def _bare(name: str) -> str:
    return name[3:] if name.startswith(("ro_", "wo_")) else name


def _filled(value: str, known: Mapping[str, str]) -> str:
    """Fill in `${NAME}` once; what is not known stays as it is."""
    return _REFERENCE.sub(lambda match: known.get(match[1], match[0]), value)


def _state_access(backend: StateBackend) -> dict[str, str]:
    """Configure Terraform's HTTP backend: nothing of it is kept in plan or folder.

    A state that can't be written for five minutes is better waited for than lost.
    """
    return {
        "TF_HTTP_ADDRESS": backend.address,
        "TF_HTTP_LOCK_ADDRESS": backend.address,
        "TF_HTTP_LOCK_METHOD": "LOCK",
        "TF_HTTP_UNLOCK_ADDRESS": backend.address,
        "TF_HTTP_UNLOCK_METHOD": "UNLOCK",
        "TF_HTTP_USERNAME": backend.username,
        "TF_HTTP_PASSWORD": backend.password,
        "TF_HTTP_RETRY_MAX": "60",
        "TF_HTTP_RETRY_WAIT_MIN": "1",
        "TF_HTTP_RETRY_WAIT_MAX": "5",
    }
