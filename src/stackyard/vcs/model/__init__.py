"""What repositories are and what may be asked of them. Pure."""

from stackyard.vcs.model.git_url import GitUrl
from stackyard.vcs.model.repository import (
    DEFAULT_BRANCH,
    Commit,
    CommitRow,
    Garbage,
    Pack,
    Ref,
    RefChange,
    Repository,
    RepositorySettings,
    SourceArchive,
    VcsChecks,
    is_sha,
)
from stackyard.vcs.model.revision import (
    FileAction,
    FileChange,
    NewRevision,
    path_problem,
)
from stackyard.vcs.model.unheard import PATIENCE, UnheardUpdate, is_overtaken

__all__ = [
    "DEFAULT_BRANCH",
    "PATIENCE",
    "Commit",
    "CommitRow",
    "FileAction",
    "FileChange",
    "Garbage",
    "GitUrl",
    "NewRevision",
    "Pack",
    "Ref",
    "RefChange",
    "Repository",
    "RepositorySettings",
    "SourceArchive",
    "UnheardUpdate",
    "VcsChecks",
    "is_overtaken",
    "is_sha",
    "path_problem",
]
