"""What the provider sends about what stacks do by themselves."""

from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from tests.support.edge import Edge
from tests.support.provider import Provider
from tests.support.stacks import a_spec

from stackyard.adapters.postgres import Database
from stackyard.kernel.access import SYSTEM
from stackyard.kernel.ids import RunId, StackId
from stackyard.stacks import (
    RuntimeConfig,
    RuntimeVariable,
    StackNotFoundError,
    Timing,
    TriggerRun,
)

SPACECTL: Final = Path(__file__).parents[1] / "operations" / "spacectl"
HOOKS: Final = {
    f"{when}{phase}": [f"echo {when} {phase}", "true"]
    for when in ("before", "after")
    for phase in ("Init", "Plan", "Apply", "Perform", "Destroy")
} | {"afterRun": ["echo done"]}
CONFIG: Final[dict[str, Any]] = HOOKS | {
    "environment": [{"key": "B", "value": "1"}, {"key": "A", "value": ""}],
    "projectRoot": "infra",
    "runnerImage": "runner:1",
}
EVERY: Final = ["*/15 * * * *", "0 3 * * MON"]
PAST: Final = 123


@pytest.fixture
async def provider(database: Database) -> Provider:
    edge = Edge(database)
    await edge.prepare()
    async with edge.unit() as unit:
        for name in ("Net", "Other"):
            await unit.stacks.create(a_spec(name=name), by=SYSTEM)
    return await Provider(edge).sign_in()


def a_run(**given: Any) -> dict[str, Any]:
    usual = {"name": "", "cronSchedule": EVERY, "timestampSchedule": None}
    return usual | {"timezone": "CET", "runtimeConfig": None} | given


def a_task(**given: Any) -> dict[str, Any]:
    usual = {"command": "terraform refresh", "cronSchedule": EVERY}
    return usual | {"timestampSchedule": None, "timezone": "UTC"} | given


async def read(provider: Provider, noun: str, schedule_id: str) -> Any:
    operation = "DeleteStack" if noun == "Delete" else noun
    found = await provider.data(
        f"StackScheduled{operation}Read", stack="net", id=schedule_id
    )
    return found[f"scheduled{noun}"]


async def test_the_life_of_a_scheduled_run(provider: Provider) -> None:
    made = await provider.data("ScheduledRunCreate", stack="net", input=a_run())
    sent = {"cronSchedule": EVERY, "timestampSchedule": None, "timezone": "CET"}
    assert made == sent | {
        "id": made["id"],
        "name": "",
        "nextSchedule": made["nextSchedule"],
        "customRuntimeConfig": None,
    }
    assert await read(provider, "Run", made["id"]) == made

    named = {"stack": "net", "scheduledRun": made["id"]}
    for change in (
        {"name": "nightly"},
        {"cronSchedule": ["0 1 * * *"]},
        {"timezone": "UTC"},
    ):
        changed = await provider.data(
            "ScheduledRunUpdate", **named, input=a_run(**change)
        )
        assert changed | change == changed
        assert await read(provider, "Run", made["id"]) == changed
    assert (await provider.data("ScheduledRunDelete", **named))["id"] == made["id"]
    assert await read(provider, "Run", made["id"]) is None
    assert "no such schedule" in await provider.error("ScheduledRunDelete", **named)


async def test_custom_runtime_config_comes_back_with_a_version_and_a_tool(
    provider: Provider,
) -> None:
    made = await provider.data(
        "ScheduledRunCreate", stack="net", input=a_run(runtimeConfig=CONFIG)
    )
    shown = made["customRuntimeConfig"]
    assert shown | CONFIG == shown
    assert shown["terraformVersion"]
    assert shown["terraformWorkflowTool"] == "TERRAFORM_FOSS"
    assert await read(provider, "Run", made["id"]) == made

    own = {"terraformVersion": "1.4.6", "terraformWorkflowTool": "CUSTOM"}
    named = {"stack": "net", "scheduledRun": made["id"]}
    changed = await provider.data(
        "ScheduledRunUpdate", **named, input=a_run(runtimeConfig=own)
    )
    shown = changed["customRuntimeConfig"]
    assert shown | own == shown
    assert (shown["environment"], shown["beforePlan"]) == ([], [])
    assert shown["projectRoot"] is None
    bare = await provider.data("ScheduledRunUpdate", **named, input=a_run())
    assert bare["customRuntimeConfig"] is None


@pytest.mark.parametrize(
    ("noun", "operation", "wanted"),
    [
        ("Run", "ScheduledRun", a_run),
        ("Task", "ScheduledTask", a_task),
    ],
)
async def test_exactly_one_of_cron_and_timestamp_and_switching_clears_the_other(
    provider: Provider, noun: str, operation: str, wanted: Any
) -> None:
    create = "ScheduledDeleteCreate__2" if noun == "Task" else f"{operation}Create"
    made = await provider.data(create, stack="net", input=wanted())
    named = {"stack": "net", f"scheduled{noun}": made["id"]}
    once = wanted(cronSchedule=None, timestampSchedule=PAST)
    changed = await provider.data(f"{operation}Update", **named, input=once)
    assert (changed["cronSchedule"], changed["timestampSchedule"]) == ([], PAST)
    back = await provider.data(f"{operation}Update", **named, input=wanted())
    assert (back["cronSchedule"], back["timestampSchedule"]) == (EVERY, None)
    for wrong in ({"timestampSchedule": PAST}, {"cronSchedule": None}):
        said = await provider.error(create, stack="net", input=wanted(**wrong))
        assert "either a cronSchedule or a timestampSchedule" in said


async def test_the_life_of_a_scheduled_task(provider: Provider) -> None:
    create = "ScheduledDeleteCreate__2"  # so it is called by its client
    made = await provider.data(create, stack="net", input=a_task())
    assert made == a_task() | {"id": made["id"]}
    assert await read(provider, "Task", made["id"]) == made
    named = {"stack": "net", "scheduledTask": made["id"]}
    wanted = a_task(command="true", timezone="CET")
    changed = await provider.data("ScheduledTaskUpdate", **named, input=wanted)
    assert changed == wanted | {"id": made["id"]}
    assert await provider.data("ScheduledTaskDelete", **named) == changed
    assert await read(provider, "Task", made["id"]) is None


async def test_the_life_of_a_scheduled_delete(provider: Provider) -> None:
    wanted = {"shouldDeleteResources": True, "timestampSchedule": PAST}
    made = await provider.data("ScheduledDeleteCreate", stack="net", input=wanted)
    assert made == wanted | {"id": made["id"]}
    assert await read(provider, "Delete", made["id"]) == made
    named = {"stack": "net", "scheduledDelete": made["id"]}
    wanted = {"shouldDeleteResources": False, "timestampSchedule": 1234}
    changed = await provider.data("ScheduledDeleteUpdate", **named, input=wanted)
    assert changed == wanted | {"id": made["id"]}
    assert await provider.data("ScheduledStackDeleteDelete", **named) == changed
    assert await read(provider, "Delete", made["id"]) is None


async def test_timezone_defaults_to_utc_and_is_kept_otherwise(
    provider: Provider,
) -> None:
    for given, kept in ((None, "UTC"), ("", "UTC"), ("CET", "CET")):
        made = await provider.data(
            "ScheduledRunCreate", stack="net", input=a_run(timezone=given)
        )
        assert made["timezone"] == kept


async def test_next_schedule_is_said_of_both_kinds(provider: Provider) -> None:
    now = int(provider.edge.clock().timestamp())
    made = await provider.data("ScheduledRunCreate", stack="net", input=a_run())
    assert made["nextSchedule"] == now + 15 * 60
    once = a_run(cronSchedule=None, timestampSchedule=PAST)
    made = await provider.data("ScheduledRunCreate", stack="net", input=once)
    assert made["nextSchedule"] == PAST


async def test_a_past_timestamp_is_accepted_and_kept_and_never_fires(
    provider: Provider,
) -> None:
    once = a_run(cronSchedule=None, timestampSchedule=PAST)
    made = await provider.data("ScheduledRunCreate", stack="net", input=once)
    provider.edge.clock.advance(60)
    async with provider.edge.unit() as unit:
        assert await unit.schedules.tell_due(by=SYSTEM) == 0
    assert await read(provider, "Run", made["id"]) == made


async def test_a_schedule_is_found_at_its_own_stack_and_as_its_own_kind(
    provider: Provider,
) -> None:
    made = await provider.data("ScheduledRunCreate", stack="other", input=a_run())
    assert await read(provider, "Run", made["id"]) is None
    task = await provider.data("ScheduledDeleteCreate__2", stack="net", input=a_task())
    assert await read(provider, "Run", task["id"]) is None
    wrong = {"stack": "net", "scheduledRun": task["id"]}
    assert "no such schedule" in await provider.error("ScheduledRunDelete", **wrong)


async def test_a_stack_that_goes_while_it_gets_a_schedule_is_missing(
    provider: Provider,
) -> None:
    net, hourly = StackId("net"), Timing(("0 * * * *",))
    async with provider.edge.unit() as one:
        read = await one.stacks.find(net, by=SYSTEM)
        assert read is not None  # and kept: it is not read again
        async with provider.edge.unit() as other:
            await other.stacks.purge(net, by=SYSTEM)
        with pytest.raises(StackNotFoundError):
            await one.schedules.create(net, TriggerRun(), hourly, by=SYSTEM)


async def drift(provider: Provider) -> Any:
    found = await provider.data("StackAWSRoleRead", id="net")
    return found["integrations"]["driftDetection"]


async def test_the_life_of_drift_detection(provider: Provider) -> None:
    assert (await drift(provider))["schedule"] == []  # not configured
    wanted: dict[str, Any] = {
        "ignoreState": False,
        "reconcile": True,
        "schedule": EVERY,
        "timezone": "CET",
    }
    made = await provider.data("DriftDetectionCreate", stack="net", input=wanted)
    assert made == wanted
    assert await drift(provider) == wanted
    again = await provider.error("DriftDetectionCreate", stack="net", input=wanted)
    assert "drift detection already" in again

    for change in (
        {"ignoreState": True},
        {"reconcile": False},
        {"schedule": ["0 1 * * *"]},
        {"timezone": "UTC"},
    ):
        wanted |= change
        changed = await provider.data("DriftDetectionUpdate", stack="net", input=wanted)
        assert changed == wanted
        assert await drift(provider) == wanted

    for _ in range(2):  # again, and it is gone already
        gone = await provider.data("DriftDetectionDelete", stack="net")
        assert gone == {"deleted": True}
    assert (await drift(provider))["schedule"] == []
    said = await provider.error("DriftDetectionUpdate", stack="net", input=wanted)
    assert "no such schedule" in said


async def test_drift_detection_s_timezone_defaults_to_utc(provider: Provider) -> None:
    wanted = {"ignoreState": False, "reconcile": False, "schedule": EVERY}
    made = await provider.data("DriftDetectionCreate", stack="net", input=wanted)
    assert made["timezone"] == "UTC"


async def test_drift_detection_needs_a_schedule(provider: Provider) -> None:
    wanted = {"ignoreState": False, "reconcile": False, "schedule": None}
    said = await provider.error("DriftDetectionCreate", stack="net", input=wanted)
    assert "at least one cron expression" in said


async def test_what_one_is_telling_of_no_other_tells_of(provider: Provider) -> None:
    edge = provider.edge
    for number in range(3):
        wanted = a_run(name=str(number))
        await provider.data("ScheduledRunCreate", stack="net", input=wanted)
    edge.clock.advance(timedelta(minutes=16).total_seconds())
    async with edge.unit() as one:
        assert await one.schedules.tell_due(by=SYSTEM) == 3
        async with edge.unit() as other:
            assert await other.schedules.tell_due(by=SYSTEM) == 0


@pytest.mark.parametrize(
    "config",
    [
        {"yaml": "project_root: infra\nenvironment: {B: x}"},
        {"projectRoot": "infra", "environment": [{"key": "B", "value": "x"}]},
    ],
)
async def test_a_triggered_run_may_be_given_a_configuration_too(
    provider: Provider, config: dict[str, Any]
) -> None:
    body: dict[str, Any] = {
        "query": (SPACECTL / "StackRunTriggerRunTrigger510.graphql").read_text(),
        "variables": {"stack": "net", "runtimeConfig": config, "type": "TRACKED"},
    }
    async with provider.edge.client() as client:
        answer = await client.post("/graphql", json=body, headers=provider.headers)
        made = RunId(answer.json()["data"]["runTrigger"]["id"])
        body["variables"]["runtimeConfig"] = {"projectRoot": "../x"}
        answer = await client.post("/graphql", json=body, headers=provider.headers)
        assert "projectRoot" in answer.json()["errors"][0]["message"]
    async with provider.edge.unit() as unit:
        run = await unit.runs.get(made, by=SYSTEM)
    assert run.runtime_config == RuntimeConfig(
        project_root="infra", environment=[RuntimeVariable("B", "x")]
    )
