"""ElasticMQ, which speaks SQS: a real server on this machine, with queues of ours.

Stricter than moto: it keeps the order of a group over time-outs, hides a group behind
its message in flight, and refuses what is larger than 256 KiB. Where it is laxer than
SQS: a receipt whose time is up still works.
"""

import asyncio
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Final

from aiobotocore.config import AioConfig
from aiobotocore.session import get_session

from stackyard.kernel.queue import DEAD, MAX_RECEIVES, Queue
from tests.support.ports import free_port

HOME: Final = Path(__file__).parents[1] / "emulators" / "elasticmq"
REGION: Final = "elasticmq"
# It looks at no signature, but there must be one.
CREDENTIALS: Final = {
    "AWS_ACCESS_KEY_ID": "tests",
    "AWS_SECRET_ACCESS_KEY": "tests",
    "AWS_REGION": REGION,
}
# It lives for minutes: compiling well would cost more than it saves.
_LEAN: Final = ("-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
_CONFIG: Final = """
include classpath("application.conf")
node-address {{ host = "127.0.0.1", port = {port} }}
rest-sqs {{ bind-hostname = "127.0.0.1", bind-port = {port}, sqs-limits = strict }}
rest-stats {{ enabled = false }}
"""


@dataclass
class ElasticMq:
    folder: Path
    port: int = field(default_factory=free_port)
    _process: subprocess.Popen[bytes] | None = None
    _session: Any = field(default_factory=get_session)
    _numbers: Iterator[int] = field(default_factory=count)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, seconds: float = 60) -> None:
        """Start it, with no queues: it keeps everything in memory."""
        if not (HOME / "lib").is_dir():
            raise AssertionError("ElasticMQ is not there: make emulators")
        config = self.folder / "elasticmq.conf"
        config.write_text(_CONFIG.format(port=self.port))
        with (self.folder / "elasticmq.log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *("java", *_LEAN, f"-Dconfig.file={config}"),
                    *("-cp", f"{HOME / 'lib'}/*", "org.elasticmq.server.Main"),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + seconds
        while not self._answers():
            assert self._process.poll() is None, "ElasticMQ ended"
            assert time.monotonic() < deadline, "ElasticMQ does not answer"
            time.sleep(0.1)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)

    async def make_queues(self) -> dict[Queue, str]:
        """Make the eight, as an operator does; return their URLs."""
        number = next(self._numbers)
        async with self.client() as client:
            urls: dict[Queue, str] = {}
            for queue in sorted(Queue, key=lambda queue: queue not in DEAD):
                attributes = {"VisibilityTimeout": "300"}
                if queue.fifo:
                    attributes["FifoQueue"] = "true"
                if queue not in DEAD:
                    target = _name(queue.dead_letters, number)
                    attributes["RedrivePolicy"] = (
                        '{"deadLetterTargetArn": "arn:aws:sqs:elasticmq:000000000000:'
                        f'{target}", "maxReceiveCount": {MAX_RECEIVES}}}'
                    )
                made = await client.create_queue(
                    QueueName=_name(queue, number), Attributes=attributes
                )
                urls[queue] = made["QueueUrl"]
        return urls

    def client(self) -> Any:
        """Return a client of its own, for a test that does what others do to SQS."""
        return self._session.create_client(
            "sqs",
            region_name=REGION,
            endpoint_url=self.origin,
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            config=AioConfig(connect_timeout=3, read_timeout=30),
        )

    def _answers(self) -> bool:
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


def settings_of(urls: Mapping[Queue, str]) -> dict[str, str]:
    """Return what tells a process to use SQS."""
    named = {queue.setting: url for queue, url in urls.items()}
    return {"MESSAGE_QUEUE_TYPE": "sqs"} | CREDENTIALS | named


@contextmanager
def running_elasticmq() -> Iterator[ElasticMq]:
    with tempfile.TemporaryDirectory(prefix="stackyard-elasticmq-") as folder:
        server = ElasticMq(Path(folder))
        try:
            server.start()
            yield server
        finally:
            server.stop()


async def depth_of(server: ElasticMq, url: str) -> int:
    """Return how many messages are in a queue, hidden or not."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    async with asyncio.timeout(10), server.client() as client:
        found = await client.get_queue_attributes(QueueUrl=url, AttributeNames=names)
    return sum(int(value) for value in found["Attributes"].values())


def _name(queue: Queue, number: int) -> str:
    return f"{queue.removesuffix('-fifo')}-{number}{'.fifo' * queue.fifo}"
