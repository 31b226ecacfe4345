"""What plugins print in a run, beside its log: an object of Markdown each. Pure."""

from typing import Final
from urllib.parse import quote

from stackyard.kernel.access import Subject, SubjectKind
from stackyard.kernel.needs import Rule, note_asked
from stackyard.runs.errors import PluginNameError, PluginsOfRunsOnlyError

LONGEST_NAME: Final = 200  # in bytes: the store's keys have an end


def plugin_log_key(plugin: str, *, by: Subject) -> str:
    """Return where a plugin's words lie in the bucket of logs, below the run that asks.

    There is one place per plugin and run: who says more replaces what was said.
    """
    note_asked(Rule.OWN_RUN)
    if by.kind is not SubjectKind.RUN:
        raise PluginsOfRunsOnlyError
    if not (plugin.strip() and plugin.isprintable()):
        raise PluginNameError
    if len(plugin.encode()) > LONGEST_NAME:
        raise PluginNameError
    run_id = by.id.rpartition("/")[2]
    # keys have no "%" and no "~"; a "+" of the name itself is quoted, so none collide
    name = quote(plugin, safe="").replace("~", "%7E").replace("%", "+")
    return f"{run_id}/plugins/{name}.md"
