"""Blueprints and templates: stacks of a form that somebody filled in.

A blueprint makes stacks once and forgets them. A template has versions; what is
deployed of one is kept together, brought up to date and deleted together. Start with
`model/body.py` for what a body is, then `model/rendering.py` for what comes of it.
"""

from stackyard.blueprints.errors import (
    EvaluationTooLargeError,
    EvaluatorBusyError,
)
from stackyard.blueprints.model.blueprint import Blueprint, BlueprintSpec, Publication
from stackyard.blueprints.model.deployment import (
    Deployed,
    DeployedStack,
    Deployment,
    DeploymentChange,
    DeploymentInput,
    DeploymentSpec,
)
from stackyard.blueprints.model.evaluation import (
    Answer,
    Evaluation,
    Failed,
    Question,
    UnansweredError,
    Value,
)
from stackyard.blueprints.model.inputs import InputType, given_inputs
from stackyard.blueprints.model.progress import DeploymentState
from stackyard.blueprints.model.schema import BLUEPRINT_SCHEMA, TEMPLATE_SCHEMA
from stackyard.blueprints.model.template import (
    Template,
    TemplateSpec,
    TemplateVersion,
    TemplateVersionSpec,
)
from stackyard.blueprints.ports import Expressions
from stackyard.blueprints.service import (
    Blueprints,
    Deployments,
    Furnishing,
    Leaving,
    Made,
    Making,
    Showing,
    TemplateFacts,
    Templates,
    TemplateVersions,
)
from stackyard.blueprints.store import (
    BlueprintStore,
    DeploymentStore,
    TemplateStore,
    TemplateVersionStore,
)

__all__ = [
    "BLUEPRINT_SCHEMA",
    "TEMPLATE_SCHEMA",
    "Answer",
    "Blueprint",
    "BlueprintSpec",
    "BlueprintStore",
    "Blueprints",
    "Deployed",
    "DeployedStack",
    "Deployment",
    "DeploymentChange",
    "DeploymentInput",
    "DeploymentSpec",
    "DeploymentState",
    "DeploymentStore",
    "Deployments",
    "Evaluation",
    "EvaluationTooLargeError",
    "EvaluatorBusyError",
    "Expressions",
    "Failed",
    "Furnishing",
    "InputType",
    "Leaving",
    "Made",
    "Making",
    "Publication",
    "Question",
    "Showing",
    "Template",
    "TemplateFacts",
    "TemplateSpec",
    "TemplateStore",
    "TemplateVersion",
    "TemplateVersionSpec",
    "TemplateVersionStore",
    "TemplateVersions",
    "Templates",
    "UnansweredError",
    "Value",
    "given_inputs",
]
