"""What the platform does when something has happened.

A reaction opens units as it needs them, since no transaction waits for the network; it
may be called twice, so it re-reads what it acts on. `table.py` says who reacts to what.
"""

from stackyard.reactions.table import CHOREOGRAPHY
from stackyard.reactions.tools import Tools
from stackyard.reactions.workers import WorkerSpoke, hearing

__all__ = ["CHOREOGRAPHY", "Tools", "WorkerSpoke", "hearing"]
