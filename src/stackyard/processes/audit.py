"""`stackyard audit verify`: whether the trail is what was written down.

Needs the database only. Exit status 1 if something is wrong.
"""

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.adapters.postgres import Database
from stackyard.audit import AuditStore, Finding, Mark, Verdict, Verification
from stackyard.kernel.access import SYSTEM
from stackyard.kernel.clock import system_clock
from stackyard.logs import configure_logs
from stackyard.settings import MigrateSettings, load_or_exit
from stackyard.spaces import SpaceAccess


def main(arguments: Sequence[str]) -> None:
    configure_logs("audit", stream=sys.stderr)  # stdout is for what was asked for
    given = _parser().parse_args(arguments)
    settings = load_or_exit(MigrateSettings)
    sys.exit(asyncio.run(run(settings, given)))


async def run(settings: MigrateSettings, given: argparse.Namespace) -> int:
    """Verify the whole trail; return the exit status."""
    database = Database.connect(settings.database_url, pool_size=1)
    try:
        verdict = await verify(database, given.witness)
    finally:
        await database.close()
    _say(verdict)
    return 1 if verdict.finding or verdict.unsealed.altered else 0


async def verify(database: Database, witness: Mark | None = None) -> Verdict:
    async with one_moment(database) as session:
        verification = Verification(AuditStore(session), SpaceAccess(session))
        return await verification.verify(by=SYSTEM, witness=witness)


@asynccontextmanager
async def one_moment(database: Database) -> AsyncIterator[AsyncSession]:
    """Lend a session to which nothing happens, while everybody goes on writing."""
    async with database.transaction() as session:
        await session.connection(
            execution_options={
                "isolation_level": "REPEATABLE READ",
                "postgresql_readonly": True,
            }
        )
        yield session


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="stackyard audit")
    actions = parser.add_subparsers(dest="action", required=True)
    verifying = actions.add_parser("verify", help="look for what was changed")
    verifying.add_argument(
        "--witness",
        type=Mark.parse,
        metavar="POSITION:HASH",
        help="what an earlier verification said of the end, kept elsewhere",
    )
    return parser


def _say(verdict: Verdict) -> None:
    for finding in (verdict.finding, verdict.unsealed.altered):
        if finding is not None:
            sys.stdout.write(f"WRONG\t{_said(finding)}\n")
    sys.stdout.write(f"verified\t{verdict.count}\n")
    sys.stdout.write(f"begins after\t{verdict.anchor}\n")
    sys.stdout.write(f"ends with\t{verdict.head}\n")
    unsealed = verdict.unsealed
    if unsealed.oldest_at is not None:
        age = round((system_clock() - unsealed.oldest_at).total_seconds())
        sys.stdout.write(f"not sealed yet\t{unsealed.count}, oldest {age} s\n")


def _said(finding: Finding) -> str:
    place = "not sealed yet" if finding.position is None else str(finding.position)
    return f"{finding.problem}\t{place}\t{finding.id or '-'}"
