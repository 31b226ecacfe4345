"""Cloud integrations and webhooks for tests: with sound settings."""

from typing import Any, Final

from stackyard.clouds import AwsRoleSpec, AwsSpec, NewAzureSpec
from stackyard.kernel.access import SYSTEM
from stackyard.kernel.ids import LEGACY, SpaceId, StackId
from stackyard.modules import ModuleSpec, name_module
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
    spec = ModuleSpec(a_spec(name=name, space_id=space_id))
    named = name_module("any", name=name)
    return (await unit.modules.create(named, spec, by=SYSTEM)).id
