"""Start as a program: settings or exit code 2, JSON log lines on standard output."""

import asyncio
import os
import sys
from collections.abc import Callable

import structlog

from stackyard_worker.compose import run_launcher
from stackyard_worker.held_leg import CarryOut, H
from stackyard_worker.journal import FolderInUseError, Journal
from stackyard_worker.settings import Settings, SettingsError, load_settings

BAD_SETTINGS = 2


def start(carry_out: CarryOut[H], host_of: Callable[[Settings], H]) -> int:
    """Run a launcher; return the exit code."""
    _log_as_json()
    try:
        settings = load_settings(os.environ)
    except SettingsError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)  # noqa: T201 - for the person who starts us
        return BAD_SETTINGS
    try:
        journal = Journal.open(settings.folder)
    except FolderInUseError:
        return _bad_folder(settings, "is in use by another launcher")
    except OSError as error:
        return _bad_folder(settings, f"cannot be used: {error.strerror}")
    try:
        asyncio.run(run_launcher(settings, journal, carry_out, host_of(settings)))
    finally:
        journal.close()
    return 0


def _bad_folder(settings: Settings, problem: str) -> int:
    print(  # noqa: T201 - for the person who starts us
        f"STACKYARD_WORKER_FOLDER {settings.folder} {problem}", file=sys.stderr
    )
    return BAD_SETTINGS


def _log_as_json() -> None:
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", key="ts"),
            structlog.processors.ExceptionRenderer(
                structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
            ),
            structlog.processors.EventRenamer("event"),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
    )
