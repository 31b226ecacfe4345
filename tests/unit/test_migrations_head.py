"""The revision that a process takes for all it needs."""

from alembic.script import ScriptDirectory

from stackyard.adapters.postgres.migrate import MIGRATIONS, configuration, first_half
from stackyard.migrations import NEEDED


def test_what_is_written_down_as_needed_is_the_newest_of_the_first_half() -> None:
    directory = ScriptDirectory.from_config(configuration(MIGRATIONS))

    assert first_half(directory) == NEEDED
