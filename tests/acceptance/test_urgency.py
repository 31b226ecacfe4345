"""What a run needs goes first; what only tells of it waits a moment."""

from tests.support.bureau import Bureau
from tests.support.stacks import ADA

from stackyard.adapters.postgres import Database
from stackyard.stacks import TrackedCommit

MESSAGES = (
    "SELECT body->>'reaction', visible_at - sent_at > '0.1 s'"
    " FROM message_queue_messages"
)


async def test_the_trail_and_its_webhook_let_the_run_go_first(
    database: Database,
) -> None:
    bureau = await Bureau(database).prepare()
    stack = await bureau.follow("Net", "https://git.example/net.git")
    await bureau.sql("DELETE FROM message_queue_messages RETURNING id")
    async with bureau.unit() as unit:
        commit = TrackedCommit("a" * 40).as_dict()
        await unit.triggers.trigger(stack, commit=commit, by=ADA)

    waits = dict(await bureau.sql(MESSAGES))

    assert waits == {
        "advance_queued": False,
        "offer_queued": True,
        "seal_recorded": True,
    }
