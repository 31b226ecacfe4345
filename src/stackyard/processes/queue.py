"""`stackyard queue dead-letters`: what died, for an operator to see and to play again.

Needs the database only, whoever carries the queues: see `adapters.queue.dead_letters`.
"""

import argparse
import asyncio
import getpass
import json
import sys
from collections.abc import Sequence
from typing import Final

import structlog

from stackyard.adapters.postgres import Database
from stackyard.adapters.queue import DeadLetter, DeadLetters
from stackyard.kernel.errors import NotFoundError
from stackyard.kernel.queue import DEAD, Queue
from stackyard.logs import configure_logs
from stackyard.settings import MigrateSettings, load_or_exit

log = structlog.get_logger()

ORIGINS: Final = [queue.value for queue in Queue if queue not in DEAD]


def main(arguments: Sequence[str]) -> None:
    configure_logs("queue", stream=sys.stderr)  # stdout is for what was asked for
    given = _parser().parse_args(arguments)
    settings = load_or_exit(MigrateSettings)
    sys.exit(asyncio.run(run(settings, given)))


async def run(settings: MigrateSettings, given: argparse.Namespace) -> int:
    """Do what was asked; return the exit status."""
    database = Database.connect(settings.database_url, pool_size=1)
    try:
        match given.action:
            case "list":
                await _list(database, given)
            case "show":
                await _show(database, given.id)
            case _:
                await _replay(database, given)
    except NotFoundError as error:
        log.error("dead_letter.unknown", facts=error.facts)  # noqa: TRY400 - foreseen
        return 1
    finally:
        await database.close()
    return 0


async def _list(database: Database, given: argparse.Namespace) -> None:
    async with database.transaction() as session:
        letters = await DeadLetters(session).list(
            origin=_origin(given), limit=given.limit
        )
    _say(("id", "queue", "died", "group", "about", "reason"))
    for letter in letters:
        _say(_row(letter))


async def _show(database: Database, letter_id: int) -> None:
    async with database.transaction() as session:
        letter = await DeadLetters(session).get(letter_id)
    shown = {
        "id": letter.id,
        "queue": letter.origin,
        "died": _when(letter),
        "group": letter.group,
        "reason": letter.reason,
        "body": letter.body,
    }
    sys.stdout.write(json.dumps(shown, indent=2) + "\n")


async def _replay(database: Database, given: argparse.Namespace) -> None:
    """Replay each in a transaction of its own; the oldest first, as they were sent."""
    ids: list[int] = given.ids
    if given.all:
        async with database.transaction() as session:
            found = await DeadLetters(session).list(
                origin=_origin(given), limit=given.limit
            )
        ids = [letter.id for letter in found if letter.origin is not None]
    for letter_id in sorted(ids):
        async with database.transaction() as session:
            letter = await DeadLetters(session).get(letter_id)
            new_id, queue = await DeadLetters(session).replay(letter_id)
        log.info(
            "dead_letter.replayed",
            message=letter_id,
            queue=queue,
            sent_as=new_id,
            group=letter.group,
            reaction=letter.about,
            reason=letter.reason,
            by=getpass.getuser(),
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="stackyard queue")
    subject = parser.add_subparsers(dest="subject", required=True)
    letters = subject.add_parser("dead-letters", help="what nobody could handle")
    actions = letters.add_subparsers(dest="action", required=True)
    listing = actions.add_parser("list", help="one line each, the newest first")
    _choosing(listing)
    showing = actions.add_parser("show", help="one, with its body, as JSON")
    showing.add_argument("id", type=int)
    replaying = actions.add_parser(
        "replay", help="send again, as if for the first time"
    )
    which = replaying.add_mutually_exclusive_group(required=True)
    which.add_argument("ids", type=int, nargs="*", default=[], metavar="id")
    which.add_argument("--all", action="store_true", help="all that --queue names")
    _choosing(replaying)
    return parser


def _choosing(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--queue", choices=ORIGINS, help="only those that were in it")
    parser.add_argument("--limit", type=int, default=100)


def _origin(given: argparse.Namespace) -> Queue | None:
    return Queue(given.queue) if given.queue else None


def _row(letter: DeadLetter) -> tuple[str, ...]:
    return (
        str(letter.id),
        letter.origin or "?",
        _when(letter),
        letter.group or "-",
        letter.about,
        letter.reason or "?",
    )


def _when(letter: DeadLetter) -> str:
    return letter.died_at.isoformat(timespec="seconds") if letter.died_at else "?"


def _say(cells: Sequence[str]) -> None:
    """One line, with tabs: for eyes and for `cut`."""
    sys.stdout.write("\t".join(" ".join(cell.split()) for cell in cells) + "\n")
