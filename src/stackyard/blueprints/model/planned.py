"""What a body says of clouds that a stack comes into, and of what it does by itself."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from stackyard.clouds import AwsIntegration, AzureIntegration, CloudIntegration, Use
from stackyard.kernel.ids import CloudId
from stackyard.stacks import DeleteStack, DetectDrift, Errand, PerformTask, Timing


@dataclass(frozen=True, slots=True)
class CloudPlan:
    kind: type[CloudIntegration]
    id: CloudId
    use: Use


def clouds_of(said: Mapping[str, Any]) -> Iterator[CloudPlan]:
    for name, kind in (("aws", AwsIntegration), ("azure", AzureIntegration)):
        one = said.get(name)
        if one:
            use = Use(one["read"], one["write"], one.get("subscription_id"))
            yield CloudPlan(kind, CloudId(one["id"]), use)


def schedules_of(said: Mapping[str, Any]) -> Iterator[tuple[Errand, Timing]]:
    drift, delete = said.get("drift"), said.get("delete")
    if drift:
        errand = DetectDrift(
            reconcile=drift["reconcile"], ignore_state=drift.get("ignore_state", False)
        )
        yield errand, _timing(drift)
    for task in said.get("tasks") or ():
        yield PerformTask(command=task["command"]), _timing(task)
    if delete:
        destroy = delete.get("delete_resources", False)
        yield DeleteStack(destroy_resources=destroy), _timing(delete)


def _timing(said: Mapping[str, Any]) -> Timing:
    at = said.get("timestamp_unix")
    return Timing(
        cron=tuple(said.get("cron") or ()),
        at=None if at is None else datetime.fromtimestamp(at, UTC),
        timezone=said.get("timezone", "UTC"),
    )
