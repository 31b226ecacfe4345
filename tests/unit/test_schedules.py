"""When a schedule is due, what of the past it makes up for, and what it may say."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from stackyard.stacks import (
    OLDEST,
    DeleteStack,
    DetectDrift,
    Errand,
    PerformTask,
    RuntimeConfig,
    RuntimeConfigProblemsError,
    RuntimeVariable,
    Schedule,
    ScheduleProblemsError,
    Terraform,
    TerraformTool,
    Timing,
    TriggerRun,
)
from stackyard.stacks.model.vendors import OpenTofu
from stackyard_protocol.job import Hooks

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def a_schedule(errand: Errand | None = None, **timing: Any) -> Schedule:
    schedule = Schedule()
    schedule.set(errand or TriggerRun(), Timing(**timing), now=NOON)
    return schedule


def test_several_expressions_are_due_when_the_first_of_them_is() -> None:
    schedule = a_schedule(cron=("0 18 * * *", "*/15 * * * *"))
    assert schedule.next_at == NOON + 15 * MINUTE


def test_cron_is_in_the_schedule_s_time_zone() -> None:
    assert (
        a_schedule(cron=("0 15 * * *",), timezone="CET").next_at == NOON + 120 * MINUTE
    )


def test_what_is_due_is_taken_once() -> None:
    schedule = a_schedule(cron=("*/15 * * * *",))
    assert schedule.take(now=NOON + 14 * MINUTE) is None
    assert schedule.take(now=NOON + 15 * MINUTE) == NOON + 15 * MINUTE
    assert schedule.take(now=NOON + 15 * MINUTE) is None
    assert schedule.next_at == NOON + 30 * MINUTE


def test_of_what_was_missed_the_last_is_made_up_for() -> None:
    schedule = a_schedule(cron=("*/15 * * * *",))
    assert schedule.take(now=NOON + 50 * MINUTE) == NOON + 45 * MINUTE
    assert schedule.next_at == NOON + 60 * MINUTE


def test_nothing_is_made_up_for_that_is_older_than_an_hour() -> None:
    daily, once = a_schedule(cron=("30 12 * * *",)), a_schedule(at=NOON + 30 * MINUTE)
    late = NOON + 31 * MINUTE + OLDEST
    assert (daily.take(now=late), once.take(now=late)) == (None, None)
    assert daily.next_at == NOON + timedelta(days=1, minutes=30)
    assert once.next_at is None


def test_after_a_week_away_a_schedule_of_minutes_makes_up_for_one() -> None:
    schedule = a_schedule(cron=("* * * * *",))
    back = NOON + timedelta(days=7, seconds=30)
    assert schedule.take(now=back) == NOON + timedelta(days=7)


def test_a_moment_comes_once() -> None:
    schedule = a_schedule(at=NOON + MINUTE)
    assert schedule.take(now=NOON + MINUTE) == NOON + MINUTE
    assert schedule.next_at is None
    assert schedule.shown_next == NOON + MINUTE


@pytest.mark.parametrize("at", [datetime.fromtimestamp(123, UTC), NOON - MINUTE, NOON])
def test_a_moment_in_the_past_is_kept_and_does_not_come(at: datetime) -> None:
    schedule = a_schedule(at=at)
    assert schedule.take(now=NOON + MINUTE) is None
    assert schedule.shown_next == at


@pytest.mark.parametrize(
    ("expression", "after", "hours"),
    [
        # 2:30 is not there on 31 March: it is made 3:00
        ("30 2 * * *", datetime(2030, 3, 30, 12, tzinfo=UTC), [13, 36.5]),
        # and on 27 October it is there twice: it is the first
        ("30 2 * * *", datetime(2030, 10, 26, 12, tzinfo=UTC), [12.5, 37.5]),
        ("0 * * * *", datetime(2030, 10, 26, 23, 30, tzinfo=UTC), [0.5, 1.5, 2.5]),
    ],
)
def test_summer_time_neither_doubles_nor_loses_a_run(
    expression: str, after: datetime, hours: list[float]
) -> None:
    schedule = Schedule()
    timing = Timing((expression,), timezone="Europe/Berlin")
    schedule.set(TriggerRun(), timing, now=after)
    for hour in hours:
        due = after + timedelta(hours=hour)
        assert schedule.next_at == due
        assert schedule.take(now=due) == due


def test_within_the_hour_that_comes_twice_nothing_is_due_in_the_past() -> None:
    second_time = datetime(2030, 10, 27, 1, 10, tzinfo=UTC)  # 2:10 in Berlin, again
    schedule = Schedule()
    timing = Timing(("30 2 * * *",), timezone="Europe/Berlin")
    schedule.set(TriggerRun(), timing, now=second_time)
    assert schedule.next_at == datetime(2030, 10, 28, 1, 30, tzinfo=UTC)


def test_a_moment_is_seen_to_once_and_never_after_a_later_one() -> None:
    schedule = a_schedule(cron=("* * * * *",))
    assert schedule.see_to(NOON + MINUTE)
    assert not schedule.see_to(NOON + MINUTE)
    assert not schedule.see_to(NOON)


@pytest.mark.parametrize(
    ("errand", "timing", "said"),
    [
        (TriggerRun(), {}, "either"),
        (TriggerRun(), {"cron": ("* * * * *",), "at": NOON}, "either"),
        (TriggerRun(), {"cron": ("* * * *",)}, '"* * * *" must have five fields'),
        (TriggerRun(), {"cron": ("* * * * * *",)}, "five fields"),
        (TriggerRun(), {"cron": ("61 * * * *",)}, "Bad minute"),
        (TriggerRun(), {"cron": ("0 0 30 2 *",)}, "Bad day-of-month"),
        (TriggerRun(), {"cron": ("* * * * *",) * 21}, "at most 20"),
        (TriggerRun(), {"at": NOON, "timezone": "Mars"}, 'no time zone "Mars"'),
        (TriggerRun(), {"at": NOON, "timezone": "../x"}, "no time zone"),
        (PerformTask(command=" "), {"at": NOON}, "command"),
        (DeleteStack(destroy_resources=True), {"cron": ("* * * * *",)}, "say when"),
        (DeleteStack(destroy_resources=True), {}, "say when"),
        (DetectDrift(), {}, "at least one"),
        (DetectDrift(), {"at": NOON}, "at least one"),
    ],
)
def test_what_cannot_be_kept_to_is_refused(
    errand: Errand, timing: dict[str, Any], said: str
) -> None:
    with pytest.raises(ScheduleProblemsError) as refused:
        a_schedule(errand, **timing)
    assert said in str(refused.value)


def test_a_run_s_own_configuration_is_looked_at_too() -> None:
    config = RuntimeConfig(
        environment=[RuntimeVariable("no name", "x")],
        project_root="../x",
        terraform_version="1.0.1.1",
        hooks=Hooks(before_plan=[" "]),
    )
    for word in ("environment", "projectRoot", "hook", "terraform"):
        assert any(word in problem for problem in config.problems())


def test_a_run_s_own_configuration_replaces_what_it_names() -> None:
    config = RuntimeConfig(terraform_version="1.4.0", hooks=Hooks(before_plan=["a"]))
    own = Terraform(version="1.5.0", workflow_tool=TerraformTool.OPEN_TOFU)
    assert config.over(own) == Terraform(
        version="1.4.0", workflow_tool=TerraformTool.OPEN_TOFU
    )
    assert config.over(OpenTofu()) == OpenTofu()
    hooks = config.hooks_over({"before_plan": ["b"], "after_plan": ["c"]})
    assert (hooks["before_plan"], hooks["after_plan"]) == (["a"], ["c"])


def test_what_is_kept_comes_back_as_it_was() -> None:
    config = RuntimeConfig(environment=[RuntimeVariable("B", "1")], runner_image="x")
    for errand in (
        TriggerRun(name="n", runtime_config=config),
        PerformTask(command="true"),
    ):
        assert a_schedule(errand, at=NOON).errand == errand


def test_yaml_says_the_same_as_the_fields() -> None:
    text = """
    before_plan: [echo one]
    environment: {B: "1", A: ""}
    project_root: infra
    runner_image: runner:1
    terraform_version: 1.4.6
    """
    assert RuntimeConfig.from_yaml(text) == RuntimeConfig(
        environment=[RuntimeVariable("B", "1"), RuntimeVariable("A", "")],
        project_root="infra",
        runner_image="runner:1",
        terraform_version="1.4.6",
        hooks=Hooks(before_plan=["echo one"]),
    )
    tofu = "{terraform_workflow_tool: OPEN_TOFU, opentofu_version: 1.8.0}"
    assert RuntimeConfig.from_yaml(tofu).terraform_version == "1.8.0"
    assert RuntimeConfig.from_yaml("") == RuntimeConfig()


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[1]",
        "unknown: 1",
        "environment: {A: 1}",
        "&a [*a]",
        "#" * 300_000,
        "\0",
        "project_root: !!bool x",
        "project_root: !!int ''",
    ],
)
def test_yaml_that_is_no_block_is_refused(text: str) -> None:
    with pytest.raises(RuntimeConfigProblemsError, match="yaml: "):
        RuntimeConfig.from_yaml(text)
