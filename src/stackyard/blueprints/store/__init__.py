"""All SQL about blueprints, templates and their deployments."""

from stackyard.blueprints.store.blueprints import BlueprintStore
from stackyard.blueprints.store.deployments import DeploymentStore
from stackyard.blueprints.store.templates import TemplateStore
from stackyard.blueprints.store.versions import TemplateVersionStore

__all__ = ["BlueprintStore", "DeploymentStore", "TemplateStore", "TemplateVersionStore"]
