"""What this launcher still owes the control plane, on disk.

A folder per leg. Its `journal` part holds whom to tell, every report before it is
said, every answer, and the log; the phases have the rest of the folder. A launcher
that is started on the same folder delivers what its former life could not.
"""

import asyncio
import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self, TypeVar

import msgspec
import structlog

from stackyard_protocol.job import Job
from stackyard_protocol.report import Answer, Archived, Body, Ended, Lost, Report
from stackyard_worker.phase_log import PhaseLog
from stackyard_worker.processes import boot, kill_leftovers

log = structlog.get_logger()

ERRORED_STATE: Final = "errored.tfstate"
_LEG: Final = "leg.json"
_FINAL: Final = (Ended, Archived, Lost)

T = TypeVar("T")


def is_final(body: Body) -> bool:
    """Whether nothing follows this report: the leg is over."""
    return isinstance(body, _FINAL)


class FolderInUseError(Exception):
    """Another launcher works in this folder."""


class LegRecord(msgspec.Struct, frozen=True):
    """Whom to tell about a leg. Holds a secret: its file is for us alone."""

    run: str
    leg: str
    stack: str
    api: str
    token: str
    state_version: int
    boot: str  # of the machine: what ran before it was restarted does not run now

    def __repr__(self) -> str:
        return f"LegRecord(run={self.run!r}, leg={self.leg!r})"


class Answered(msgspec.Struct, frozen=True):
    """`answer` is None for a report that the control plane refused to take."""

    sequence: int
    answer: Answer | None


@dataclass
class LegJournal:
    """One leg's part. One owner at a time; reports are appended in sequence."""

    folder: Path
    record: LegRecord
    reports: list[Report] = field(default_factory=list)
    logs: list[PhaseLog] = field(default_factory=list)
    answered: int = 0  # how many reports, from the first

    @classmethod
    def begin(cls, folder: Path, job: Job) -> Self:
        record = LegRecord(
            run=job.run,
            leg=job.leg,
            stack=job.stack,
            api=job.api,
            token=job.leg_token,
            state_version=job.state_version,
            boot=boot(),
        )
        own = folder / "journal"
        (own / "logs").mkdir(parents=True, mode=0o700)
        own.chmod(0o700)
        _write_durably(own / _LEG, msgspec.json.encode(record))
        for place in (own, folder, folder.parent):
            _sync_folder(place)
        return cls(folder, record)

    @classmethod
    def reopen(cls, folder: Path) -> Self:
        """Read what a former life left. Raises `OSError`, `msgspec.DecodeError`."""
        own = folder / "journal"
        record = msgspec.json.decode((own / _LEG).read_bytes(), type=LegRecord)
        found = cls(folder, record)
        found.reports = list(_lines(own / "reports", Report))
        for answer in _lines(own / "answers", Answered):
            found.answered = answer.sequence + 1
        logs = [PhaseLog.reopen(path) for path in (own / "logs").glob("*.log")]
        found.logs = sorted(logs, key=lambda one: one.version)
        return found

    def add_report(self, body: Body, *, printed: int | None = None) -> Report:
        """Write the report down. It is not safe before `sync`."""
        last = self.reports[-1].sequence if self.reports else -1
        sequence = max(last + 1, self.answered)
        report = Report(sequence=sequence, body=body, printed=printed)
        self.reports.append(report)
        self._append("reports", msgspec.json.encode(report))
        return report

    async def sync(self) -> None:
        """Wait until reports and log would outlive the machine's power."""
        await asyncio.to_thread(self._sync)

    def add_answer(self, report: Report, answer: Answer | None) -> None:
        # Not synced: if it is lost, the report is said again and answered the same.
        said = Answered(report.sequence, answer)
        self._append("answers", msgspec.json.encode(said))
        self.answered = report.sequence + 1

    def begin_log(self, version: int) -> PhaseLog:
        """Close the log of the last state and return that of the next."""
        if self.logs:
            self.logs[-1].closed = True
        path = self.folder / "journal" / "logs" / f"{version}.log"
        phase = PhaseLog(version, path)
        self.logs.append(phase)
        return phase

    @property
    def unanswered(self) -> Report | None:
        """The report that is to be said next."""
        waiting = (one for one in self.reports if one.sequence >= self.answered)
        return next(waiting, None)

    @property
    def is_ended(self) -> bool:
        return bool(self.reports) and is_final(self.reports[-1].body)

    @property
    def errored_state(self) -> Path:
        return self.folder / ERRORED_STATE

    def kill_leftovers(self) -> None:
        if self.record.boot == boot():
            kill_leftovers(self.folder)

    async def remove(self) -> None:
        """Leave nothing. A workspace may be large, so this is not done on the loop."""
        for phase in self.logs:
            phase.release()
        await asyncio.to_thread(remove_folder, self.folder)

    def _sync(self) -> None:
        for phase in self.logs[-1:]:
            phase.sync()
        reports = self.folder / "journal" / "reports"
        # `_append` has told of a full disk
        with contextlib.suppress(OSError), reports.open("ab") as file:
            os.fsync(file.fileno())
            _sync_folder(reports.parent)

    def _append(self, name: str, line: bytes) -> None:
        """A full disk costs the net below the run, never the run."""
        try:
            _append(self.folder / "journal" / name, line)
        except OSError as error:
            log.error(  # noqa: TRY400 - the number says it all
                "journal.unwritable", leg=self.record.leg, errno=error.errno
            )


@dataclass(frozen=True, slots=True)
class Journal:
    """The launcher's folder. Held by one launcher at a time."""

    folder: Path
    _lock: int

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Raises `FolderInUseError`, `OSError`."""
        (folder / "legs").mkdir(parents=True, exist_ok=True)
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            raise FolderInUseError from None
        return cls(folder, lock)

    def close(self) -> None:
        os.close(self._lock)

    async def begin(self, job: Job) -> LegJournal:
        """Raises `OSError`: no room, or a leg that this folder knows."""
        return await asyncio.to_thread(self._begin, job)

    def _begin(self, job: Job) -> LegJournal:
        folder = self.folder_of(job.leg)
        folder.mkdir()
        folder.chmod(0o711)  # the sandbox's user passes through, and lists nothing
        return LegJournal.begin(folder, job)

    def folder_of(self, leg: str) -> Path:
        return self.folder / "legs" / leg

    def former(self) -> list[Path]:
        """Return the folders of legs that a former life left."""
        return sorted((self.folder / "legs").iterdir())

    def keep_state(self, leg: LegJournal) -> Path:
        """Put an undeliverable state where nobody tidies up: it may be the only one."""
        kept = self.folder / "errored-states" / f"{leg.record.leg}.tfstate"
        kept.parent.mkdir(exist_ok=True, mode=0o700)
        return leg.errored_state.rename(kept)


def remove_folder(folder: Path) -> None:
    """Remove all of it, read-only folders too (package caches like to make them)."""
    if not folder.is_dir():
        folder.unlink(missing_ok=True)
        return
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        for place, _, _ in os.walk(folder):
            with contextlib.suppress(OSError):
                Path(place).chmod(0o700)
        shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        log.error("folder.not_removed", folder=str(folder))


def _append(path: Path, line: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    size = os.fstat(descriptor).st_size
    try:
        view = memoryview(line + b"\n")
        while view:
            view = view[os.write(descriptor, view) :]
    except OSError:
        os.ftruncate(descriptor, size)  # half a line would spoil the next
        raise
    finally:
        os.close(descriptor)


def _write_durably(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    """Make the names in it durable, too."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _lines(path: Path, kind: type[T]) -> Iterator[T]:
    """Yield what was written whole, and cut off what was not."""
    if not path.exists():
        return
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        os.truncate(path, whole)
    for line in content[:whole].splitlines():
        yield msgspec.json.decode(line, type=kind)
