"""Starts the evaluator, for one text at a time, and bounds what it may take."""

import asyncio
import json
import os
import re
import sys
from asyncio.subprocess import DEVNULL, PIPE
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from stackyard.blueprints import (
    Answer,
    EvaluationTooLargeError,
    EvaluatorBusyError,
    Failed,
    Question,
    Value,
)

SECONDS: Final = 10.0  # of waiting: of work it has 2
AT_ONCE: Final = 2
_PREFIX: Final = re.compile(r"^(?:[A-Z_]+: )?(?:ERROR: <input>:-?\d+:-?\d+: )?")
_PROGRAM: Final = Path(__file__).with_name("evaluator.py")


class CelExpressions:
    """An `Expressions` of `stackyard.blueprints`."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(AT_ONCE)

    async def evaluate(self, question: Question) -> list[Answer]:
        asked = json.dumps(
            {
                "expressions": list(question.expressions),
                "compiled_only": question.compiled_only,
                "values": dict(question.values),
                "times": {name: at.isoformat() for name, at in question.times.items()},
            }
        )
        try:
            async with asyncio.timeout(SECONDS), self._free:
                written = await _run(asked.encode())
        except TimeoutError:
            raise EvaluatorBusyError from None
        return [_answer(one) for one in json.loads(written)]


async def _run(asked: bytes) -> bytes:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        _PROGRAM,
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
        env={"LC_ALL": "C.UTF-8"},
        start_new_session=True,
    )
    try:
        written, _ = await process.communicate(asked)
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode != os.EX_OK:
        raise EvaluationTooLargeError
    return written


def _answer(one: dict[str, Any]) -> Answer:
    if "error" in one:
        return Failed(_words(one["error"]))
    return Value(one["value"])


def _words(error: str) -> str:
    """Return the first of the evaluator's complaints, without its own places."""
    first = error.splitlines()[0] if error else "it cannot be evaluated"
    return _PREFIX.sub("", first).removesuffix(" [INVALID_ARGUMENT]")
