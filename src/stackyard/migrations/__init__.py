"""The schema's history. `stackyard.adapters.postgres.migrate` runs it."""

from typing import Final

HEAD: Final = "0002"  # the newest revision: every new one moves it, and a test checks
