"""Push a folder of code, the way its owner would: with git, over HTTP."""

import json
import os
import shutil
import subprocess
import tempfile
from datetime import UTC
from pathlib import Path
from typing import Final

from stackyard.embedded.first_start import ApiKey
from stackyard.kernel.clock import system_clock

_PATIENCE_SECONDS: Final = 60
_ASK: Final = """#!/bin/sh
case "$1" in
  Username*) echo "$PUSH_USER" ;;
  *) echo "$PUSH_SECRET" ;;
esac
"""


def push_folder(folder: Path, url: str, key: ApiKey) -> str:
    """Make *folder* the head of `main` at *url*, with a new commit; return its sha."""
    with tempfile.TemporaryDirectory(prefix="stackyard-push-") as scratch:
        ask = Path(scratch) / "ask"
        ask.write_text(_ASK, encoding="utf-8")
        ask.chmod(0o700)
        work = Path(scratch) / "work"
        git = _Git(work, ask, key)
        git("clone", "--quiet", url, str(work), where=Path(scratch))
        git("checkout", "-q", "-B", "main")
        shutil.copytree(folder, work, dirs_exist_ok=True)
        # something to plan, every time
        now = system_clock().astimezone(UTC).strftime("%H%M%S")
        values = json.dumps({"environment": f"demo-{now}"})
        (work / "push.auto.tfvars.json").write_text(values, encoding="utf-8")
        git("add", "--all")
        git("commit", "--quiet", "--message", "Describe the infrastructure")
        git("push", "--quiet", "origin", "main")
        return git("rev-parse", "HEAD")


class _Git:
    """git with nothing of this machine's settings; the secret never in an argument."""

    def __init__(self, work: Path, ask: Path, key: ApiKey) -> None:
        self._work = work
        self._environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(ask.parent),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ASKPASS": str(ask),
            "PUSH_USER": key.id,
            "PUSH_SECRET": key.secret,
            "GIT_AUTHOR_NAME": "Demo",
            "GIT_AUTHOR_EMAIL": "demo@example.com",
            "GIT_COMMITTER_NAME": "Demo",
            "GIT_COMMITTER_EMAIL": "demo@example.com",
            "NO_PROXY": "*",
        }

    def __call__(self, *arguments: str, where: Path | None = None) -> str:
        ended = subprocess.run(  # noqa: S603 - git with our own arguments
            ["git", *arguments],  # noqa: S607 - whichever the machine has
            cwd=where or self._work,
            env=self._environment,
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            timeout=_PATIENCE_SECONDS,
        )
        return str(ended.stdout).strip()
