"""What the machine offers a leg: chosen by the operator, the same for every run."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

MEBI = 1024 * 1024

# The user inside every sandbox, as images and documentation of this kind expect it.
SANDBOX_UID = 1983


@dataclass(frozen=True, slots=True)
class Limits:
    """Where a leg is refused with a clear sentence instead of filling the machine."""

    source_bytes: int = 1024 * MEBI  # the source archive, as downloaded
    workspace_bytes: int = 8192 * MEBI  # a saved workspace, as downloaded
    unpacked_bytes: int = 16384 * MEBI  # either of them, unpacked
    members: int = 500_000  # files, folders and links in an archive
    file_bytes: int = 2 * MEBI  # one mounted file
    json_bytes: int = 512 * MEBI  # the plan or the state as JSON
    environment_bytes: int = 4 * MEBI  # what a phase may export
    transfer_seconds: float = 900  # one download or upload, repetitions included
    clone_seconds: float = 900
    tool_seconds: float = 60  # asking a tool for its version
    show_seconds: float = 300  # reading the state when the phase is over
    grace_seconds: float = 60  # between an interrupt and the kill
    open_files: int = 65536
    processes: int = 4096


@dataclass(frozen=True, slots=True)
class Host:
    """One worker machine as seen by the phases."""

    pool_key: RSAPrivateKey = field(repr=False)
    driver: Literal["bubblewrap", "process"] = "bubblewrap"
    # Searched for `terraform` and `tofu`, one level of subfolders included, before
    # PATH. Readable in the sandbox; a file `sandbox-binds` in one of them names
    # further paths, one a line, that its tools need to read.
    tool_folders: tuple[Path, ...] = ()
    extra_binds: tuple[Path, ...] = ()  # further paths to be readable in the sandbox
    mask_env: tuple[str, ...] = ()  # their values are masked in every log
    pass_env: tuple[str, ...] = ()  # handed into the sandbox; `ro_`, `wo_` work
    environ: Mapping[str, str] = field(
        default_factory=lambda: dict(os.environ), repr=False
    )
    debug: bool = False  # write the exact commands into the log
    upload_sensitive_outputs: bool = False
    git_protocols: tuple[str, ...] = ("https",)
    limits: Limits = Limits()
