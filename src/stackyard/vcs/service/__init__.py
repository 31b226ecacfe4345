"""The use cases of the slice, by what they need.

`repositories`, `updates`, `integrations` and `agent_pools` work on rows within a
transaction; `contents`, `pushes` and `upkeep` need git and object storage and live as
long as the process; `heads` asks other people's servers.
"""

from stackyard.vcs.service.agent_pools import AgentPools
from stackyard.vcs.service.contents import (
    ArchiveRef,
    Contents,
    FileRevision,
    OpenRepositories,
)
from stackyard.vcs.service.heads import Heads
from stackyard.vcs.service.integrations import Integrations, IntegrationWebhook
from stackyard.vcs.service.pushes import Pushes
from stackyard.vcs.service.repositories import (
    Push,
    Repositories,
    RepositoryPage,
    StoredPack,
)
from stackyard.vcs.service.updates import RefUpdates
from stackyard.vcs.service.upkeep import Upkeep

__all__ = [
    "AgentPools",
    "ArchiveRef",
    "Contents",
    "FileRevision",
    "Heads",
    "IntegrationWebhook",
    "Integrations",
    "OpenRepositories",
    "Push",
    "Pushes",
    "RefUpdates",
    "Repositories",
    "RepositoryPage",
    "StoredPack",
    "Upkeep",
]
