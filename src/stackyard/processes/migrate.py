"""`stackyard migrate`: brings the schema up to date, then ends."""

import asyncio

import structlog

from stackyard.adapters.postgres.migrate import upgrade
from stackyard.logs import configure_logs
from stackyard.processes.life import wait_for_database
from stackyard.settings import MigrateSettings, load_or_exit

log = structlog.get_logger()


def main() -> None:
    configure_logs("migrate")
    settings = load_or_exit(MigrateSettings)
    url = settings.database_url.get_secret_value()
    asyncio.run(wait_for_database(url))
    upgrade(url)
    log.info("migrate.finished")
