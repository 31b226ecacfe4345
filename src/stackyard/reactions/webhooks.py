"""The webhooks of stacks and modules are told, one thing at a time.

The endpoints are somebody's: each may be slow, or away for days. So whatever fails ends
the turn, and its webhook pauses; the others have theirs a moment later.
"""

import structlog

from stackyard.kernel.access import SYSTEM
from stackyard.kernel.deliveries import POST_SECONDS
from stackyard.reactions.audit import MOST_AT_ONCE
from stackyard.reactions.tools import Tools
from stackyard.webhooks import HookDeliveriesDue

log = structlog.get_logger()


async def send_due(tools: Tools, _event: HookDeliveriesDue) -> None:
    """Send what is due, the oldest first, until one fails or it is enough for now."""
    for _ in range(MOST_AT_ONCE):
        async with tools.open_unit() as unit:
            outgoing = await unit.hook_deliveries.claim(by=SYSTEM)
        if outgoing is None:
            return
        posted = await tools.poster.post(
            outgoing.url, outgoing.body, outgoing.headers, seconds=POST_SECONDS
        )
        async with tools.open_unit() as unit:
            await unit.hook_deliveries.answered(outgoing.id, posted, by=SYSTEM)
        if not posted.accepted:
            log.warning("webhook.not_delivered", reason=posted.said)
            break
    await catch_up(tools)


async def catch_up(tools: Tools) -> None:
    """The net below the queue: send what no message came for."""
    async with tools.open_unit() as unit:
        await unit.hook_deliveries.tell_due(by=SYSTEM)


async def forget_old(tools: Tools) -> None:
    """Let go of the log of deliveries."""
    async with tools.open_unit() as unit:
        await unit.hook_deliveries.forget(by=SYSTEM)
