"""The schema's history. `stackyard.adapters.postgres.migrate` runs it."""

from typing import Final

# The newest revision of the first half: every new one moves it, and a test checks.
NEEDED: Final = "0024"
