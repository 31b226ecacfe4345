"""Cloud integrations and webhooks for tests: with sound settings."""

from typing import Any, Final

from stackyard.clouds import AwsRoleSpec, AwsSpec, NewAzureSpec
from stackyard.kernel.ids import LEGACY, SpaceId, StackId
from stackyard.stacks import Module
from stackyard.unit import Unit
from stackyard.webhooks import HookSettings, NamedSettings
from tests.support.stacks import a_spec

ROLE: Final = "arn:aws:iam::039653571618:role/empty-test-role"
ROLE_SPEC: Final = AwsRoleSpec(role_arn=ROLE)
SCOPES: Final = ("https://www.googleapis.com/auth/compute",)


def an_aws_spec(name: str, **given: Any) -> AwsSpec:
    return AwsSpec(name=name, role_arn=ROLE, **given)


def an_azure_spec(name: str, **given: Any) -> NewAzureSpec:
    return NewAzureSpec(**{"tenant_id": "tenant"} | given, name=name)


def a_hook(endpoint: str = "https://hooks.example", **given: Any) -> HookSettings:
    return HookSettings(enabled=True, endpoint=endpoint, **given)


def a_named_hook(name: str, space_id: SpaceId, **given: Any) -> NamedSettings:
    endpoint = "https://hooks.example"
    usual: dict[str, Any] = {"enabled": True, "endpoint": endpoint, "name": name}
    return NamedSettings(**usual | given, space_id=space_id)


async def a_module(unit: Unit, name: str, space_id: SpaceId = LEGACY) -> StackId:
    """Put a module there, beside the use cases that make one."""
    spec = a_spec(name=name)
    made = Module.create(
        StackId(name), spec, space_id=space_id, manages_state=False, at=unit.clock()
    )
    made.terraform_provider, made.public = "default", False
    unit.session.add(made)
    await unit.session.flush()
    return made.id
