import json
import os
import subprocess
import sys

PROGRAM = """
import asyncio, logging, threading, warnings
import structlog
from stackyard.logs import configure_logs

configure_logs("drain")
structlog.get_logger("ours").info("thing.happened", count=3, what=object)
logging.getLogger("library").warning("said %s\\nin two lines", "this")
logging.getLogger("uvicorn.error").error("served badly")
logging.getLogger("uvicorn.access").info("GET /?token=canary")
logging.getLogger("httpx").info("GET https://store/?signature=canary")
warnings.warn("odd")
def fail():
    password = "canary"
    raise ValueError("broken")
try:
    fail()
except ValueError:
    structlog.get_logger("ours").exception("thing.failed")
thread = threading.Thread(target=fail)
thread.start()
thread.join()
fail()
"""


def test_every_line_is_one_object_whoever_wrote_it() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": "src"},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )

    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    assert ended.stderr == ""
    assert "canary" not in ended.stdout
    assert [
        line["event"].split("\n")[0] for line in lines if "odd" not in str(line)
    ] == [
        "thing.happened",
        "said this",
        "served badly",
        "thing.failed",
        "process.failed",
        "process.failed",
    ]
    assert all(line["process"] == "drain" and line["timestamp"] for line in lines)
    assert any("odd" in line["event"] for line in lines)
    failed = [line for line in lines if "exception" in line]
    assert len(failed) == 3
    assert all(one["exception"][0]["exc_value"] == "broken" for one in failed)
