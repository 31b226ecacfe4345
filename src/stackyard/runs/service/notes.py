"""What the audit trail is told of a run, whoever does something to it."""

from stackyard.kernel.access import Subject
from stackyard.kernel.audit import Resource, ResourceType, Trail
from stackyard.runs.model import Run
from stackyard.runs.states import RunType
from stackyard.stacks import Project


async def note_run(
    trail: Trail, verb: str, run: Run, project: Project, *, by: Subject
) -> None:
    kind = ResourceType.TASK if run.type is RunType.TASK else ResourceType.RUN
    facts = {"ID": run.id, "StackID": run.stack_id, "Type": str(run.type)}
    if run.triggered_by not in {None, by.name}:
        facts["TriggeredBy"] = str(run.triggered_by)
    if run.force_apply:
        facts["ForceApply"] = "true"
    await trail.note(
        f"{kind.lower()}.{verb}",
        Resource(kind, run.id),
        related=project.resource(),
        space=project.space_id,
        facts=facts,
        by=by,
    )
