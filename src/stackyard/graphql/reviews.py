"""What people think of runs, in the graph."""

from ariadne import MutationType, ObjectType

from stackyard.graphql.context import Info
from stackyard.kernel.ids import RunId, StackId
from stackyard.runs import Decision, Run, RunReview

mutation = MutationType()
run = ObjectType("Run")
review = ObjectType("RunReview")
bindables = [mutation, run, review]


@mutation.field("runReview")
async def resolve_review(
    _root: None,
    info: Info,
    *,
    stack: str,
    decision: str,
    run: str | None = None,
    note: str | None = None,
) -> RunReview:
    async with info.context.open_unit() as unit:
        return await unit.reviews.add(
            StackId(stack),
            RunId(run) if run else None,
            Decision(decision),
            note=note,
            by=info.context.subject,
        )


@run.field("reviews")
async def resolve_reviews(root: Run, info: Info) -> list[RunReview]:
    return await info.context.loaders.reviews.load(root.id)


@review.field("createdAt")
def resolve_created_at(root: RunReview, _info: Info) -> int:
    return int(root.created_at.timestamp())
