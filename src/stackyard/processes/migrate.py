"""`stackyard migrate`: brings the schema up to date, then ends."""

import argparse
import asyncio
from collections.abc import Sequence

import structlog

from stackyard.logs import configure_logs
from stackyard.processes.life import prepare_database
from stackyard.settings import MigrateSettings, load_or_exit

log = structlog.get_logger()


def main(arguments: Sequence[str] = ()) -> None:
    parser = argparse.ArgumentParser(
        prog="stackyard migrate",
        description="Prepare the database for this release. Every process does so too.",
    )
    parser.add_argument(
        "--after",
        action="store_true",
        help="also remove what only the previous release needs:"
        " when it runs nowhere any more",
    )
    chosen = parser.parse_args(arguments)
    configure_logs("migrate")
    settings = load_or_exit(MigrateSettings)
    asyncio.run(prepare_database(settings, after=chosen.after))
    log.info("migrate.finished", after=chosen.after)
