"""Turn the log of a phase that has ended into one object."""

from stackyard.reactions.tools import Tools
from stackyard.runs import LogEnded


async def seal_ended(tools: Tools, event: LogEnded) -> None:
    await tools.log_files.seal(event.run_id, event.state_version)
