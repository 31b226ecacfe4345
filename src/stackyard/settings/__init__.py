"""Every environment variable the control plane reads, typed, checked at start.

One class per process: a process does not fail for what it does not use. Start with
`scopes.py`; `parts.py` has the variables, `values.py` how each is read.
"""

from stackyard.settings.parts import DatabasePart
from stackyard.settings.report import Problem, SettingsError, load, load_or_exit
from stackyard.settings.scopes import (
    DrainSettings,
    MigrateSettings,
    SchedulerSettings,
    ServerSettings,
)
from stackyard.settings.values import Endpoint

__all__ = [
    "DatabasePart",
    "DrainSettings",
    "Endpoint",
    "MigrateSettings",
    "Problem",
    "SchedulerSettings",
    "ServerSettings",
    "SettingsError",
    "load",
    "load_or_exit",
]
