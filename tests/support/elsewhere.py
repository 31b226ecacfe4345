"""A git server that is not ours, and stacks that follow it."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from tests.support.client import eventually
from tests.support.git_backend import OwnTls, git_server
from tests.support.platform import Platform

AUTHOR = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
numbers = count(1)


@dataclass
class Elsewhere:
    """A git server that is not ours, with commits made right on its disk."""

    base: str
    root: Path
    certificate: Path

    def create(self) -> str:
        """Make a repository with one commit; return its name."""
        name = f"infra-{next(numbers)}"
        (self.root / name).mkdir()
        self.git(name, "init", "-q", "-b", "main")
        self.commit(name)
        return name

    def commit(self, name: str) -> str:
        self.git(name, *AUTHOR, "commit", "-q", "--allow-empty", "-m", "Change")
        return self.git(name, "rev-parse", "HEAD").strip()

    def git(self, name: str, *arguments: str) -> str:
        ended = subprocess.run(
            ["git", *arguments],
            cwd=self.root / name,
            check=True,
            capture_output=True,
            text=True,
            timeout=30,
        )
        return ended.stdout

    def url(self, name: str) -> str:
        return f"{self.base}/{name}/.git"

    @property
    def settings(self) -> dict[str, str]:
        """Return what a platform needs to ask this server, every two seconds."""
        return {
            "SSL_CERT_FILE": str(self.certificate),
            "STACKYARD_OUTBOUND_ALLOWED_NETWORKS": "127.0.0.0/8",
            "STACKYARD_GIT_POLL_SECONDS": "2",
        }


@contextmanager
def running_elsewhere() -> Iterator[Elsewhere]:
    with tempfile.TemporaryDirectory(prefix="stackyard-elsewhere-") as place:
        root = Path(place) / "repositories"
        root.mkdir()
        tls = OwnTls.make(Path(place))
        with git_server(root, tls) as base:
            yield Elsewhere(base, root, tls.certificate)


def follow(platform: Platform, url: str) -> str:
    """Make a stack of a repository elsewhere."""
    return platform.client.create_stack(
        f"stack-{next(numbers)}",
        "infra",
        platform.pool,
        provider="GIT",
        repositoryURL=url,
        vcsIntegrationId=None,
    )


def await_first_look(platform: Platform, *stacks: str) -> None:
    names = ", ".join(f"'{stack}'" for stack in stacks)
    eventually(
        lambda: (
            platform.query(
                "SELECT count(*) FROM stack_cursors"
                f" WHERE sha IS NOT NULL AND stack_id IN ({names})"
            )
            == [(len(stacks),)]
        ),
        "the first look",
        60,
    )


def hashes(platform: Platform, stack: str) -> list[str]:
    return [run["commit"]["hash"] for run in platform.client.runs(stack)]


def await_run(platform: Platform, stack: str, sha: str) -> None:
    eventually(lambda: sha in hashes(platform, stack), f"a run of {sha}", 90, 0.2)
