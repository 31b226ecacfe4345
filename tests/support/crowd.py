"""Consumer processes of which one is killed now and then, and replaced."""

import os
import random
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from stackyard.kernel.queue import Queue
from tests.support.elasticmq import CREDENTIALS

ROOT = Path(__file__).parents[2]


class Crowd:
    def __init__(
        self, url: str, queues: list[Queue], in_sqs: Mapping[Queue, str]
    ) -> None:
        self.url, self.in_sqs = url, in_sqs
        self.members = [(queue, self._start(queue)) for queue in queues]

    def kill_one(self, queue: Queue, dice: random.Random) -> None:
        of_queue = [n for n, (its, _) in enumerate(self.members) if its is queue]
        index = dice.choice(of_queue)
        _, process = self.members[index]
        process.kill()
        process.wait(10)
        self.members[index] = (queue, self._start(queue))

    def leave(self) -> None:
        for _, process in self.members:
            process.kill()
            process.wait(10)

    def _start(self, queue: Queue) -> subprocess.Popen[bytes]:
        where = [self.in_sqs[queue]] if self.in_sqs else []
        program = [sys.executable, "-m", "tests.support.consumer"]
        return subprocess.Popen(
            [*program, self.url, queue, "10", *where],
            cwd=ROOT,
            env=os.environ | CREDENTIALS | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )


@contextmanager
def crowd(url: str, in_sqs: Mapping[Queue, str]) -> Iterator[Crowd]:
    consumers = Crowd(url, [Queue.ASYNC, Queue.ASYNC_FIFO] * 4, in_sqs)
    try:
        yield consumers
    finally:
        consumers.leave()
