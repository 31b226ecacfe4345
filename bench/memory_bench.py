"""What `stackyard up` holds in memory when nothing happens, part by part.

Proportional set size: what is shared between processes is counted once. That goes for
processes outside the platform, too: while another store runs on the machine, this one
is charged for a half of their program's pages. So the total is told as well as it would
be without any other.
"""

import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.support.ports import free_port

from bench.figures import write

SETTLE_SECONDS = 90  # database sessions that the start opened are ended after 60


def main() -> None:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        command = [sys.executable, "-m", "stackyard", "up", "--data", f"{folder}/data"]
        with (Path(folder) / "up.log").open("wb") as log:
            process = subprocess.Popen(
                [*command, "--port", str(free_port())],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            wait_until_ready(Path(folder) / "up.log")
            time.sleep(SETTLE_SECONDS)
            store_alone = 0.0
            parts = {name(pid): 0.0 for pid in tree(process.pid)}
            for pid in tree(process.pid):
                parts[name(pid)] = round(parts[name(pid)] + megabytes(pid), 1)
                if name(pid) == "store":
                    store_alone = round(megabytes(pid, "Rss"), 1)
        finally:
            process.terminate()
            process.wait(60)
    floor = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(9)"])
    time.sleep(1)
    bare = megabytes(floor.pid)
    floor.kill()
    floor.wait(5)
    write(
        "memory",
        {
            "unit": "MB (PSS)",
            "total": round(sum(parts.values()), 1),
            "total_without_other_stores": round(
                sum(parts.values()) - parts["store"] + store_alone, 1
            ),
            "parts": dict(sorted(parts.items())),
            "store_without_others": store_alone,
            "floor_bare_python": round(bare, 1),
        },
    )


def wait_until_ready(log: Path, seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while "ready" not in log.read_text(errors="replace").lower():
        if time.monotonic() > deadline:
            raise TimeoutError(log.read_text(errors="replace")[-2000:])
        time.sleep(0.2)


def tree(root: int) -> list[int]:
    """Return *root* and everything below it."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                status = (entry / "stat").read_text()
            except OSError:
                continue
            parents[int(entry.name)] = int(status.rpartition(")")[2].split()[1])
    found = {root}
    while True:
        more = {pid for pid, parent in parents.items() if parent in found} - found
        if not more:
            return sorted(found)
        found |= more


def name(pid: int) -> str:
    words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
    if Path(words[0]).name == "weed":
        return "store"  # its subcommand is called server, too
    for word in words:
        if word in {"server", "drain", "worker", "up"}:
            return word
    return Path(words[0]).name.split(":")[0] or "?"


def megabytes(pid: int, kind: str = "Pss") -> float:
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    kilobytes = re.search(rf"^{kind}:\s+([0-9]+) kB", rollup, re.MULTILINE)
    return int(kilobytes[1]) / 1024 if kilobytes else 0.0


if __name__ == "__main__":
    main()
