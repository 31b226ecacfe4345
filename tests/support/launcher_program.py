"""A launcher as a program of its own, so that a test can kill it.

Its phases print numbered lines until a file `go-on` is in the leg's folder, and leave
a process running that only a launcher that starts again can end.
"""

import asyncio
import subprocess
import sys
from pathlib import Path

from stackyard_protocol.job import Job
from stackyard_protocol.report import Ended, Entered
from stackyard_worker.conversation import Conversation
from stackyard_worker.processes import PID_FILE, started_at
from stackyard_worker.start import start


async def count(job: Job, talk: Conversation, folder: Path, host: None) -> None:
    await talk.report(Entered("PLANNING"))
    child = subprocess.Popen(["sleep", "600"], start_new_session=True)
    (folder / PID_FILE).write_text(f"{child.pid} {started_at(child.pid)}\n")
    number = 0
    while not (folder / "go-on").exists():
        talk.write(f"line {number}\n".encode())
        (folder / "written").write_text(str(number + 1))
        number += 1
        await asyncio.sleep(0.01)
    child.kill()
    child.wait()
    if (folder / "errored").exists():
        (folder / "errored").rename(folder / "errored.tfstate")
    await talk.report(Ended("FINISHED"))


if __name__ == "__main__":
    sys.exit(start(count, lambda _: None))
