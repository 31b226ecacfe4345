"""What repositories are and what may be asked of them. Pure."""

from stackyard.vcs.model.agent_pool import AgentPool, agent_token
from stackyard.vcs.model.git_url import GitUrl
from stackyard.vcs.model.integration import Integration, IntegrationLink
from stackyard.vcs.model.integration_input import (
    Connection,
    IntegrationKind,
    IntegrationSettings,
    NamedIntegration,
    NewIntegration,
)
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
from stackyard.vcs.model.sealing import as_stored, opened
from stackyard.vcs.model.unheard import PATIENCE, UnheardUpdate, is_overtaken

__all__ = [
    "DEFAULT_BRANCH",
    "PATIENCE",
    "AgentPool",
    "Commit",
    "CommitRow",
    "Connection",
    "FileAction",
    "FileChange",
    "Garbage",
    "GitUrl",
    "Integration",
    "IntegrationKind",
    "IntegrationLink",
    "IntegrationSettings",
    "NamedIntegration",
    "NewIntegration",
    "NewRevision",
    "Pack",
    "Ref",
    "RefChange",
    "Repository",
    "RepositorySettings",
    "SourceArchive",
    "UnheardUpdate",
    "VcsChecks",
    "agent_token",
    "as_stored",
    "is_overtaken",
    "is_sha",
    "opened",
    "path_problem",
]
