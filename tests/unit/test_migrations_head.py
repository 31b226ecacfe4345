"""The revision that a process takes for the newest."""

from alembic.config import Config
from alembic.script import ScriptDirectory

from stackyard.adapters.postgres.migrate import MIGRATIONS
from stackyard.migrations import HEAD


def test_the_head_that_is_written_down_is_the_head_of_the_scripts() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))

    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]
