"""All SQL of the slice."""

from stackyard.vcs.store.agent_pools import AgentPoolStore
from stackyard.vcs.store.integrations import IntegrationStore
from stackyard.vcs.store.repositories import BATCH, RepositoryStore

__all__ = ["BATCH", "AgentPoolStore", "IntegrationStore", "RepositoryStore"]
