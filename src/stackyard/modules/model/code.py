"""The code of a commit, as far as a version has to know it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stackyard.modules.model.config import CONFIG_FILE, ModuleConfig, read_config
from stackyard.modules.model.description import CODE, WRITTEN_AS_JSON, describe
from stackyard.stacks import CommitFacts


@dataclass(frozen=True, slots=True)
class Code:
    """Without *config* and description: its files cannot be read here."""

    commit: CommitFacts
    url: str | None = None
    found: bool = True  # as far as anybody here can tell
    config: ModuleConfig | None = None
    described: Mapping[str, Any] | None = None


def read_code(
    commit: CommitFacts,
    files: Mapping[str, str],
    *,
    name: str,
    folder: str,
    url: str | None = None,
) -> Code:
    """Read the texts of what lies in the module's *folder*, by their names.

    Much text takes its time: no transaction waits for it, and no loop.
    """
    return Code(
        commit,
        url,
        found=any(one.endswith((*CODE, *WRITTEN_AS_JSON)) for one in files),
        config=read_config(files.get(CONFIG_FILE)),
        described=describe(name, folder, files),
    )
