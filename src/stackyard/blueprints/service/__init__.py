"""The use cases, by what they are about; `making` is what both kinds come down to."""

from stackyard.blueprints.service.blueprints import Blueprints
from stackyard.blueprints.service.deployments import Deployments
from stackyard.blueprints.service.furnishing import Furnishing
from stackyard.blueprints.service.leaving import Leaving
from stackyard.blueprints.service.making import Made, Making
from stackyard.blueprints.service.showing import Showing
from stackyard.blueprints.service.templates import TemplateFacts, Templates
from stackyard.blueprints.service.versions import TemplateVersions

__all__ = [
    "Blueprints",
    "Deployments",
    "Furnishing",
    "Leaving",
    "Made",
    "Making",
    "Showing",
    "TemplateFacts",
    "TemplateVersions",
    "Templates",
]
