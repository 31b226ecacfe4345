"""A branch moved: its new commit is a version of the modules that follow it."""

import structlog

from stackyard.kernel.access import SYSTEM
from stackyard.kernel.errors import Kind, StackyardError
from stackyard.module_code import ModuleCode
from stackyard.reactions.tools import Tools
from stackyard.stacks import Module
from stackyard.vcs import Commit, RefUpdated

log = structlog.get_logger()


async def make_versions(
    tools: Tools, event: RefUpdated, branch: str, commit: Commit
) -> None:
    """Make a version of each module of the branch, if the commit has a new number.

    Nobody waits here for a word on why there is none: most pushes make none.
    """
    async with tools.open_unit() as unit:
        modules = await unit.modules.following(event.repo_id, branch, by=SYSTEM)
    for module in modules:
        if module.created_at > event.at:
            continue  # it came after the push, which was nothing to it
        try:
            await _make_version(tools, module, commit)
        except StackyardError as error:
            if error.kind is Kind.UNAVAILABLE:
                raise
            facts = {"module": module.id, "commit": commit.hash, "reason": str(error)}
            log.info("module.no_version", **facts)


async def _make_version(tools: Tools, module: Module, commit: Commit) -> None:
    reader = ModuleCode(tools.open_unit, tools.contents, tools.heads)
    code = await reader.at(module, commit.hash)
    if code.config is None or code.config.said is None:
        return  # whoever numbers versions elsewhere makes them as well
    async with tools.open_unit() as unit:
        await unit.versions.create(module.id, code, number=None, by=SYSTEM)
