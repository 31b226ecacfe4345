"""Stacks, one of which depends on another, with all that they may have."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from tests.support.client import stack_input
from tests.support.lives.attachments import attach_all, give_all
from tests.support.lives.course import (
    HERE,
    Course,
    Sender,
    Variables,
    carry,
    living,
    until_gone,
)
from tests.support.lives.kinds import course
from tests.support.lives.people import binding
from tests.support.lives.said import OF_GITLAB

_STATE: Final = b'{"version": 4, "serial": 7, "lineage": "x", "resources": []}'
_NIGHTLY: Final[Variables] = {
    "cronSchedule": ["0 3 * * *"],
    "timestampSchedule": None,
    "timezone": "UTC",
}


async def live_of_what_is_attached_to_a_stack(sender: Sender, name: str) -> None:
    async with a_stack(sender, name) as stack:
        await attach_all(sender, stack, name)


async def live_of_what_a_stack_has(sender: Sender, name: str) -> None:
    async with a_stack(sender, name) as stack:
        await give_all(sender, "Stack", stack)
        await _drift(sender, stack)


async def live_of_a_stack(sender: Sender, name: str) -> None:
    async with a_stack(sender, name, brings=_STATE) as stack:
        await carry_schedules(sender, stack)
        await _vendor(sender, stack)
        await _runs(sender, stack)


async def live_of_a_dependency(sender: Sender, name: str) -> None:
    async with (
        a_stack(sender, f"{name}-net") as net,
        a_stack(sender, f"{name}-app") as app,
    ):
        await carry_dependency(sender, app, net)
        await carry_roles(sender, app, name)


@asynccontextmanager
async def a_stack(
    sender: Sender, name: str, *, brings: bytes = b""
) -> AsyncIterator[str]:
    """Have a stack until it is gone for good; one may bring a state of its own."""
    async with living(sender, course("worker_pool", name)) as pool:
        upload = {"objectId": None}
        if brings:
            upload = await sender.data("StateUploadUrl")
            await sender.put(str(upload["url"]), brings)
        first = stack_input(name, "demo", pool["id"], labels=["b", "a"]) | OF_GITLAB
        made = await sender.data(
            "StackCreate",
            input=first,
            manageState=True,
            slug=None,
            stackObjectID=upload["objectId"],
        )
        stack = str(made["id"])
        assert made["managesStateFile"], stack
        assert await _stack(sender, stack) == made
        changed = await sender.data(
            "StackUpdate", id=stack, input=first | {"labels": [], "description": "d"}
        )
        assert (changed["labels"], changed["description"]) == ([], "d"), stack
        assert await _stack(sender, stack) == changed
        for switch, off in (("Disable", True), ("Enable", False)):
            switched = await sender.data(f"StackActivator{switch}", id=stack)
            assert switched["isDisabled"] is off, stack
        yield stack
        await sender.data("StackDestructorDiscardRuns", id=stack)
        await sender.data("StackDelete", id=stack)
        await until_gone(sender, "StackAWSRoleRead", id=stack)


async def _stack(sender: Sender, stack: str) -> Any:
    return await sender.data("StackAWSRoleRead", id=stack)


async def carry_schedules(sender: Sender, stack: str) -> None:
    run = _NIGHTLY | {"name": "nightly", "runtimeConfig": None}
    task = _NIGHTLY | {"command": "ls -lah"}
    going = {"shouldDeleteResources": True, "timestampSchedule": 2_000_000_000}
    create = "ScheduledDeleteCreate__2"  # so its client calls the task's
    for noun, read, operations, first, then in (
        ("Run", "Run", ("ScheduledRunCreate", "ScheduledRunDelete"), run, {"name": ""}),
        ("Task", "Task", (create, "ScheduledTaskDelete"), task, {"command": "ls"}),
        (
            "Delete",
            "DeleteStack",
            ("ScheduledDeleteCreate", "ScheduledStackDeleteDelete"),
            going,
            {"shouldDeleteResources": False},
        ),
    ):
        here = {"stack": stack, f"scheduled{noun}": HERE}
        schedule = Course(
            (operations[0], {"stack": stack, "input": first}),
            (f"StackScheduled{read}Read", {"stack": stack, "id": HERE}),
            (operations[1], here),
            (f"Scheduled{noun}Update", here | {"input": first | then}),
            at=(f"scheduled{noun}",),
        )
        await carry(sender, schedule)


async def _drift(sender: Sender, stack: str) -> None:
    given: Variables = {"schedule": ["0 4 * * *"], "reconcile": False}
    given |= {"timezone": "UTC", "ignoreState": False}
    for operation, said in (
        ("DriftDetectionCreate", given),
        ("DriftDetectionUpdate", given | {"reconcile": True}),
    ):
        await sender.data(operation, stack=stack, input=said)
        found = (await _stack(sender, stack))["integrations"]["driftDetection"]
        assert found == said, stack
    await sender.data("DriftDetectionDelete", stack=stack)
    found = (await _stack(sender, stack))["integrations"]["driftDetection"]
    assert found["schedule"] == [], stack


async def carry_roles(sender: Sender, stack: str, name: str) -> None:
    async with living(sender, course("role", name)) as role:
        bound = {"stackID": stack, "roleID": role["id"], "spaceID": "legacy"}
        await carry(sender, binding("Stack", bound))


async def carry_dependency(
    sender: Sender, stack: str, on: str, variable: str = "TF_VAR_vpc"
) -> None:
    both = {"stackId": stack, "dependsOnStackId": on}
    dependency = Course(
        ("StackDependencyCreate", {"input": both}),
        ("StackDependencyRead", both | {"id": HERE}),
        ("StackDependencyDelete", {"id": HERE}),
        at=("dependency",),
    )
    async with living(sender, dependency) as made:
        said: Variables = {"outputName": "vpc", "inputName": variable}
        said |= {"type": "ENVIRONMENT_VARIABLE", "triggerAlways": True}
        whose = {"stack_id": stack, "dependency_id": made["id"]}
        reference = Course(
            (
                "StackDependenciesAddReference",
                {"stackDependencyID": made["id"], "reference": said},
            ),
            ("StackDependenciesReferenceRead", whose | {"reference_id": HERE}),
            ("StackDependenciesDeleteReference", {"id": HERE}),
            (
                "StackDependenciesUpdateReference",
                {"reference": said | {"id": HERE, "triggerAlways": False}},
            ),
            at=("dependency", "reference"),
        )
        async with living(sender, reference) as one:
            brought = await sender.data(  # `terraform import` by what it is given to
                "StackDependencyReferenceRead",
                **whose | {"dependency_id": ""},
                depends_on_stack_id=on,
                reference_id="",
                input_name=variable,
            )
            assert brought["dependency"]["reference"] == one, stack


async def _vendor(sender: Sender, stack: str) -> None:
    over: Variables = {"labels": ["terragrunt"]}
    over |= {"terragrunt": {"terragruntVersion": "0.45.0"}}
    for vendor, config in (
        ("Terragrunt", over),
        ("Terraform", {"labels": None, "terragrunt": None}),
    ):
        said = await sender.data(
            "StackMigrateVendor", id=stack, targetVendor=vendor, config=config
        )
        found = await _stack(sender, stack)
        assert found == said, stack
        kind = found["vendorConfig"]["__typename"]
        assert kind == f"StackConfigVendor{vendor}", stack


async def _runs(sender: Sender, stack: str) -> None:
    """What waits for a worker in vain is no reason to keep the stack."""
    run = await sender.data(
        "RunTrigger", stack=stack, runType="TRACKED", sha=None, runtimeConfig=None
    )
    found = await sender.data("StackRunRead", stackId=stack, runId=run["id"])
    assert not found["runResourceState"]["finished"], stack
    task = await sender.data(
        "TaskCreate", stack=stack, command="true", skipInitialization=True
    )
    assert task["id"] != run["id"], stack
