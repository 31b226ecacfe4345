"""Git on this machine: a cache of clones, and the places where pushes arrive."""

from stackyard.adapters.git.limits import Limits
from stackyard.adapters.git.mirrors import CacheTakenError, GitMirrors
from stackyard.adapters.git.process import Git, GitFailedError, GitTimeoutError

__all__ = [
    "CacheTakenError",
    "Git",
    "GitFailedError",
    "GitMirrors",
    "GitTimeoutError",
    "Limits",
]
